"""The control API, below `/_race401`: what a test asks of the mock and no real server has. Not in the ledger."""

from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from race401.mock_api.auth import signed_in
from race401.mock_api.realm import Realm
from race401.mock_api.worlds import DEFAULT

router = APIRouter(prefix="/_race401", tags=["control"])


class AgedSignIn(BaseModel):
    """Who signs in where, and what is left of the first access token's life."""

    world: str = DEFAULT
    email: str = Field(examples=["ada@race401.test"])
    password: str = Field(examples=["correct horse"])
    remaining_s: float | None = Field(None, description="In s; none: the world's whole lifetime")


@router.get("", summary="Who answers here")
async def about(request: Request) -> dict[str, Any]:
    """The mock's version, clock and worlds, and how whole its ledger is."""
    realms: dict[str, Realm] = request.app.state.realms
    book = request.app.state.server.ledger
    return {
        "name": "race401 mock",
        "version": version("race401"),
        "now": realms[DEFAULT].clock(),
        "default_world": DEFAULT,
        "worlds": {name: asdict(realm.world) for name, realm in realms.items()},
        "ledger": {"entries": len(book.entries), "dropped": book.dropped, "lost": book.lost},
    }


@router.post("/sessions", summary="Sign in with a token of any age")
async def aged_sign_in(request: Request, body: AgedSignIn) -> Response:
    """Make the account if there is none, and answer as a password grant would."""
    realm: Realm | None = request.app.state.realms.get(body.world)
    if realm is None:
        known = ", ".join(request.app.state.realms)
        return JSONResponse({"message": f"unknown world {body.world!r}; known: {known}"}, 422)
    email = body.email.lower()
    if email not in realm.by_email:
        realm.sign_up(email, body.password, {})
    account = realm.account(email, body.password)
    if account is None:
        return JSONResponse({"message": "the account exists with another password"}, 409)
    return await signed_in(request, realm, account, body.remaining_s)


@router.get("/ledger", summary="What happened")
async def ledger(request: Request, client: str = "") -> Response:
    """Entries as JSON lines, in the order of decision, of clients whose name begins with `client`."""
    book = request.app.state.server.ledger
    lines = b"".join(msgspec.json.encode(entry) + b"\n" for entry in book.of(client))
    headers = {"X-Race401-Dropped": str(book.dropped), "X-Race401-Lost": str(book.lost)}
    return Response(lines, media_type="application/x-ndjson", headers=headers)


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
