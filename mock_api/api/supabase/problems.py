"""Supabase Auth's errors, raised where they arise and answered here, and what an unknown route says."""

from typing import Any

from fastapi import Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException

from race401.mock_api.http.body import TooLarge
from race401.mock_api.http.problem import ASKS
from race401.mock_api.http.problem import problem as on_the_wire

NOT_FOUND, NOT_ALLOWED, TOO_LARGE, UNAVAILABLE = 404, 405, 413, 503
LOST = "The shared store of the sessions cannot be reached"


class AuthProblem(Exception):
    """An answer that is an error; `more` goes into its body."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: dict[str, str] | None = None,
        plain: str = "",
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.plain = plain  # the code, said in RFC 6749's words
        self.status, self.code, self.message, self.headers, self.more = status, code, message, headers or {}, more


async def on_problem(request: Request, problem: Exception) -> Response:
    """Answer in the error format that the request's API version selects."""
    assert isinstance(problem, AuthProblem)
    if problem.plain:
        told = {"error": problem.plain, "error_description": problem.message}
        return JSONResponse(told, problem.status, problem.headers)
    asked = request.headers.get(ASKS, "")
    headers, body = on_the_wire(problem.status, problem.code, problem.message, asked)
    return JSONResponse({**body, **problem.more}, problem.status, {**headers, **problem.headers})


async def on_lost(request: Request, lost: Exception) -> Response:
    """Answer that the shared store is lost; what was asked may have happened all the same."""
    entry = request.scope.get("race401.entry")
    if entry is not None:
        entry.cause = "store_lost"
    if request.url.path.startswith("/oauth/"):
        return JSONResponse({"error": "temporarily_unavailable", "error_description": f"{LOST}: {lost}"}, UNAVAILABLE)
    return await on_problem(request, AuthProblem(UNAVAILABLE, "unexpected_failure", f"{LOST}: {lost}"))


async def on_taken(request: Request, _: Exception) -> Response:
    """Answer that somebody else was faster with this address."""
    return await on_problem(request, taken())


def taken() -> AuthProblem:
    """Return what is said of an address that somebody has."""
    return AuthProblem(422, "email_exists", "A user with this email address has already been registered")


async def on_too_large(request: Request, problem: Exception) -> Response:
    """Refuse a body that is too large, in the words of whoever is asked."""
    assert isinstance(problem, TooLarge)
    if request.url.path.startswith("/auth/"):
        return await on_problem(request, AuthProblem(TOO_LARGE, "request_entity_too_large", "Request body too large"))
    if request.url.path.startswith("/oauth/"):
        return JSONResponse({"error": "invalid_request", "error_description": problem.detail}, TOO_LARGE)
    return JSONResponse({"message": problem.detail}, TOO_LARGE)


async def on_unknown(request: Request, problem: Exception) -> Response:
    """Answer an unknown route of the auth server as Go's router does, and others as FastAPI does."""
    assert isinstance(problem, HTTPException)
    if request.url.path.startswith("/auth/") and problem.status_code == NOT_FOUND:
        return PlainTextResponse("404 page not found\n", NOT_FOUND, {"X-Content-Type-Options": "nosniff"})
    if request.url.path.startswith("/auth/") and problem.status_code == NOT_ALLOWED:
        return Response(status_code=NOT_ALLOWED, headers=problem.headers)
    return await http_exception_handler(request, problem)
