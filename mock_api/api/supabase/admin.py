"""The admin's routes: every account, with a key whose role is an admin's (`GET /_race401` offers one)."""

import re
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from race401.mock_api.api.supabase import bodies
from race401.mock_api.api.supabase.answers import user_object
from race401.mock_api.api.supabase.callers import admin
from race401.mock_api.api.supabase.problems import AuthProblem
from race401.mock_api.api.supabase.rules import checked_password, checked_phone, free_email
from race401.mock_api.api.supabase.user import merged
from race401.mock_api.http.body import documented
from race401.mock_api.signing.jwt import AUTHENTICATED
from race401.mock_api.state.accounts import User, confirm, digest, give_email, made, make_nameless
from race401.mock_api.state.clock import YEAR_9999
from race401.mock_api.state.realm import Realm

router = APIRouter(prefix="/auth/v1/admin/users", tags=["auth"])

PAGE = 50  # accounts (internal/api/pagination.go)
DIGITS = 9  # of a page's number
LARGEST_PAGE = 1_000  # ASSUMPTION: enough for a test
UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
TERM = r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)"
LONGEST_BAN = 2**63 / 1e9  # s; Go counts ns in 64 bits
LONGEST_DURATION = 100  # characters: what is no duration costs the square of its length to refuse


@router.post("", summary="Make an account", openapi_extra=documented(bodies.AdminChange))
async def create(request: Request) -> dict[str, Any]:
    """It is confirmed only if `email_confirm` says so."""
    realm, body = await admin(request), await bodies.read(request, bodies.AdminChange)
    if not body.email and not body.phone:
        raise AuthProblem(400, "validation_failed", "Cannot create a user without either an email or phone")
    email = await free_email(realm, body.email) if body.email else ""
    phone, until = checked_phone(body.phone) if body.phone else "", _ban(realm, body.ban_duration)
    account = made(email, body.password or None, realm.clock(), phone=phone)
    account.metadata = body.user_metadata or {}  # what was given, and nothing of the identity
    account.banned_until = until
    _apply(realm, account, body)
    await realm.accounts.add(account)
    return user_object(account)


@router.get("", summary="All accounts, the newest first")
async def listed(
    request: Request,
    page: Annotated[str, Query(description="From 1")] = "",
    per_page: Annotated[str, Query(description="How many at once; 50")] = "",
) -> Response:
    """A page of accounts; headers tell how many there are, and where the next page is."""
    realm = await admin(request)
    number, size = _number("page", page, 1), min(_number("per_page", per_page, PAGE), LARGEST_PAGE)
    everyone = list(reversed(await realm.accounts.everyone()))
    users = everyone[(number - 1) * size : number * size]
    last = max(1, -(-len(everyone) // size))
    pages = ([("next", number + 1)] if number < last else []) + [("last", last)]
    link = ", ".join(f'</admin/users?page={to}&per_page={size}>; rel="{rel}"' for rel, to in pages)
    body = {"users": [user_object(user) for user in users], "aud": AUTHENTICATED}
    return JSONResponse(body, headers={"X-Total-Count": str(len(everyone)), "Link": link})


@router.get("/{user_id}", summary="An account")
async def read(request: Request, user_id: str) -> dict[str, Any]:
    """With everything that its owner sees."""
    return user_object(await _account(await admin(request), user_id))


@router.put("/{user_id}", summary="Change an account", openapi_extra=documented(bodies.AdminChange))
async def change(request: Request, user_id: str) -> dict[str, Any]:
    """What the body names; `ban_duration` is Go's (`24h`), or `none`."""
    realm = await admin(request)
    account, body = await _account(realm, user_id), await bodies.read(request, bodies.AdminChange)
    other = body.email and body.email.lower() != account.email
    email = await free_email(realm, body.email) if body.email and other else None
    phone, until = checked_phone(body.phone) if body.phone else account.phone, _ban(realm, body.ban_duration)
    password = digest(checked_password(realm, body.password)) if body.password is not None else account.password

    def apply(account: User) -> None:
        account.password = password
        metadata = merged(account.metadata, body.user_metadata)
        if email is not None:
            give_email(account, email)
        account.phone, account.metadata = phone, metadata
        if body.ban_duration:
            account.banned_until = until
        _apply(realm, account, body)
        account.updated_at = realm.clock()

    await realm.accounts.change(account, apply)
    return user_object(account)


@router.delete("/{user_id}", summary="Delete an account", openapi_extra=documented(bodies.Deletion))
async def delete(request: Request, user_id: str) -> dict[str, Any]:
    """With all its sessions; softly, if the body says so."""
    realm = await admin(request)
    account, body = await _account(realm, user_id), await bodies.read(request, bodies.Deletion, optional=True)
    await realm.sign_out_everywhere(account)
    if body.should_soft_delete:
        await realm.accounts.change(account, lambda account: make_nameless(account, realm.clock()))
    else:
        await realm.accounts.remove(account)
    return {}


async def _account(realm: Realm, user_id: str) -> User:
    try:
        account = await realm.accounts.get(str(uuid.UUID(user_id)))
    except ValueError:
        raise AuthProblem(404, "validation_failed", "user_id must be an UUID") from None
    if account is None:
        raise AuthProblem(404, "user_not_found", "User not found")
    return account


def _apply(realm: Realm, account: User, body: bodies.AdminChange) -> None:
    """Do what making and changing have in common."""
    account.role = body.role or account.role
    account.app_metadata = merged(account.app_metadata, body.app_metadata)
    if body.email_confirm:
        confirm(account, realm.clock())
    if body.phone_confirm:
        account.phone_confirmed_at = account.phone_confirmed_at or realm.clock()


def _number(name: str, text: str, default: int) -> int:
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > DIGITS or int(text) < 1:
        raise AuthProblem(400, "validation_failed", f"Bad Pagination Parameters: {name} must be a positive number")
    return int(text)


def _ban(realm: Realm, text: str | None) -> float | None:
    """Return until when, in s since the epoch; None: not at all."""
    if not text or text == "none":
        return None
    seconds = LONGEST_BAN
    if len(text) <= LONGEST_DURATION and re.fullmatch(rf"\+?(0|({TERM})+)", text):
        seconds = sum(float(number) * UNITS[unit] for number, unit in re.findall(TERM, text))
    if seconds >= LONGEST_BAN:
        message = f'invalid format for ban duration: time: invalid duration "{text}"'
        raise AuthProblem(400, "validation_failed", message)
    return min(realm.clock() + seconds, YEAR_9999) if seconds else None
