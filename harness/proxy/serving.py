"""A proxy on a socket, until it is ended."""

import asyncio
import signal
import socket
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import httpx

from race401.harness.proxy.passage import Passage
from race401.harness.proxy.rewriting import Rewriting
from race401.harness.proxy.target import AT_ONCE, Target
from race401.harness.proxy.watch import Watch

PORTS = {"http": 80, "https": 443}


def targets_of(urls: Sequence[httpx.URL]) -> list[Target]:
    """Return where requests to these addresses go, each a world of its own, by its host where that tells it apart."""
    alone = {host for host, n in Counter(url.host for url in urls).items() if n == 1}
    return [target_of(url, url.host if url.host in alone else str(url)) for url in urls]


def target_of(url: httpx.URL, world: str | None = None) -> Target:
    """Return where requests to this address go; of TLS, certificates are checked as httpx checks them."""
    tls = httpx.create_ssl_context() if url.scheme == "https" else None
    prefix = url.raw_path.partition(b"?")[0].rstrip(b"/")
    port = url.port or PORTS[url.scheme]
    return Target(url.host, port, url.netloc, url.host if world is None else world, prefix, tls)


@asynccontextmanager
async def listening(
    sock: socket.socket,
    target: Target,
    watch: Watch,
    say: Callable[[str], None],
    rewriting: Rewriting | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[asyncio.Server]:
    """Pass on, each client over a connection of its own, until this is left. `say` gets lines for people.

    `rewriting`: of answers, on purpose; `tls`: what the proxy itself speaks to its clients.
    """
    under_way: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(Passage(target, watch, say, rewriting).serve(reader, writer))
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    async with await asyncio.start_server(connected, sock=sock, ssl=tls, limit=AT_ONCE, backlog=1024) as server:
        try:
            yield server
        finally:
            server.close()
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)


async def serve(
    places: Sequence[tuple[socket.socket, Target]],
    watch: Watch,
    say: Callable[[str], None],
    rewriting: Rewriting | None = None,
    tls: ssl.SSLContext | None = None,
    begun: Callable[[], None] = lambda: None,
) -> None:
    """Pass on until cancelled, as Ctrl-C and SIGTERM do, also of what a script began in the background.

    `begun` is called once it passes on: who hears of it then can end it in order.
    """
    if (this := asyncio.current_task()) is not None:
        for ending in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(ending, this.cancel)
    async with AsyncExitStack() as stack:
        for sock, target in places:
            await stack.enter_async_context(listening(sock, target, watch, say, rewriting, tls))
        begun()
        await asyncio.get_running_loop().create_future()
