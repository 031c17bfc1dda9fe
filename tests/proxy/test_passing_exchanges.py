"""An exchange on its way through the proxy: its answer is read, and passes as it is."""

import asyncio
import gzip
from pathlib import Path
from typing import Any

import pytest
from passing import PAIR, REFRESH, ok, post, request, through
from proxied import Speaks

from race401.harness.proxy.watch import LONGEST
from race401.ledger.entry import Entry


def token_endpoint(answer: bytes, got: list[bytes]) -> Speaks:
    """A target that answers one exchange so."""

    async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await request(reader))
        await reader.readuntil(b"r1")
        writer.write(answer)

    return target


def exchanged(folder: Path, answer: bytes, more: bytes = b"", **about: Any) -> tuple[Entry, list[bytes]]:
    """What is recorded of an exchange, and what head the target got of it."""
    got: list[bytes] = []

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(post(b"/oauth/token", REFRESH, more))
        assert await reader.read() == answer

    (entry,) = through(folder, token_endpoint(answer, got), client, **about)
    return entry, got


def test_a_token_endpoint_is_asked_to_answer_in_the_clear(tmp_path: Path) -> None:
    """Since its answer is read; of any other header, nothing changes. One that compresses all the same is read."""
    for number, (more, answer) in enumerate(
        [
            (b"", ok(PAIR)),
            (b"accept-encoding: br, zstd\r\n", ok(PAIR)),
            (b"Accept-Encoding: gzip\r\n", ok(gzip.compress(PAIR), b"Content-Encoding: gzip\r\n")),
            (b"", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3f\r\n" + PAIR + b"\r\n0\r\n\r\n"),
        ]
    ):
        (tmp_path / str(number)).mkdir()
        entry, (got,) = exchanged(tmp_path / str(number), answer, more)
        assert got.lower().count(b"accept-encoding: identity\r\n") == got.lower().count(b"accept-encoding") == 1
        assert (entry.kind, entry.grant_outcome, entry.brought_refresh is None) == ("exchange", "rotated", False)


@pytest.mark.parametrize(
    "answer",
    [
        ok(b"\x00", b"Content-Encoding: br\r\n"),
        ok(b"not gzip", b"Content-Encoding: gzip\r\n"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + PAIR[:20],
        ok(PAIR[:-1] + b', "pad": "' + b"x" * LONGEST + b'"}'),
    ],
)
def test_what_a_token_endpoint_says_and_cannot_be_read_is_said_to_be_so(tmp_path: Path, answer: bytes) -> None:
    """In a compression that nobody asked for, broken, torn, too long: it passes all the same."""
    assert exchanged(tmp_path, answer)[0].grant_outcome == "unread"


def test_a_target_below_a_path(tmp_path: Path) -> None:
    entry, (got,) = exchanged(tmp_path, ok(PAIR), below="/base/")
    assert got.startswith(b"POST /base/oauth/token HTTP/1.1\r\n")
    assert entry.target == "/oauth/token"
