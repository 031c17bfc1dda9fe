"""How the control API says no: a message that says what is wrong and what would be right."""

from fastapi import Request
from fastapi.responses import JSONResponse, Response

UNPROCESSABLE = 422


def problem(message: str, status: int = UNPROCESSABLE) -> Response:
    """Return the answer that says so."""
    return JSONResponse({"message": message}, status)


def unknown_world(request: Request, world: str) -> Response:
    """Return the answer to a world's name that is none, with those that are."""
    return problem(f"unknown world {world!r}; known: {', '.join(request.app.state.realms)}")


async def on_bad_body(_: Request, error: Exception) -> Response:
    """Say what is wrong with a body."""
    return problem(str(error))
