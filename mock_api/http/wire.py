"""
The connection below the app: what no ASGI message can say.

uvicorn gives the app no way to break a connection, so the server's protocol puts the transport into the scope.
Where there is none (an app called in process), the app raises ConnectionResetError, as a broken wire would.
"""

import asyncio
import logging
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from race401.mock_api.races.fault import Cut

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

TRANSPORT = "race401.transport"  # in the scope's state
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, for 0 s: closing sends RST
LARGEST_HEAD = 65_536  # bytes, of request line and headers; uvicorn's own limit for its other parser, h11
PIPELINED = 100  # requests that wait on one connection. ASSUMPTION: more than any client sends ahead
DROPPED = 256_000_000  # bytes of a body after its refusal; who sends more is cut off
HEAD_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
UNDER_WAY = 0.02  # s, for what was written to reach the client before the reset


def _is_an_error(record: logging.LogRecord) -> bool:
    """Return whether what uvicorn logs is one: a request that the end of the mock cuts off is none."""
    raised = record.exc_info[1] if record.exc_info else None
    return not isinstance(raised, asyncio.CancelledError) and "graceful shutdown" not in record.getMessage()


logging.getLogger("uvicorn.error").addFilter(_is_an_error)


class Protocol(HttpToolsProtocol):
    """uvicorn's HTTP, whose connections can be broken from inside the app, and which no client can make grow.

    uvicorn bounds neither a request's head, nor how many requests wait behind one that is served, nor how long it
    waits for the rest of one. A body that was refused is read to its end and dropped, so that the client comes to
    read the refusal.
    """

    _served: RequestResponseCycle | None = None  # the newest cycle is `cycle`, which may be queued behind this one
    _waited_for: object = None  # the scope of the request whose rest is awaited
    _came = 0  # bytes of that rest

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Wait for a request no longer than for the next one."""
        super().connection_made(transport)
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave no timer behind, and nothing that waits for this client."""
        self._unset_keepalive_if_required()
        self._give_up()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, and close."""
        super().send_400_response(msg)
        self._give_up()

    def on_message_begin(self) -> None:
        """Begin a request."""
        if len(self.pipeline) >= PIPELINED:
            raise ConnectionError("too many requests at once")  # the parser makes it a 400
        super().on_message_begin()
        self.scope.setdefault("state", {})[TRANSPORT] = self.transport

    def data_received(self, data: bytes) -> None:
        """Take what came; where a request is not whole yet, see that it is not for ever."""
        super().data_received(data)
        cycle = self.cycle
        headed = cycle is not None and cycle.scope is self.scope
        if (headed and not cycle.more_body) or self.transport.is_closing():
            return
        self._arm()
        if self._waited_for is not self.scope:
            self._waited_for, self._came = self.scope, 0
        self._came += len(data)
        if not headed and self._came > LARGEST_HEAD + len(data):  # of its first piece, some may be others'
            self.transport.write(HEAD_TOO_LARGE)
            self.transport.close()
            self._give_up()
        elif headed and cycle.response_complete and self._came > DROPPED:
            self.transport.close()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._served = cycle
        super()._start_asgi_task(cycle, app)

    def _give_up(self) -> None:
        """Tell the app that nobody hears it any more: uvicorn tells only the newest request's."""
        if self._served is not None:
            self._served.disconnected = True
            self._served.message_event.set()

    def _arm(self) -> None:
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)


def hung_up(scope: Message) -> bool:
    """Tell whether the client has closed its connection; of an app called in process nobody knows."""
    transport: asyncio.Transport | None = scope.get("state", {}).get(TRANSPORT)
    return transport is not None and transport.is_closing()


async def break_off(cut: Cut, scope: Message, receive: Receive, torn: bytes = b"") -> None:
    """Write the torn piece, reset the connection (or say nothing more), return when it has gone."""
    transport: asyncio.Transport | None = scope.get("state", {}).get(TRANSPORT)
    if transport is None:
        raise ConnectionResetError("the connection was broken on purpose")
    if torn:
        transport.write(torn)
    if not cut.silent:
        await asyncio.sleep(UNDER_WAY)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
