"""What the auth server answers: GoTrue's user, and the token response."""

import uuid
from datetime import UTC, datetime
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from race401.mock_api.http import facts
from race401.mock_api.rules.family import Family, Link
from race401.mock_api.signing.jwt import AUTHENTICATED
from race401.mock_api.state.accounts import User, identity_of
from race401.mock_api.state.realm import Realm

PREFIX = 5  # characters of a v1 refresh token that a header tells


async def signed_in(
    request: Request, realm: Realm, account: User, remaining: float | None = None, **more: Any
) -> Response:
    """Begin a session and answer with its first pair."""
    family, access = await realm.sign_in(account, remaining)
    entry = request.scope.get("race401.entry")
    if entry is not None:
        entry.family, entry.generation = family.id, 0
    link = family.links[0]
    facts.of_session(request, "sign_in")
    facts.brought(request, access, link.token)
    return issued(realm, account, family, link, access, link.issued_at + int(realm.world.lifetime), **more)


def issued(
    realm: Realm, account: User, family: Family, link: Link, access: str, expires_at: int, **more: Any
) -> JSONResponse:
    """Return the token response."""
    body = {
        "access_token": access,
        "token_type": "bearer",
        "expires_in": expires_at - int(realm.clock()),
        "expires_at": expires_at,
        "refresh_token": link.token,
        "user": user_object(account),
        **more,
    }
    if link.token == link.parent:
        del body["refresh_token"]  # it was kept, and RFC 6749 s.6 lets the server send none
    return JSONResponse(body, headers={**whose(family), **about(realm, link)})


def whose(family: Family) -> dict[str, str]:
    """Return the headers that tell user and session."""
    return {"sb-auth-user-id": family.user, "sb-auth-session-id": family.id}


def about(realm: Realm, link: Link) -> dict[str, str]:
    """Return the headers that tell of the refresh token."""
    if realm.world.refresh_format == "counted":
        return {"sb-auth-refresh-token-counter": str(link.generation)}
    return {"sb-auth-refresh-token-prefix": link.token[:PREFIX]}


def user_object(account: User) -> dict[str, Any]:
    """Return GoTrue's user; what has not happened is left out."""
    fields = {
        "id": account.id,
        "aud": AUTHENTICATED,
        "role": account.role,
        "email": account.email,
        "email_confirmed_at": iso(account.confirmed_at),
        "phone": account.phone,
        "phone_confirmed_at": iso(account.phone_confirmed_at),
        "confirmation_sent_at": iso(account.confirmation_sent_at),
        "confirmed_at": iso(account.confirmed_at or account.phone_confirmed_at),
        "new_email": account.new_email or None,
        "email_change_sent_at": iso(account.email_change_sent_at),
        "last_sign_in_at": iso(account.last_sign_in_at),
        "app_metadata": account.app_metadata,
        "user_metadata": account.metadata,
        "identities": _identities(account),
        "created_at": iso(account.created_at),
        "updated_at": iso(account.updated_at),
        "banned_until": iso(account.banned_until),
        "deleted_at": iso(account.deleted_at),
        "is_anonymous": account.anonymous,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _identities(account: User) -> list[dict[str, Any]]:
    verified = {"email_verified": account.confirmed_at is not None}
    identity = {**account.metadata, **identity_of(account), **verified}
    by_email = {"identity_data": identity, "provider": "email", "email": account.email}
    by_phone = {"identity_data": {"sub": account.id, "phone": account.phone}, "provider": "phone"}
    dates = {
        "last_sign_in_at": iso(account.last_sign_in_at or account.created_at),
        "created_at": iso(account.created_at),
        "updated_at": iso(account.updated_at),
    }
    return [
        {
            "identity_id": str(uuid.uuid5(uuid.UUID(account.id), str(each["provider"]))),
            "id": account.id,
            "user_id": account.id,
            **each,
            **dates,
        }
        for each, address in ((by_email, account.email), (by_phone, account.phone))
        if address
    ]


def iso(at: float | None) -> str | None:
    """Return an instant as GoTrue writes it."""
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
