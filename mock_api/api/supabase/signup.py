"""Sign-up: with an address and a password, or anonymous."""

import uuid
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from race401.mock_api.api.supabase import bodies
from race401.mock_api.api.supabase.answers import signed_in, user_object
from race401.mock_api.api.supabase.callers import limited, realm_of
from race401.mock_api.api.supabase.problems import AuthProblem
from race401.mock_api.api.supabase.rules import checked_email, checked_password
from race401.mock_api.http.body import documented
from race401.mock_api.state.accounts import User, confirm, made
from race401.mock_api.state.realm import Realm

router = APIRouter(prefix="/auth/v1", tags=["auth"])


@router.post("/signup", summary="Make an account", openapi_extra=documented(bodies.SignUp))
async def signup(request: Request) -> Response:
    """Answers as a sign-in, or with the bare user where a world does not confirm accounts at once."""
    realm, body = realm_of(request), await bodies.read(request, bodies.SignUp)
    await limited(request, realm.signup_limit)
    if not body.email and not body.phone:
        return await _anonymous(request, realm, body.data or {})
    _allowed(realm)
    if not body.password:
        raise AuthProblem(400, "validation_failed", "Signup requires a valid password")
    password = checked_password(realm, body.password)
    if body.phone:
        raise _by_phone(body)
    email = checked_email(body.email or "")
    account = await realm.accounts.find(email)
    if account is None:
        account = _new(realm, email, password, body.data or {})
        _meet(realm, account)
        await realm.accounts.add(account)
    elif account.confirmed_at is not None:
        return _exists(realm, account, body.data or {})
    else:
        await realm.accounts.change(account, lambda account: _meet(realm, account))
    if not realm.world.autoconfirm:
        return JSONResponse(user_object(account))
    return await signed_in(request, realm, account)


async def _anonymous(request: Request, realm: Realm, data: dict[str, Any]) -> Response:
    if not realm.world.anonymous:
        raise AuthProblem(422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled")
    _allowed(realm)
    account = made("", None, realm.clock())
    account.metadata = data
    await realm.accounts.add(account)
    return await signed_in(request, realm, account)


def _allowed(realm: Realm) -> None:
    if not realm.world.signups:
        raise AuthProblem(422, "signup_disabled", "Signups not allowed for this instance")


def _by_phone(body: bodies.SignUp) -> AuthProblem:
    if body.email:
        message = "Only an email address or phone number should be provided on signup."
        return AuthProblem(400, "validation_failed", message)
    return AuthProblem(400, "phone_provider_disabled", "Phone signups are disabled")


def _new(realm: Realm, email: str, password: str, data: dict[str, Any]) -> User:
    account = made(email, password, realm.clock())
    account.metadata = {**data, **account.metadata}
    return account


def _meet(realm: Realm, account: User) -> None:
    """Believe the address, or send it a mail."""
    if realm.world.autoconfirm:
        confirm(account, realm.clock())
    else:
        account.confirmation_sent_at = realm.clock()


def _exists(realm: Realm, known: User, data: dict[str, Any]) -> Response:
    """Say so; where accounts wait for a confirmation, answer as for a new one, so that nobody learns who has one."""
    if realm.world.autoconfirm:
        raise AuthProblem(422, "user_already_exists", "User already registered")
    now = realm.clock()
    nobody = User(str(uuid.uuid4()), known.email, None, now, now, confirmation_sent_at=now, metadata=data)
    nobody = replace(nobody, app_metadata={"provider": "email", "providers": ["email"]})
    return JSONResponse(user_object(nobody) | {"identities": []})
