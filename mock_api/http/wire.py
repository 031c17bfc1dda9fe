"""
The connection below the app: what no ASGI message can say.

uvicorn gives the app no way to break a connection, so the server's protocol puts the transport into the scope.
Where there is none (an app called in process), the app raises ConnectionResetError, as a broken wire would.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from race401.mock_api.races.fault import Cut

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

TRANSPORT = "race401.transport"  # in the scope's state
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, for 0 s: closing sends RST
UNDER_WAY = 0.02  # s, for what was written to reach the client before the reset


class Protocol(HttpToolsProtocol):
    """uvicorn's HTTP, whose connections can be broken from inside the app."""

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope.setdefault("state", {})[TRANSPORT] = self.transport


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
