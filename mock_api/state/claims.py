"""What an access token says of a user and a session: Supabase Auth's claims."""

import uuid
from typing import Any

from race401.mock_api.rules.family import Family
from race401.mock_api.signing.jwt import AUTHENTICATED
from race401.mock_api.state.accounts import User

SERVICE_KEY_LIFETIME = 10 * 365 * 86_400  # s; what Supabase's own keys have


def claims_of(
    family: Family, user: User, issuer: str, issued_at: int, expires_at: int, jti: str | None = None
) -> dict[str, Any]:
    """Return the claims of GoTrue's access token; without a `jti` (RFC 7519 s.4.1.7), two of one second are equal."""
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
        **({} if jti is None else {"jti": jti}),
    }


def service_claims(issuer: str, now: float) -> dict[str, Any]:
    """Return the claims of an admin's key: nobody's, of no session, for ten years."""
    return {"iss": issuer, "role": "service_role", "iat": int(now), "exp": int(now) + SERVICE_KEY_LIFETIME}


def refresh_claims(issuer: str, now: float) -> dict[str, Any]:
    """Return the claims of a refresh token that is a JWT; no audience, so that no resource takes it for another."""
    lifetime = SERVICE_KEY_LIFETIME  # the family's own limits end it
    return {
        "iss": issuer,
        "token_type": "refresh",
        "jti": uuid.uuid4().hex,
        "iat": int(now),
        "exp": int(now) + lifetime,
    }
