"""Plain OAuth 2.0 (RFC 6749, RFC 7009) over the same accounts and sessions: the dialect of most client libraries.

The grants are those of `/auth/v1/token`, translated. Clients are public: a `client_id` or a secret is not looked at.
Errors are those of GoTrue's own `/oauth/token`: 400 with `error` and `error_description`.
"""

import json
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from race401.mock_api.api.supabase import AuthProblem
from race401.mock_api.api.supabase.token import token as grant_of
from race401.mock_api.state.realm import Realm

router = APIRouter(prefix="/oauth", tags=["oauth"])

TRY_AGAIN = frozenset({409, 429})  # the grant was not judged: no `invalid_grant`, which ends sessions
NO_STORE = {"Cache-Control": "no-store"}  # RFC 6749 s.5.1
TOLD = ("access_token", "token_type", "expires_in", "refresh_token")  # RFC 6749 s.5.1: no `expires_at`


@router.post("/token", summary="The password and the refresh grant")
async def token(request: Request) -> Response:
    """Form: `grant_type=password`, `username`, `password`; or `grant_type=refresh_token`, `refresh_token`."""
    form = await _form(request)
    grant = form.get("grant_type", "")
    bodies = {
        "password": {"email": form.get("username"), "password": form.get("password")},
        "refresh_token": {"refresh_token": form.get("refresh_token")},
    }
    if not grant:
        return _refused("invalid_request", "grant_type is missing")
    if grant not in bodies:
        return _refused("unsupported_grant_type", f"{grant} is not supported")
    try:
        answer = await grant_of(_as_json(request, bodies[grant]), grant)
    except AuthProblem as problem:
        if problem.status in TRY_AGAIN:
            return _refused("temporarily_unavailable", problem.message, problem.status)
        refused = grant == "refresh_token" and request.scope["race401.entry"].grant_outcome is not None
        status = request.scope["race401.realm"].world.refusal_status if refused else 400
        return _refused("invalid_grant", problem.message, status)
    brought = json.loads(bytes(answer.body))
    told = {name: brought[name] for name in TOLD if name in brought}
    if scope := form.get("scope"):
        told["scope"] = scope  # granted as it was asked for: optional then, and some clients need it
    return JSONResponse(told, headers=NO_STORE)


@router.post("/revoke", summary="End the session of a token", status_code=200)
async def revoke(request: Request) -> Response:
    """Form: `token`, a refresh token or an access token. One that is not known is no error (RFC 7009 s.2.2)."""
    presented = (await _form(request)).get("token")
    if presented is None:
        return _refused("invalid_request", "token is missing")
    realm: Realm = request.scope["race401.realm"]
    entry = request.scope["race401.entry"]
    family = await realm.store.find(presented)
    fingerprint = request.scope["race401.ledger"].fingerprints.fingerprint(presented)
    if family is not None:
        entry.presented = fingerprint
    else:
        entry.sent = fingerprint
        await realm.prepare(presented)
        realm.verify(presented, entry, leeway=0.0)  # notes whose it is
        family = await realm.store.get(entry.family or "")
    if family is None:
        return Response(status_code=200)
    entry.family = family.id
    entry.ended, granted = await realm.revoke(family, presented)
    if granted:
        return Response(status_code=200)
    return _refused("invalid_request", "the refresh token was revoked", realm.world.refusal_status)


async def _form(request: Request) -> dict[str, str]:
    """Return the form's fields; of a field that comes twice, the first."""
    fields = parse_qs((await request.body()).decode("utf-8", "replace"))
    return {name: values[0] for name, values in fields.items()}


def _as_json(request: Request, body: dict[str, Any]) -> Request:
    """Return the same request with another body."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}

    return Request(request.scope, receive)


def _refused(error: str, description: str, status: int = 400) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status, headers=NO_STORE)
