"""A user's own account, and its sessions' end."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from race401.mock_api.api.supabase import bodies
from race401.mock_api.api.supabase.answers import user_object
from race401.mock_api.api.supabase.callers import ADMINS, Caller, caller, limited
from race401.mock_api.api.supabase.problems import AuthProblem
from race401.mock_api.api.supabase.rules import checked_email, checked_password, free_email
from race401.mock_api.http import facts
from race401.mock_api.http.body import documented
from race401.mock_api.state.accounts import User, confirm, digest, give_email
from race401.mock_api.state.realm import Realm

router = APIRouter(prefix="/auth/v1", tags=["auth"])

SCOPES = ("global", "local", "others")


@router.get("/user", summary="The account of the token")
async def read(request: Request) -> dict[str, Any]:
    """Unlike the app's API, this asks whether the session lives; an expired token is a 403 here."""
    return user_object((await caller(request, audience=True)).account)


@router.put("/user", summary="Change the account", openapi_extra=documented(bodies.Change))
async def change(request: Request) -> dict[str, Any]:
    """A new password ends the user's other sessions; a new address waits for its confirmation."""
    who = await caller(request)
    await limited(request, who.realm.signup_limit)
    body = await bodies.read(request, bodies.Change)
    email = await _checked(who, body)
    await who.realm.accounts.change(who.account, lambda account: _apply(who.realm, account, body, email))
    if body.password is not None:
        await _sign_out(who, "others")
    return user_object(who.account)


@router.post("/logout", summary="End sessions", status_code=204)
async def logout(request: Request, scope: str = "global") -> Response:
    """`scope`: `global` (all of the user's), `local` (this one) or `others`."""
    who = await caller(request)
    if scope not in SCOPES:
        raise AuthProblem(400, "validation_failed", f'Unsupported logout scope "{scope}"')
    if scope == "others":
        facts.of_session(request, "other")  # the session that asks lives on
    else:
        request.scope["race401.entry"].ended = "user" if scope == "global" else "session"
    await _sign_out(who, scope)
    return Response(status_code=204)


def merged(before: dict[str, Any], data: dict[str, Any] | None) -> dict[str, Any]:
    """Return the metadata with these keys replaced; null takes one out."""
    return {key: value for key, value in {**before, **(data or {})}.items() if value is not None}


async def _checked(who: Caller, body: bodies.Change) -> str | None:
    """Refuse what cannot be done before anything is; return the address, if it is another."""
    account = who.account
    email = checked_email(body.email) if body.email else None
    if body.password is not None:
        checked_password(who.realm, body.password)
    if body.app_metadata is not None and account.role not in ADMINS:
        raise AuthProblem(403, "not_admin", "Updating app_metadata requires admin privileges")
    if body.phone:
        raise AuthProblem(400, "phone_provider_disabled", "Phone logins are disabled")
    if account.anonymous and body.password and email is None:
        message = "Updating password of an anonymous user without an email or phone is not allowed"
        raise AuthProblem(422, "validation_failed", message)
    if email is not None and email != account.email:
        await free_email(who.realm, email)
    if body.password is not None and account.has_password(body.password):
        raise AuthProblem(422, "same_password", "New password should be different from the old password.")
    return None if email == account.email else email


async def _sign_out(who: Caller, scope: str) -> None:
    """End sessions; to a token that names none, all of the user's are meant."""
    if who.family is None:
        await who.realm.sign_out_everywhere(who.account)
    else:
        await who.realm.sign_out(who.family, scope)


def _apply(realm: Realm, account: User, body: bodies.Change, email: str | None) -> None:
    account.metadata = merged(account.metadata, body.data)
    account.app_metadata = merged(account.app_metadata, body.app_metadata)
    account.updated_at = realm.clock()
    if body.password is not None:
        account.password = digest(body.password)
    if email is not None:
        _change_email(realm, account, email)


def _change_email(realm: Realm, account: User, email: str) -> None:
    """Nobody reads mail here: an address is confirmed at once only where GoTrue does, for the anonymous."""
    now = realm.clock()
    if account.anonymous and realm.world.autoconfirm:
        give_email(account, email)
        confirm(account, now)
    else:
        account.new_email, account.email_change_sent_at = email, now
