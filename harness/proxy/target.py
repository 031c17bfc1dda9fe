"""A target: where requests go, and over which connection."""

import asyncio
import ssl
from dataclasses import dataclass

AT_ONCE = 65_536  # bytes that a connection holds before somebody has read them
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True)
class Target:
    """
    Where requests go.

    `authority`: what `Host` says there; `prefix`: a path that comes before theirs; `world`: what entries call it.
    """

    host: str
    port: int
    authority: bytes
    world: str
    prefix: bytes = b""
    tls: ssl.SSLContext | None = None

    async def connect(self) -> Streams:
        """Open a connection. Raises OSError, as ssl.SSLError is one."""
        name = self.host if self.tls is not None else None
        return await asyncio.open_connection(self.host, self.port, ssl=self.tls, server_hostname=name, limit=AT_ONCE)
