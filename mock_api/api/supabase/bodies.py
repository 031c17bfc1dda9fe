"""What requests to the auth server carry: a struct for each body, read as Go does, whatever the content type."""

from typing import Any, TypeVar

import msgspec
from fastapi import Request

from race401.mock_api.api.supabase.problems import AuthProblem
from race401.mock_api.strict_json import BadBody, parsed

T = TypeVar("T", bound=msgspec.Struct)


class SignUp(msgspec.Struct):
    """An account to make; without email and phone an anonymous one."""

    email: str | None = None
    phone: str | None = None
    password: str | None = None
    data: dict[str, Any] | None = None


class Password(msgspec.Struct):
    """Who signs in."""

    email: str | None = None
    phone: str | None = None
    password: str | None = None


class Refresh(msgspec.Struct):
    """What is exchanged."""

    refresh_token: str | None = None


class IdToken(msgspec.Struct):
    """What another provider says of who signs in."""

    id_token: str | None = None
    provider: str | None = None
    client_id: str | None = None
    issuer: str | None = None


class Code(msgspec.Struct):
    """Who asks for a code, or presents one."""

    email: str | None = None
    phone: str | None = None
    type: str | None = None
    token: str | None = None
    token_hash: str | None = None
    create_user: bool | None = None


class Change(msgspec.Struct):
    """What users change about themselves; what is absent stays."""

    email: str | None = None
    phone: str | None = None
    password: str | None = None
    data: dict[str, Any] | None = None
    app_metadata: dict[str, Any] | None = None


class AdminChange(msgspec.Struct):
    """What an admin makes or changes; what is absent stays."""

    email: str | None = None
    phone: str | None = None
    password: str | None = None
    role: str | None = None
    email_confirm: bool | None = None
    phone_confirm: bool | None = None
    user_metadata: dict[str, Any] | None = None
    app_metadata: dict[str, Any] | None = None
    ban_duration: str | None = None


class Deletion(msgspec.Struct):
    """How an account goes."""

    should_soft_delete: bool | None = None


async def read(request: Request, kind: type[T], *, optional: bool = False) -> T:
    """Return the request's body. Fields that the struct does not have are ignored, as in Go."""
    raw = await request.body()
    if not raw and optional:
        return kind()
    try:
        return parsed(b"{}" if raw.strip() == b"null" else raw, kind)
    except BadBody as error:
        raise AuthProblem(400, "bad_json", f"Could not parse request body as JSON: {error}") from None
