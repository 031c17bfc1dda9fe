"""A client that says nothing more is waited for so long and no longer, whatever part of a request it owes."""

import asyncio
from typing import Any

import pytest
import uvicorn
from doors import Line
from uvicorn.server import ServerState
from virtual import run

from race401.mock_api.app import create_app
from race401.mock_api.http.wire import Protocol
from race401.mock_api.process.serving import KEEP_ALIVE, SETTINGS

HEAD = b"POST /auth/v1/signup HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
SAID = {
    "nothing": b"",
    "half a line": HEAD[:9],
    "half a head": HEAD,
    "a head": HEAD + b"content-length: 9\r\n\r\n",
    "half a body": HEAD + b"content-length: 9\r\n\r\n{",
    "half a chunk": HEAD + b"transfer-encoding: chunked\r\n\r\n9\r\n{",
}


class Ended(Line):
    """A connection that the server can end."""

    ended = False

    def is_closing(self) -> bool:
        """Tell whether it was ended."""
        return self.ended

    def close(self) -> None:
        """End it."""
        self.ended = True


def connected() -> tuple[Protocol, Any]:
    """A connection of the mock, as its server sets it up."""
    config = uvicorn.Config(create_app(), **SETTINGS, interface="asgi3")
    config.load()
    protocol, line = Protocol(config, ServerState(), {}), Ended("127.0.0.1")
    protocol.connection_made(line)
    return protocol, line


@pytest.mark.parametrize("said", SAID)
def test_a_stalled_request_ends_its_connection(said: str) -> None:
    async def stalled() -> None:
        protocol, line = connected()
        if SAID[said]:
            protocol.data_received(SAID[said])
        await asyncio.sleep(KEEP_ALIVE - 1)
        assert not line.ended
        await asyncio.sleep(2)
        assert line.ended
        protocol.connection_lost(None)
        await asyncio.gather(*protocol.tasks)

    run(stalled())


def test_each_piece_begins_the_wait_anew() -> None:
    async def slow() -> None:
        protocol, line = connected()
        for piece in (HEAD[:9], HEAD[9:], b"content-length: 9\r\n\r\n", b"{"):
            protocol.data_received(piece)
            await asyncio.sleep(KEEP_ALIVE - 1)
            assert not line.ended
        await asyncio.sleep(2)
        assert line.ended
        protocol.connection_lost(None)
        await asyncio.gather(*protocol.tasks)

    run(slow())


def test_one_that_is_waited_for_longer_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Protocol, "_arm", lambda _: None)
    with pytest.raises(AssertionError, match="ended"):
        test_a_stalled_request_ends_its_connection("half a head")
