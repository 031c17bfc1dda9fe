"""Who asks: by GoTrue's own rules the user of a token, or an admin. Leeway 0, and a session that lives."""

import re
import uuid
from typing import NamedTuple

from fastapi import Request

from race401.mock_api.api.supabase.problems import AuthProblem
from race401.mock_api.rules.family import Family
from race401.mock_api.rules.rate_limits import Limit
from race401.mock_api.signing.jwt import Verified
from race401.mock_api.state.accounts import User
from race401.mock_api.state.realm import Realm

BEARER = re.compile(r"(?i)bearer (\S+)")
ADMINS = ("service_role", "supabase_admin")  # GOTRUE_JWT_ADMIN_ROLES
JWT = "invalid JWT: unable to parse or verify signature, "
BAD_JWT = {
    "expired": JWT + "token has invalid claims: token is expired",
    "not_yet_valid": JWT + "token has invalid claims: token is not valid yet",
    "bad_signature": JWT + "token signature is invalid: signature is invalid",
    "malformed": JWT + "token is malformed: token contains an invalid number of segments",
}
WRONG_AUDIENCE = "Token audience doesn't match request audience"


class Caller(NamedTuple):
    """A user who may ask."""

    realm: Realm
    account: User
    family: Family | None  # None: the token names no session


def realm_of(request: Request) -> Realm:
    """Return the world that is asked."""
    realm: Realm = request.scope["race401.realm"]
    return realm


async def caller(request: Request, *, audience: bool = False) -> Caller:
    """Return whose token this is; `audience`: it must also be meant for us."""
    realm, entry, verified = realm_of(request), request.scope["race401.entry"], await _verified(request)
    account = await _account(realm, verified)
    family = await realm.store.get(entry.family) if entry.family is not None else None
    if family is None and entry.family is not None:
        entry.cause = "session_revoked"
        raise AuthProblem(403, "session_not_found", "Session from session_id claim in JWT does not exist")
    if account.banned(realm.clock()):
        raise AuthProblem(403, "user_banned", "User is banned")
    if audience and not verified.for_us:
        entry.cause = "wrong_audience"
        raise AuthProblem(400, "validation_failed", WRONG_AUDIENCE)
    return Caller(realm, account, family)


async def admin(request: Request) -> Realm:
    """Return the world, if an admin asks."""
    if (await _verified(request)).role not in ADMINS:
        raise AuthProblem(403, "not_admin", "User not allowed")
    return realm_of(request)


async def limited(request: Request, limit: Limit) -> None:
    """Count the request, if the world limits it: only with the header that says who asks."""
    name = realm_of(request).world.rate_limit_header
    key = request.headers.get(name) if name else None
    if key and not await limit.take(key):
        raise AuthProblem(429, "over_request_rate_limit", "Request rate limit reached")


async def _verified(request: Request) -> Verified:
    realm, entry = realm_of(request), request.scope["race401.entry"]
    bearer = BEARER.fullmatch(request.headers.get("authorization", ""))
    if bearer is None:
        entry.cause = "missing_token"
        raise AuthProblem(401, "no_authorization", "This endpoint requires a valid Bearer token")
    await realm.prepare(bearer[1])
    verified = realm.current(bearer[1], entry, leeway=0.0)
    if not isinstance(verified, Verified):
        entry.cause = verified
        raise AuthProblem(403, "bad_jwt", BAD_JWT[verified])
    return verified


async def _account(realm: Realm, verified: Verified) -> User:
    if not verified.sub:
        raise AuthProblem(403, "bad_jwt", "invalid claim: missing sub claim")
    try:
        account = await realm.accounts.get(str(uuid.UUID(verified.sub)))
    except ValueError:
        raise AuthProblem(400, "bad_jwt", "invalid claim: sub claim must be a UUID") from None
    if account is None:
        raise AuthProblem(403, "user_not_found", "User from sub claim in JWT does not exist")
    return account
