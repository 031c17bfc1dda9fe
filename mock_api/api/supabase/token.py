"""The token endpoint: the password grant and the refresh grant."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from race401.ledger.outcomes import GRANTED, Outcome
from race401.mock_api.api.supabase import bodies, providers
from race401.mock_api.api.supabase.answers import issued, signed_in, whose
from race401.mock_api.api.supabase.callers import limited, realm_of
from race401.mock_api.api.supabase.problems import AuthProblem
from race401.mock_api.api.supabase.rules import weakness
from race401.mock_api.http import facts
from race401.mock_api.http.body import documented
from race401.mock_api.rules import refresh_tokens
from race401.mock_api.state.realm import Exchanged, Realm

router = APIRouter(prefix="/auth/v1", tags=["auth"])

INVALID = "Invalid Refresh Token: "
CONTENDED = "Too many concurrent token refresh requests on the same session or refresh token"
REFUSED = 400  # by GoTrue, for good; a world may have another status for it
REFUSALS = {
    Outcome.REUSED: (400, "refresh_token_already_used", INVALID + "Already Used"),
    Outcome.REVOKED: (400, "refresh_token_already_used", INVALID + "Already Used"),
    Outcome.NOT_FOUND: (400, "refresh_token_not_found", INVALID + "Refresh Token Not Found"),
    Outcome.NOT_ISSUED: (400, "validation_failed", INVALID + "Not Issued By This Server"),
    Outcome.TIMED_OUT: (400, "session_expired", INVALID + "Session Expired"),
    Outcome.INACTIVE: (400, "session_expired", INVALID + "Session Expired (Inactivity)"),
    Outcome.SUPERSEDED: (400, "session_expired", INVALID + "Session Expired (Revoked by Newer Login)"),
    Outcome.BANNED: (400, "user_banned", INVALID + "User Banned"),
    Outcome.CONFLICT: (409, "conflict", CONTENDED),
}


@router.post(
    "/token",
    summary="The password and the refresh grant",
    openapi_extra=documented(bodies.Password, bodies.Refresh),
)
async def token(request: Request, grant_type: str = "") -> Response:
    """`grant_type=password`: `{"email", "password"}`. `grant_type=refresh_token`: `{"refresh_token"}`."""
    if grant_type == "password":
        return await _password(request)
    if grant_type == "refresh_token":
        return await _refresh(request)
    if grant_type == "id_token":
        raise await providers.id_token(request)
    if grant_type == "web3":
        raise providers.web3()
    raise AuthProblem(400, "invalid_credentials", "unsupported_grant_type")


async def _password(request: Request) -> Response:
    realm, body = realm_of(request), await bodies.read(request, bodies.Password)
    await limited(request, realm.token_limit)
    email, password = (body.email or "").lower(), body.password or ""
    realm.see(password)
    if not email:
        if not body.phone:
            raise AuthProblem(400, "validation_failed", "missing email or phone")
        raise AuthProblem(400, "phone_provider_disabled", "Phone logins are disabled")
    account = await realm.accounts.find(email)
    if account is None or account.password is None:
        raise AuthProblem(400, "invalid_credentials", "Invalid login credentials")
    if account.banned(realm.clock()):
        raise AuthProblem(400, "user_banned", "User is banned")
    if not account.has_password(password):
        raise AuthProblem(400, "invalid_credentials", "Invalid login credentials")
    if account.confirmed_at is None:
        raise AuthProblem(400, "email_not_confirmed", "Email not confirmed")
    weak = weakness(realm, password)
    more: dict[str, Any] = {"weak_password": weak} if weak else {}
    return await signed_in(request, realm, account, **more)


async def _refresh(request: Request) -> Response:
    realm, body = realm_of(request), await bodies.read(request, bodies.Refresh)
    entry, ledger = request.scope["race401.entry"], request.scope["race401.ledger"]
    presented = body.refresh_token or ""
    facts.of_session(request, "exchange", presented)
    try:
        await limited(request, realm.token_limit)
    except AuthProblem:
        entry.grant_outcome = str(Outcome.RATE_LIMITED)
        raise
    if realm.world.refresh_format != "jwt" and not refresh_tokens.well_formed(presented):
        raise AuthProblem(400, "validation_failed", "Refresh token is not valid")
    done = await realm.exchange(presented, entry, ledger.decide, request.scope["race401.received"])
    if done.answer.outcome not in GRANTED:
        raise _refused(realm, done)
    assert done.family is not None
    assert done.answer.link is not None
    assert done.user is not None
    link = done.answer.link
    facts.brought(request, done.access, None if link.token == link.parent else link.token)
    answer = issued(realm, done.user, done.family, done.answer.link, done.access, done.expires_at)
    answer.headers.update(_reuse(realm, done))
    return answer


def _refused(realm: Realm, done: Exchanged) -> AuthProblem:
    outcome, headers = done.answer.outcome, whose(done.family) if done.family is not None else {}
    if realm.world.refresh_format == "counted" and outcome is Outcome.REUSED and realm.world.on_reuse == "delete":
        headers["sb-auth-refresh-token-rotated"] = "true"
    status, code, message = REFUSALS[outcome]
    if status != REFUSED:
        return AuthProblem(status, code, message, headers=headers)
    plain = "invalid_grant" if realm.world.refusal_body == "oauth" else ""
    return AuthProblem(realm.world.refusal_status, code, message, headers=headers, plain=plain)


def _reuse(realm: Realm, done: Exchanged) -> dict[str, str]:
    """Return the headers that tell whether the token had been used, and with v2 why it was accepted again."""
    if done.answer.outcome is Outcome.ROTATED:
        return {"sb-auth-refresh-token-reuse": "false"}
    if realm.world.refresh_format == "counted" and done.causes:
        cause = ",".join(done.causes)
        return {"sb-auth-refresh-token-reuse": "true", "sb-auth-refresh-token-reuse-cause": cause}
    return {}
