"""A client and a target that speak bytes, with the recording proxy between them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bounds import HANG
from proxied import Speaks, bytes_at, connected, proxy_at

from race401.harness.judge.evidence import load
from race401.ledger.entry import Entry

PAIR = b'{"access_token": "a2", "refresh_token": "r2", "expires_in": 60}'
REFRESH = b"grant_type=refresh_token&refresh_token=r1"


def post(path: bytes, body: bytes, more: bytes = b"") -> bytes:
    """A request."""
    head = b"POST %s HTTP/1.1\r\nHost: proxy\r\n%sContent-Length: %d\r\n\r\n" % (path, more, len(body))
    return head + body


def ok(body: bytes, more: bytes = b"") -> bytes:
    """An answer."""
    return b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s" % (more, len(body), body)


async def request(reader: asyncio.StreamReader) -> bytes:
    """One request without a body, or its head."""
    return await reader.readuntil(b"\r\n\r\n")


Client = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[Any]]


@asynccontextmanager
async def connection(speaks: Speaks, ledger: Path, **more: Any) -> AsyncIterator[Any]:
    """A client's connection through the proxy to such a target."""
    async with (
        asyncio.timeout(HANG),
        bytes_at(speaks) as target,
        proxy_at(target + more.pop("below", ""), ledger, **more) as proxy,
    ):
        reader, writer = await connected(proxy)
        yield reader, writer
        writer.close()


def through(folder: Path, speaks: Speaks, client: Client, **more: Any) -> list[Entry]:
    """What is recorded of a client that speaks bytes, too."""
    ledger = folder / "traffic.jsonl"

    async def run() -> None:
        async with connection(speaks, ledger, **more) as (reader, writer):
            await client(reader, writer)

    asyncio.run(run())
    return load(ledger).entries
