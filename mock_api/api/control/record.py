"""The record of what happened: the ledger in memory, its counts, and a reset of both."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from race401.ledger.entry import Entry
from race401.mock_api.ledger import Ledger
from race401.mock_api.races.matching import Match

router = APIRouter(prefix="/_race401", tags=["control"])

NDJSON = "application/x-ndjson"
BEHIND = 10_000  # entries that a follower of the ledger may be behind


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
