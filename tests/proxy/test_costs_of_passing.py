"""What the proxy costs: memory that no body grows, little CPU, and streams that go on for long."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from proxied import bytes_at, connected
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

pytestmark = pytest.mark.slow
BODY, AT_ONCE = 100_000_000, 100_000  # bytes
FLAT = 16_000_000  # bytes more than before
REQUESTS, CPU = 2_000, 0.0015  # s for each
MESSAGES = 10_000
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@asynccontextmanager
async def proxy(target: str, folder: Path) -> AsyncIterator[tuple[str, int]]:
    """Run `race401 proxy`; yield its URL, and the id of its process."""
    command = ["-m", "race401.harness", "proxy", "--target", target, "--ledger", str(folder / "traffic.jsonl")]
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().split()[3], process.pid
    finally:
        process.terminate()
        await process.wait()


def memory(pid: int) -> int:
    """The most that a process had of it, in bytes."""
    (line,) = (each for each in Path(f"/proc/{pid}/status").read_text().splitlines() if each.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def cpu(pid: int) -> float:
    """What a process used of it, in s."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_no_body_grows_its_memory(tmp_path: Path) -> None:
    """100 MB up, then 100 MB down."""
    piece = b"x" * AT_ONCE

    async def speaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        left = BODY
        while left:
            left -= len(await reader.read(AT_ONCE))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BODY)
        for _ in range(BODY // AT_ONCE):
            writer.write(piece)
            await writer.drain()

    async def run() -> int:
        async with bytes_at(speaks) as target, proxy(target, tmp_path) as (url, pid):
            reader, writer = await connected(url)
            before = memory(pid)
            writer.write(b"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % BODY)
            for _ in range(BODY // AT_ONCE):
                writer.write(piece)
                await writer.drain()
            await reader.readuntil(b"\r\n\r\n")
            left = BODY
            while left:
                left -= len(await reader.read(AT_ONCE))
            writer.close()
            return memory(pid) - before

    assert asyncio.run(run()) < FLAT


def test_a_request_takes_little_of_the_processor(tmp_path: Path) -> None:
    """With the headers that a browser sends, half of the requests over a connection of their own."""
    token = f"eyJhbGciOiJIUzI1NiJ9.{'e' * 500}.{'s' * 43}"
    headers = "".join(f"X-Header-{n}: some value or other\r\n" for n in range(15))
    get = f"GET /contacts?limit=1000 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n{headers}\r\n".encode()

    async def speaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(OK)

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(get)
        await reader.readexactly(len(OK))

    async def run() -> float:
        async with bytes_at(speaks) as target, proxy(target, tmp_path) as (url, pid):
            kept = await connected(url)
            await ask(*kept)
            before = cpu(pid)
            for _ in range(REQUESTS // 2):
                await ask(*kept)
                own = await connected(url)
                await ask(*own)
                own[1].close()
            kept[1].close()
            return (cpu(pid) - before) / REQUESTS

    assert asyncio.run(run()) < CPU


def test_a_websocket_goes_on_for_long(tmp_path: Path) -> None:
    """Messages of many sizes come back as they were, in order, spoken by a library that nobody here wrote."""

    async def echo(socket: ServerConnection) -> None:
        async for message in socket:
            await socket.send(message)

    async def run() -> None:
        async with serve(echo, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with (
                proxy(f"http://127.0.0.1:{port}", tmp_path) as (url, _),
                connect(url.replace("http", "ws"), proxy=None) as socket,
            ):
                for n in range(MESSAGES):
                    sent = bytes([n % 256]) * (n % 700) if n % 2 else f"{n}" * (n % 300)
                    await socket.send(sent)
                    assert await socket.recv() == sent

    asyncio.run(run())
