"""The control API, below `/_race401`: what a test asks of the mock and no real server has. Not in the ledger."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from importlib.metadata import version
from typing import Annotated, Any, TypeAlias

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from msgspec import Meta

from race401.ledger.entry import Entry
from race401.mock_api.api.supabase import AuthProblem, checked_email, signed_in
from race401.mock_api.http.body import documented, read
from race401.mock_api.ledger import Ledger
from race401.mock_api.races.matching import Match
from race401.mock_api.rules.issuer import Family
from race401.mock_api.rules.worlds import DEFAULT, LONGEST
from race401.mock_api.state.accounts import AddressTaken, User
from race401.mock_api.state.realm import Realm

router = APIRouter(prefix="/_race401", tags=["control"])

NDJSON = "application/x-ndjson"
BEHIND = 10_000  # entries that a follower of the ledger may be behind

Remaining: TypeAlias = Annotated[float, Meta(ge=-LONGEST, le=LONGEST)]
LeftQuery: TypeAlias = Annotated[float | None, Query(ge=-LONGEST, le=LONGEST, allow_inf_nan=False)]


class AgedSignIn(msgspec.Struct):
    """Who signs in where, and what is left of the first access token's life."""

    email: Annotated[str, Meta(examples=["ada@race401.test"])]
    password: Annotated[str, Meta(examples=["correct horse"])]
    world: str = DEFAULT
    remaining_s: Annotated[Remaining, Meta(description="In s; none: the world's whole lifetime")] | None = None


@router.get("", summary="Who answers here")
async def about(request: Request) -> dict[str, Any]:
    """The mock's version, clock and worlds, and how whole the ledger of this process is."""
    realms: dict[str, Realm] = request.app.state.realms
    book = request.app.state.server.ledger
    return {
        "name": "race401 mock",
        "pid": os.getpid(),
        "version": version("race401"),
        "now": realms[DEFAULT].clock(),
        "default_world": DEFAULT,
        "service_keys": {name: realm.service_key() for name, realm in realms.items()},
        "worlds": {name: asdict(realm.world) for name, realm in realms.items()},
        "ledger": {"entries": len(book.entries), "dropped": book.dropped, "lost": book.lost},
    }


@router.post("/sessions", summary="Sign in with a token of any age", openapi_extra=documented(AgedSignIn))
async def aged_sign_in(request: Request) -> Response:
    """Make the account if there is none, and answer as a password grant would."""
    body = await read(request, AgedSignIn)
    realm: Realm | None = request.app.state.realms.get(body.world)
    if realm is None:
        return _unknown_world(request, body.world)
    try:
        email = checked_email(body.email)
    except AuthProblem as problem:
        return JSONResponse({"message": problem.message}, 422)
    account = await realm.accounts.find(email)
    if account is None:
        with contextlib.suppress(AddressTaken):  # by somebody who asked for the same at once
            await realm.sign_up(email, body.password, {})
        account = await realm.accounts.find(email)
    if account is None or not account.has_password(body.password):
        return JSONResponse({"message": "the account exists with another password"}, 409)
    return await signed_in(request, realm, account, body.remaining_s)


@router.put("/aging", summary="Let sign-ins bring tokens of any age", status_code=204)
async def aging(request: Request, world: str = DEFAULT, remaining_s: LeftQuery = None) -> Response:
    """From now on a sign-in's first access token has so many s left, for clients that nobody can sign in aged.

    None: the world's whole lifetime again.
    """
    realm: Realm | None = request.app.state.realms.get(world)
    if realm is None:
        return _unknown_world(request, world)
    realm.remaining = remaining_s
    return Response(status_code=204)


@router.get("/sessions", summary="Who is signed in")
async def sessions(request: Request, world: str = DEFAULT, email: str = "") -> Response:
    """The sessions of a world, or those of one account in it."""
    realm: Realm | None = request.app.state.realms.get(world)
    if realm is None:
        return _unknown_world(request, world)
    users = [user for user in await realm.accounts.everyone() if email in ("", user.email)]
    told = [_session(realm, user, family) for user in users for family in await realm.store.of(user.id)]
    return JSONResponse(told)


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


def _unknown_world(request: Request, world: str) -> Response:
    known = ", ".join(request.app.state.realms)
    return JSONResponse({"message": f"unknown world {world!r}; known: {known}"}, 422)


def _no_session(session: str) -> Response:
    return JSONResponse({"message": f"no session {session!r}"}, 404)


@router.get("/ledger", summary="What happened")
async def ledger(
    request: Request,
    client: Annotated[str, Query(description="Whose name begins so")] = "",
    world: str | None = None,
    cause: str | None = None,
    since: Annotated[int, Query(description="Only with a greater `seq`", ge=0, le=2**63)] = 0,
    follow: Annotated[bool, Query(description="Go on with what is written from now on")] = False,
) -> Response:
    """Entries as JSON lines, in the order of decision; those that follow, in the order of writing."""
    book: Ledger = request.app.state.server.ledger
    match = Match(client=client or None, world=world, cause=cause)

    def wanted(entry: Entry) -> bool:
        return entry.seq > since and match.fits(entry)

    headers = {"X-Race401-Dropped": str(book.dropped), "X-Race401-Lost": str(book.lost)}
    if follow:
        return StreamingResponse(_following(book, wanted), media_type=NDJSON, headers=headers)
    return Response(b"".join(map(_line, book.where(wanted))), media_type=NDJSON, headers=headers)


async def _following(book: Ledger, wanted: Callable[[Entry], bool]) -> AsyncIterator[bytes]:
    """Yield lines for as long as somebody reads them, and reads fast enough: a stream that ends early is behind."""
    written: asyncio.Queue[Entry] = asyncio.Queue(BEHIND)

    def listen(entry: Entry) -> None:
        if wanted(entry):
            with contextlib.suppress(asyncio.QueueFull):
                written.put_nowait(entry)

    book.listeners.append(listen)
    try:
        yield b"".join(map(_line, book.where(wanted)))
        while not written.full():
            yield _line(await written.get())
    finally:
        book.listeners.remove(listen)


def _line(entry: Entry) -> bytes:
    return msgspec.json.encode(entry) + b"\n"


@router.get("/counts", summary="How often what happened")
async def counts(request: Request) -> list[dict[str, Any]]:
    """Exact counts since the last reset."""
    names = ("world", "path", "status", "cause", "grant_outcome")
    return [
        {**dict(zip(names, key, strict=True)), "count": count}
        for key, count in request.app.state.server.ledger.counts.items()
    ]


@router.post("/reset", summary="Forget what was counted", status_code=204)
async def reset(request: Request) -> Response:
    """Empty the ledger's memory; sessions and the ledger's file stay."""
    request.app.state.server.ledger.reset()
    return Response(status_code=204)
