"""Access tokens: real JWTs with Supabase Auth's claims, signed and verified by joserfc."""

import secrets
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from joserfc import jwt
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import OctKey

from race401.mock_api.accounts import AUTHENTICATED, User
from race401.mock_api.issuer import Family

Cause: TypeAlias = Literal[
    "missing_token", "expired", "not_yet_valid", "session_revoked", "bad_signature", "malformed", "wrong_audience"
]
CACHED = 20_000  # verified tokens; at about 1 KB each


@dataclass(frozen=True, slots=True)
class Verified:
    """What a genuine token says, whether or not it is still valid."""

    claims: dict[str, Any]
    not_before: float  # the later of `nbf` and `iat`
    exp: float
    family: str


class Keys:
    """One world's secret: signs, and verifies with a bounded cache keyed by the whole token."""

    def __init__(self, secret: str | None = None) -> None:
        self._key = OctKey.import_key(secret or secrets.token_urlsafe(32))
        self._cache: dict[str, Verified] = {}

    def sign(self, claims: dict[str, Any]) -> str:
        """Return the token."""
        return jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, self._key)

    def genuine(self, token: str) -> Verified | Cause:
        """Return what the token says, or why it is not one of ours. Its dates are the caller's to judge."""
        verified = self._cache.get(token)
        if verified is not None:
            return verified
        try:
            claims = jwt.decode(token, self._key, algorithms=["HS256"]).claims
        except BadSignatureError:
            return "bad_signature"
        except (JoseError, ValueError, TypeError, UnicodeError, KeyError):
            return "malformed"
        family, dates = claims.get("session_id"), [claims.get("exp"), claims.get("nbf", 0), claims.get("iat", 0)]
        if not isinstance(family, str) or not all(isinstance(at, int | float) for at in dates):
            return "malformed"
        exp, *begins = map(float, dates)
        if claims.get("aud") != AUTHENTICATED:
            return "wrong_audience"
        if len(self._cache) >= CACHED:
            self._cache.clear()
        self._cache[token] = verified = Verified(claims, max(begins), exp, family)
        return verified


def claims_of(family: Family, user: User, issuer: str, issued_at: int, expires_at: int) -> dict[str, Any]:
    """Return the claims of GoTrue's access token; no `jti`, no `nbf`: two of one second are the same bytes."""
    method = "anonymous" if user.anonymous else "password"
    return {
        "iss": issuer,
        "sub": user.id,
        "aud": AUTHENTICATED,
        "exp": expires_at,
        "iat": issued_at,
        "email": user.email,
        "phone": user.phone,
        "app_metadata": user.app_metadata,
        "user_metadata": user.metadata,
        "role": user.role,
        "aal": "aal1",
        "amr": [{"method": method, "timestamp": int(family.created_at)}],
        "session_id": family.id,
        "is_anonymous": user.anonymous,
    }
