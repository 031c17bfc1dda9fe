"""Supabase Auth's routes, answers and errors, as far as a session needs them."""

import json
import re
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from race401.mock_api import refresh_tokens
from race401.mock_api.accounts import User
from race401.mock_api.issuer import GRANTED, Family, Link, Outcome
from race401.mock_api.jwt import Verified
from race401.mock_api.realm import Realm

router = APIRouter(prefix="/auth/v1", tags=["auth"])

BEARER = re.compile(r"(?i)^bearer (\S+)$")
VERSION = "2024-01-01"
VERSION_FORM = re.compile(r"^\d{4}-\d\d-\d\d$")
SCOPES = ("global", "local", "others")
SHORTEST_PASSWORD, LONGEST_PASSWORD = 6, 72
JWT = "invalid JWT: unable to parse or verify signature, "
BAD_JWT = {
    "expired": JWT + "token has invalid claims: token is expired",
    "not_yet_valid": JWT + "token has invalid claims: token is not valid yet",
    "bad_signature": JWT + "token signature is invalid: signature is invalid",
    "malformed": JWT + "token is malformed: token contains an invalid number of segments",
    "wrong_audience": "Token audience doesn't match request audience",
}
INVALID = "Invalid Refresh Token: "
REFUSALS = {
    Outcome.REUSED: (400, "refresh_token_already_used", INVALID + "Already Used"),
    Outcome.REVOKED: (400, "refresh_token_already_used", INVALID + "Already Used"),
    Outcome.NOT_FOUND: (400, "refresh_token_not_found", INVALID + "Refresh Token Not Found"),
    Outcome.NOT_ISSUED: (400, "validation_failed", INVALID + "Not Issued By This Server"),
    Outcome.TIMED_OUT: (400, "session_expired", INVALID + "Session Expired"),
    Outcome.INACTIVE: (400, "session_expired", INVALID + "Session Expired (Inactivity)"),
    Outcome.SUPERSEDED: (400, "session_expired", INVALID + "Session Expired (Revoked by Newer Login)"),
    Outcome.BANNED: (400, "user_banned", INVALID + "User Banned"),
    Outcome.CONFLICT: (
        409,
        "conflict",
        "Too many concurrent token refresh requests on the same session or refresh token",
    ),
}


class AuthProblem(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.more = status, code, message, more


async def on_problem(request: Request, problem: Exception) -> Response:
    """Answer in the error format that the request's API version selects."""
    assert isinstance(problem, AuthProblem)
    headers = {"x-sb-error-code": problem.code}
    asked = request.headers.get("x-supabase-api-version", "")
    body: dict[str, Any]
    if VERSION_FORM.match(asked) and asked >= VERSION:
        headers["x-supabase-api-version"] = VERSION
        body = {"code": problem.code, "message": problem.message}
    else:
        body = {"code": problem.status, "error_code": problem.code, "msg": problem.message}
    return JSONResponse({**body, **problem.more}, problem.status, headers)


@router.get("/health", summary="The server's name")
async def health() -> dict[str, str]:
    """As GoTrue answers it."""
    about = "GoTrue is a user registration and authentication API"
    return {"version": "v2.196.0", "name": "GoTrue", "description": about}


@router.get("/.well-known/jwks.json", summary="The public keys")
async def jwks() -> Response:
    """An empty set: tokens are signed with HS256, whose key is not public."""
    return JSONResponse({"keys": []}, headers={"Cache-Control": "public, max-age=600"})


@router.post("/signup", summary="Make an account and sign in")
async def signup(request: Request) -> Response:
    """Body: `{"email", "password", "data"?}`. Accounts are confirmed at once."""
    realm, body = _realm(request), await _body(request)
    email, password = str(body.get("email") or ""), str(body.get("password") or "")
    if not email:
        raise AuthProblem(422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled")
    if not password:
        raise AuthProblem(400, "validation_failed", "Signup requires a valid password")
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
        raise AuthProblem(400, "validation_failed", "Unable to validate email address: invalid format")
    if len(password.encode()) > LONGEST_PASSWORD:
        raise AuthProblem(400, "validation_failed", "Password cannot be longer than 72 characters")
    if len(password) < SHORTEST_PASSWORD:
        message = f"Password should be at least {SHORTEST_PASSWORD} characters."
        raise AuthProblem(422, "weak_password", message, weak_password={"reasons": ["length"]})
    if email.lower() in realm.by_email:
        raise AuthProblem(422, "user_already_exists", "User already registered")
    data = body.get("data")
    user = realm.sign_up(email.lower(), password, data if isinstance(data, dict) else {})
    return await signed_in(request, realm, user)


@router.post("/token", summary="The password and the refresh grant")
async def token(request: Request, grant_type: str = "") -> Response:
    """`grant_type=password`: `{"email", "password"}`. `grant_type=refresh_token`: `{"refresh_token"}`."""
    realm = _realm(request)
    if grant_type == "password":
        return await _password(request, realm, await _body(request))
    if grant_type == "refresh_token":
        return await _refresh(request, realm, await _body(request))
    raise AuthProblem(400, "invalid_credentials", "unsupported_grant_type")


async def _password(request: Request, realm: Realm, body: dict[str, Any]) -> Response:
    email = str(body.get("email") or "").lower()
    if not email and not body.get("phone"):
        raise AuthProblem(400, "validation_failed", "missing email or phone")
    user = realm.account(email, str(body.get("password") or ""))
    if user is None:
        raise AuthProblem(400, "invalid_credentials", "Invalid login credentials")
    return await signed_in(request, realm, user)


async def _refresh(request: Request, realm: Realm, body: dict[str, Any]) -> Response:
    presented = body.get("refresh_token")
    if not refresh_tokens.well_formed(presented):
        raise AuthProblem(400, "validation_failed", "Refresh token is not valid")
    entry, ledger = request.scope["race401.entry"], request.scope["race401.ledger"]
    done = await realm.exchange(presented, entry, ledger.decide)
    if done.answer.outcome not in GRANTED:
        raise AuthProblem(*REFUSALS[done.answer.outcome])
    assert done.family is not None
    assert done.answer.link is not None
    account = realm.users[done.family.user]
    return _issued(realm, account, done.family, done.answer.link, done.access, done.expires_at)


@router.post("/logout", summary="End sessions", status_code=204)
async def logout(request: Request, scope: str = "global") -> Response:
    """`scope`: `global` (all of the user's), `local` (this one) or `others`."""
    realm, family, _ = _authenticated(request)
    if scope not in SCOPES:
        raise AuthProblem(400, "validation_failed", f'Unsupported logout scope "{scope}"')
    await realm.sign_out(family, scope)
    return Response(status_code=204)


@router.get("/user", summary="The account of the token")
async def user(request: Request) -> dict[str, Any]:
    """Unlike the app's API, this asks whether the session lives; an expired token is a 403 here."""
    realm, _, account = _authenticated(request)
    return user_object(realm, account)


def _authenticated(request: Request) -> tuple[Realm, Family, User]:
    """Return whose token this is, by GoTrue's own rules: leeway 0, and the session must live."""
    realm, entry = _realm(request), request.scope["race401.entry"]
    bearer = BEARER.match(request.headers.get("authorization", ""))
    if bearer is None:
        entry.cause = "missing_token"
        raise AuthProblem(401, "no_authorization", "This endpoint requires a valid Bearer token")
    verified = realm.verify(bearer[1], entry, leeway=0.0)
    if not isinstance(verified, Verified):
        entry.cause = verified
        status = 400 if verified == "wrong_audience" else 403
        raise AuthProblem(status, "validation_failed" if status == 400 else "bad_jwt", BAD_JWT[verified])  # noqa: PLR2004
    account = realm.users.get(str(verified.claims.get("sub")))
    if account is None:
        raise AuthProblem(403, "user_not_found", "User from sub claim in JWT does not exist")
    family = realm.store.get(verified.family)
    if family is None:
        entry.cause = "session_revoked"
        raise AuthProblem(403, "session_not_found", "Session from session_id claim in JWT does not exist")
    return realm, family, account


async def signed_in(request: Request, realm: Realm, account: User, remaining: float | None = None) -> Response:
    """Begin a session and answer with its first pair."""
    family, access = await realm.sign_in(account, remaining)
    entry = request.scope.get("race401.entry")
    if entry is not None:
        entry.family, entry.generation = family.id, 0
    link = family.links[0]
    return _issued(realm, account, family, link, access, link.issued_at + int(realm.world.lifetime))


def _issued(realm: Realm, account: User, family: Family, link: Link, access: str, expires_at: int) -> Response:
    body = {
        "access_token": access,
        "token_type": "bearer",
        "expires_in": expires_at - int(realm.clock()),
        "expires_at": expires_at,
        "refresh_token": link.token,
        "user": user_object(realm, account),
    }
    if link.token == link.parent:
        del body["refresh_token"]  # it was kept, and RFC 6749 s.6 has none sent then
    return JSONResponse(body, headers={"sb-auth-user-id": account.id, "sb-auth-session-id": family.id})


def user_object(realm: Realm, account: User) -> dict[str, Any]:
    """Return GoTrue's user."""
    created = iso(account.created_at)
    identity = {
        "identity_id": account.id,
        "id": account.id,
        "user_id": account.id,
        "identity_data": account.metadata,
        "provider": "email",
        "last_sign_in_at": created,
        "created_at": created,
        "updated_at": created,
        "email": account.email,
    }
    return {
        "id": account.id,
        "aud": "authenticated",
        "role": account.role,
        "email": account.email,
        "phone": "",
        "email_confirmed_at": created,
        "confirmed_at": created,
        "last_sign_in_at": iso(realm.clock()),
        "app_metadata": account.app_metadata,
        "user_metadata": account.metadata,
        "identities": [identity],
        "created_at": created,
        "updated_at": created,
        "is_anonymous": account.anonymous,
    }


def iso(at: float) -> str:
    """Return an instant as GoTrue writes it."""
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def _realm(request: Request) -> Realm:
    realm: Realm = request.scope["race401.realm"]
    return realm


async def _body(request: Request) -> dict[str, Any]:
    """Return the JSON object, whatever the content type says, as GoTrue does."""
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError as error:
        raise AuthProblem(400, "bad_json", f"Could not parse request body as JSON: {error}") from None
    if not isinstance(body, dict):
        raise AuthProblem(400, "bad_json", "Could not parse request body as JSON: not an object")
    return body
