"""The recording proxy on loopback, in front of an app or of a target that speaks bytes, on the loop of the test."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from race401.harness.proxy.recorder import Recorder
from race401.harness.proxy.rewriting import Rewriting
from race401.harness.proxy.serving import listening, target_of
from race401.harness.proxy.target import Target
from race401.harness.proxy.watch import Watch
from race401.ledger.dialects.dialect import Dialect
from race401.ledger.dialects.presets import USUAL
from race401.ledger.fingerprints import Fingerprints

HERE = "127.0.0.1"
Speaks = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def address(sock: socket.socket) -> str:
    """The URL of a socket that listens."""
    return f"http://{HERE}:{sock.getsockname()[1]}"


@asynccontextmanager
async def app_at(app: Any) -> AsyncIterator[str]:
    """Serve an ASGI app; yield its URL."""
    with socket.create_server((HERE, 0)) as sock:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[sock]))
        try:
            yield address(sock)
        finally:
            server.should_exit = True
            await serving


@asynccontextmanager
async def bytes_at(speaks: Speaks) -> AsyncIterator[str]:
    """Serve whatever this does with a connection, which is closed for it; yield the URL."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(asyncio.IncompleteReadError):  # its client ended
                await speaks(reader, writer)
        finally:
            writer.close()

    with socket.create_server((HERE, 0)) as sock:
        async with await asyncio.start_server(serve, sock=sock):
            yield address(sock)


@asynccontextmanager
async def proxy_at(
    at: str,
    ledger: Path,
    dialects: Sequence[Dialect] = USUAL,
    fingerprints: Fingerprints | None = None,
    said: list[str] | None = None,
    target: Target | None = None,
    rewrite: bool = False,
    tls: ssl.SSLContext | None = None,
    **more: Any,
) -> AsyncIterator[str]:
    """Proxy to that URL; yield the proxy's. `said` gets its lines for people."""
    url = httpx.URL(at)
    say: Callable[[str], None] = print if said is None else said.append
    watch = Watch(Recorder(ledger, fingerprints), dialects, say=say, **more)
    with socket.create_server((HERE, 0)) as sock:
        here = address(sock) if tls is None else address(sock).replace("http:", "https:")
        target = target or target_of(url)
        async with listening(sock, target, watch, say, Rewriting({here: target}) if rewrite else None, tls):
            yield here


async def connected(url: str, tls: ssl.SSLContext | None = None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to that URL, to send bytes; `tls`: what is spoken, where it is https."""
    parts = httpx.URL(url)
    assert parts.port is not None
    return await asyncio.open_connection(parts.host, parts.port, ssl=tls if parts.scheme == "https" else None)
