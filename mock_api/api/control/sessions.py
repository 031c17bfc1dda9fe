"""Sessions: signed in at any age of the token, listed, ended from elsewhere."""

import contextlib
from typing import Annotated, Any, TypeAlias

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from msgspec import Meta

from race401.mock_api.api.control.problems import problem, unknown_world
from race401.mock_api.api.supabase import AuthProblem, checked_email, signed_in
from race401.mock_api.http.body import documented, read
from race401.mock_api.rules.family import Family
from race401.mock_api.rules.worlds import DEFAULT, LONGEST
from race401.mock_api.state.accounts import AddressTaken, User
from race401.mock_api.state.realm import Realm

router = APIRouter(prefix="/_race401", tags=["control"])

Remaining: TypeAlias = Annotated[float, Meta(ge=-LONGEST, le=LONGEST)]
LeftQuery: TypeAlias = Annotated[float | None, Query(ge=-LONGEST, le=LONGEST, allow_inf_nan=False)]


class AgedSignIn(msgspec.Struct):
    """Who signs in where, and what is left of the first access token's life."""

    email: Annotated[str, Meta(examples=["ada@race401.test"])]
    password: Annotated[str, Meta(examples=["correct horse"])]
    world: str = DEFAULT
    remaining_s: Annotated[Remaining, Meta(description="In s; none: the world's whole lifetime")] | None = None


@router.post("/sessions", summary="Sign in with a token of any age", openapi_extra=documented(AgedSignIn))
async def aged_sign_in(request: Request) -> Response:
    """Make the account if there is none, and answer as a password grant would."""
    body = await read(request, AgedSignIn)
    realm: Realm | None = request.app.state.realms.get(body.world)
    if realm is None:
        return unknown_world(request, body.world)
    try:
        email = checked_email(body.email)
    except AuthProblem as refused:
        return problem(refused.message)
    account = await realm.accounts.find(email)
    if account is None:
        with contextlib.suppress(AddressTaken):  # by somebody who asked for the same at once
            await realm.sign_up(email, body.password, {})
        account = await realm.accounts.find(email)
    if account is None or not account.has_password(body.password):
        return problem("the account exists with another password", 409)
    return await signed_in(request, realm, account, body.remaining_s)


@router.put("/aging", summary="Let sign-ins bring tokens of any age", status_code=204)
async def aging(request: Request, world: str = DEFAULT, remaining_s: LeftQuery = None) -> Response:
    """From now on a sign-in's first access token has so many s left, for clients that nobody can sign in aged.

    None: the world's whole lifetime again.
    """
    realm: Realm | None = request.app.state.realms.get(world)
    if realm is None:
        return unknown_world(request, world)
    realm.remaining = remaining_s
    return Response(status_code=204)


@router.get("/sessions", summary="Who is signed in")
async def sessions(request: Request, world: str = DEFAULT, email: str = "") -> Response:
    """The sessions of a world, or those of one account in it."""
    realm: Realm | None = request.app.state.realms.get(world)
    if realm is None:
        return unknown_world(request, world)
    users = [user for user in await realm.accounts.everyone() if email in ("", user.email)]
    listed = [_session(realm, user, family) for user in users for family in await realm.store.families_of(user.id)]
    return JSONResponse(listed)


@router.get("/sessions/{session}", summary="One session")
async def session(request: Request, session: str) -> Response:
    """Its id is an access token's claim `session_id`, and the ledger's `family`."""
    found = await _find(request, session)
    user = await found[0].accounts.get(found[1].user) if found is not None else None
    if found is None or user is None:
        return _no_session(session)
    return JSONResponse(_session(found[0], user, found[1]))


@router.delete("/sessions/{session}", summary="End a session from elsewhere", status_code=204)
async def end_session(request: Request, session: str) -> Response:
    """As a sign-out on another device does: its refresh tokens are gone, and a JWT lives until it expires."""
    found = await _find(request, session)
    if found is None:
        return _no_session(session)
    await found[0].store.end([session])
    return Response(status_code=204)


async def _find(request: Request, session: str) -> tuple[Realm, Family] | None:
    realms: dict[str, Realm] = request.app.state.realms
    for realm in realms.values():
        if (family := await realm.store.get(session)) is not None:
            return realm, family
    return None


def _session(realm: Realm, user: User, family: Family) -> dict[str, Any]:
    return {
        "id": family.id,
        "world": realm.world.name,
        "email": user.email,
        "created_at": family.created_at,
        "generation": family.links[-1].generation if family.links else None,
        "revoked": family.revoked,
    }


def _no_session(session: str) -> Response:
    return problem(f"no session {session!r}", 404)
