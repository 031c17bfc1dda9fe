"""The proxy passes everything on: whatever is sent through it arrives, byte for byte, as it does past it."""

import asyncio
import ssl
from pathlib import Path

import pytest
from bothways import Scripted, both_ways
from bounds import HANG
from certificates import certificate
from hypothesis import example, given
from hypothesis import strategies as st
from proxied import bytes_at, connected, proxy_at
from rawtraffic import HOST, corpus

from race401.harness.proxy.framing import Framing, Piece
from race401.harness.proxy.heads import Answer, Request, is_answer, is_request

CASES = corpus()
NO_TOKEN = next(
    case for case in CASES if case[0].startswith(b"G@T ")
)  # no method (RFC 9110 s.9.1), in a readable line


def test_each_request_and_each_answer_arrives_byte_for_byte(tmp_path: Path) -> None:
    """Past the proxy and through it, hostile ones too. Only `Host` names another host, as it must."""

    async def run() -> list[tuple[bytes, bytes]]:
        scripted = Scripted()
        async with bytes_at(scripted) as target, proxy_at(target, tmp_path / "traffic.jsonl") as proxy:
            differ = []
            for case in CASES:
                async with asyncio.timeout(HANG):
                    past, through = await both_ways(target, proxy, scripted, case)
                if past != through:
                    differ.append(case)
            return differ

    assert len(CASES) >= 300
    assert asyncio.run(run()) == []


@pytest.mark.slow
def test_the_same_over_tls(tmp_path: Path) -> None:
    """What the proxy speaks to its clients; a request whose head is not whole waits there for ever."""
    made = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made)
    trusting = ssl.create_default_context(cafile=made)
    trusting.check_hostname = False
    whole = [case for case in CASES if not _held(case[0])]

    async def run() -> list[tuple[bytes, bytes]]:
        scripted, ledger = Scripted(), tmp_path / "traffic.jsonl"
        async with bytes_at(scripted) as target, proxy_at(target, ledger, tls=context) as proxy:
            differ = []
            for case in whole:
                async with asyncio.timeout(HANG):
                    past, through = await both_ways(target, proxy, scripted, case, trusting)
                if past != through:
                    differ.append(case)
            return differ

    assert len(whole) >= 290
    assert asyncio.run(run()) == []


def _held(request: bytes) -> bool:
    """Whether some of it is not passed on before more comes."""
    framing = Framing(lambda head: Request(head).length, is_request)
    return len(b"".join(piece.raw for piece in framing.feed(request))) < len(request)


def test_a_proxy_that_changed_one_byte_would_be_seen(tmp_path: Path) -> None:
    """The comparison itself: of a proxy that passes on all but one byte, one way or the other."""

    async def run(request: bytes, answer: bytes) -> bool:
        scripted = Scripted()

        async def changing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            its_reader, its_writer = await connected(target)
            its_writer.write((await reader.read()).replace(b"/a%2Fb", b"/a/b"))
            its_writer.write_eof()
            writer.write((await its_reader.read()).replace(b"x-a", b"X-A"))
            its_writer.close()

        async with bytes_at(scripted) as target, bytes_at(changing) as proxy:
            past, through = await both_ways(target, proxy, scripted, (request, answer))
            return past == through

    get = b"GET %s HTTP/1.1\r\nHost: " + HOST + b"\r\n\r\n"
    headers = b"HTTP/1.1 200 OK\r\nX-A: 1\r\n%s: 2\r\nContent-Length: 0\r\n\r\n"
    assert asyncio.run(run(get % b"/a", headers % b"X-A"))
    assert not asyncio.run(run(get % b"/a%2Fb", headers % b"X-A"))
    assert not asyncio.run(run(get % b"/a", headers % b"x-a"))


def followed(framing: Framing, parts: list[bytes]) -> tuple[bytes, list[Piece]]:
    """What passes on of bytes that come in these parts, and where messages end in them."""
    pieces = [piece for part in parts for piece in framing.feed(part)]
    return b"".join(piece.raw for piece in pieces) + framing.rest(), pieces


def split(raw: bytes, cuts: list[int]) -> list[bytes]:
    """The bytes in several parts."""
    at = sorted({cut % (len(raw) + 1) for cut in cuts})
    return [raw[a:b] for a, b in zip([0, *at], [*at, len(raw)], strict=True) if a < b]


@example(NO_TOKEN, [2])
@given(st.sampled_from(CASES), st.lists(st.integers(0, 1_000), max_size=8))
def test_bytes_pass_on_as_they_are_however_they_are_cut(case: tuple[bytes, bytes], cuts: list[int]) -> None:
    """In any parts, the same bytes pass on, and the same heads are seen in them."""
    request, answer = case
    for raw, of, may_be in (
        (request, lambda head: Request(head).length, is_request),
        (answer, lambda head: Answer(head).length("GET"), is_answer),
    ):
        whole, at_once = followed(Framing(of, may_be), [raw])
        again, in_parts = followed(Framing(of, may_be), split(raw, cuts))
        assert whole == again == raw
        assert [piece.raw for piece in at_once if piece.head] == [piece.raw for piece in in_parts if piece.head]
        assert sum(piece.ends for piece in at_once) == sum(piece.ends for piece in in_parts)
