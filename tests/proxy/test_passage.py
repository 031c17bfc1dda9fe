"""Both ways at once: nothing waits for what has not come yet, and how either side ends reaches the other."""

import asyncio
import json
import ssl
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from bounds import HANG
from certificates import certificate
from passing import PAIR, REFRESH, ok, post, request, through
from proxied import bytes_at, connected, proxy_at

from race401.harness.judge.evidence import load
from race401.harness.judge.verdict import judge
from race401.harness.proxy import passage
from race401.harness.proxy.serving import target_of


def test_an_event_reaches_the_client_before_the_next_one_is_sent(tmp_path: Path) -> None:
    seen = asyncio.Event()

    async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        await seen.wait()
        writer.write(b"data: 2\n\n")

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET /events HTTP/1.1\r\nHost: proxy\r\n\r\n")
        await reader.readuntil(b"data: 1\n\n")
        assert load(tmp_path / "traffic.jsonl").entries[0].status == 200  # it is written before the answer leaves
        seen.set()
        assert await reader.read() == b"data: 2\n\n"

    assert [e.target for e in through(tmp_path, target, client)] == ["/events"]


def test_an_upload_reaches_the_target_while_it_is_sent(tmp_path: Path) -> None:
    seen = asyncio.Event()

    async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        assert await reader.readexactly(3) == b"one"
        seen.set()
        assert await reader.readexactly(3) == b"two"
        writer.write(ok(b"thanks"))

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"PUT /file HTTP/1.1\r\nHost: proxy\r\nContent-Length: 6\r\n\r\none")
        await seen.wait()
        writer.write(b"two")
        assert (await reader.read()).endswith(b"thanks")

    assert [e.body_length for e in through(tmp_path, target, client)] == [6]


def test_a_client_that_waits_to_be_told_to_go_on_is_told(tmp_path: Path) -> None:
    """`Expect: 100-continue`: at a token endpoint too, and there is one entry."""

    async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert b"Expect: 100-continue" in await request(reader)
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert await reader.readexactly(len(REFRESH)) == REFRESH
        writer.write(ok(PAIR))

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        whole = post(b"/oauth/token", REFRESH, b"Expect: 100-continue\r\n")
        writer.write(whole[: -len(REFRESH)])
        assert await request(reader) == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(REFRESH)
        assert (await reader.read()).endswith(PAIR)

    (entry,) = through(tmp_path, target, client)
    assert (entry.status, entry.kind, entry.grant_outcome) == (200, "exchange", "rotated")


def test_a_websocket_passes_both_ways(tmp_path: Path) -> None:
    """Once upgraded, a connection is no HTTP: one entry, whatever passes."""
    frames = bytes(range(256))

    async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x01a"
        )
        for _ in range(3):
            writer.write(await reader.readexactly(len(frames)))
        assert await reader.read() == b"GET / HTTP/1.1\r\n\r\n"
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET /ws HTTP/1.1\r\nHost: proxy\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert (await request(reader)).startswith(b"HTTP/1.1 101 ")
        assert await reader.readexactly(3) == b"\x81\x01a"
        for _ in range(3):
            writer.write(frames)
            assert await reader.readexactly(len(frames)) == frames
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        writer.write_eof()
        assert await reader.read() == b"HTTP/1.1 200 OK\r\n\r\n"

    assert [(e.target, e.status) for e in through(tmp_path, target, client)] == [("/ws", 101)]


def test_requests_of_one_connection_are_each_noted(tmp_path: Path) -> None:
    """One after another, and sent at once: each with its own answer."""

    async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for status in (b"200", b"401", b"404"):
            await request(reader)
            writer.write(b"HTTP/1.1 %s Why\r\nContent-Length: 0\r\n\r\n" % status)

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET /a HTTP/1.1\r\nHost: proxy\r\n\r\n")
        await request(reader)
        writer.write(b"GET /b HTTP/1.1\r\nHost: proxy\r\n\r\nGET /c HTTP/1.1\r\nHost: proxy\r\n\r\n")
        await request(reader)
        await request(reader)

    seen = [(e.target, e.status) for e in through(tmp_path, target, client)]
    assert seen == [("/a", 200), ("/b", 401), ("/c", 404)]


def test_a_client_that_hangs_up_is_marked_and_what_its_request_did_is_noted(tmp_path: Path) -> None:
    """The refresh was granted, and nobody got the tokens. One that stays is not marked."""
    ledger, hung_up = tmp_path / "traffic.jsonl", asyncio.Event()

    async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while b"\r\n\r\n" in (await reader.readuntil(REFRESH)):
            if not hung_up.is_set():
                assert await reader.read() == b""  # the target sees it end, as it would have
                hung_up.set()
            writer.write(ok(PAIR))

    async def run() -> None:
        async with (
            asyncio.timeout(HANG),
            bytes_at(target) as url,
            proxy_at(url, ledger) as proxy,
        ):
            _, writer = await connected(proxy)
            writer.write(post(b"/oauth/token", REFRESH))
            writer.close()
            await hung_up.wait()
            async with httpx.AsyncClient(base_url=proxy, trust_env=False) as client:
                await client.post("/oauth/token", content=REFRESH)

    asyncio.run(run())
    entries = sorted(load(ledger).entries, key=lambda e: e.received_at)
    assert [(e.hung_up, e.status, e.brought_refresh is None) for e in entries] == [
        (True, 200, False),
        (False, 200, False),
    ]


def test_a_client_that_asks_again_before_the_answer_on_which_it_hung_up(tmp_path: Path) -> None:
    """It had waited long enough, and the target was slower still: when it left is noted, so that this is no race."""
    ledger, hung_up, again = tmp_path / "traffic.jsonl", asyncio.Event(), asyncio.Event()

    async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(REFRESH)
        if hung_up.is_set():
            writer.write(ok(PAIR))
        else:
            assert await reader.read() == b""
            hung_up.set()
            await again.wait()
            writer.write(ok(PAIR))

    async def run() -> None:
        async with asyncio.timeout(HANG), bytes_at(target) as url, proxy_at(url, ledger) as proxy:
            _, writer = await connected(proxy)
            writer.write(post(b"/oauth/token", REFRESH))
            writer.close()
            await hung_up.wait()
            async with httpx.AsyncClient(base_url=proxy, trust_env=False) as client:
                await client.post("/oauth/token", content=REFRESH)
            again.set()

    asyncio.run(run())
    evidence = load(ledger)
    first, second = sorted(evidence.entries, key=lambda e: e.received_at)
    assert first.hung_up_at is not None
    assert (first.hung_up_at <= second.received_at < first.answered_at, second.hung_up_at) == (True, None)
    assert judge(evidence).rows[0].repeated_seqs == []


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
def test_a_target_that_breaks_off_breaks_the_client_off_and_is_noted(tmp_path: Path, answer: bytes) -> None:
    """Before any answer, or within one."""

    async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(answer)
        await writer.drain()
        passage._reset(writer)

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET /a HTTP/1.1\r\nHost: proxy\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            await reader.readexactly(1_000)

    (entry,) = through(tmp_path, target, client)
    assert (entry.status, entry.hung_up) == (200 if answer else 0, False)


def test_a_target_that_closes_without_an_answer_is_noted(tmp_path: Path) -> None:
    async def target(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await request(reader)

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET /a HTTP/1.1\r\nHost: proxy\r\n\r\n")
        assert await reader.read() == b""

    assert [(e.target, e.status, e.hung_up) for e in through(tmp_path, target, client)] == [("/a", 0, False)]


def test_what_is_no_request_is_noted_as_such(tmp_path: Path) -> None:
    """So that nobody takes it for nothing: the beginning of a TLS handshake, which waits for an answer."""

    async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(5) == b"\x16\x03\x01\x02\x00"
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x16\x03\x01\x02\x00")
        assert (await request(reader)).startswith(b"HTTP/1.1 400 ")

    assert [(e.method, e.kind, e.status) for e in through(tmp_path, target, client)] == [("?", "other", 400)]


def test_a_target_that_speaks_tls(tmp_path: Path) -> None:
    """Its certificate is checked: one of nobody known breaks the connection, and people are told why."""
    made = certificate(tmp_path)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(made)

    async def speaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(ok(b"over tls", b"Connection: close\r\n"))
        writer.close()

    async def run(trusted: Path | None) -> tuple[bytes, list[str]]:
        said: list[str] = []
        async with (
            asyncio.timeout(HANG),
            await asyncio.start_server(speaks, "127.0.0.1", 0, ssl=served) as server,
        ):
            url = httpx.URL(f"https://localhost:{server.sockets[0].getsockname()[1]}")
            target = target_of(url)
            if trusted is not None:
                target = replace(target, tls=ssl.create_default_context(cafile=trusted))
            async with proxy_at(str(url), tmp_path / "traffic.jsonl", said=said, target=target) as proxy:
                reader, writer = await connected(proxy)
                writer.write(b"GET / HTTP/1.1\r\nHost: proxy\r\n\r\n")
                try:
                    told = await reader.read()
                except ConnectionResetError:
                    told = b""
                writer.close()
        return told, said

    told, said = asyncio.run(run(made))
    assert told.endswith(b"over tls")
    assert said == []
    told, (line,) = asyncio.run(run(None))
    assert told == b""
    assert "certificate" in line.lower()
    assert [json.loads(line)["status"] for line in (tmp_path / "traffic.jsonl").read_text().splitlines()] == [200, 0]
