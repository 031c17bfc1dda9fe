"""The same bytes past the proxy and through it, both ways."""

import asyncio
import ssl

import httpx
from proxied import connected
from rawtraffic import HOST


def authority(url: str) -> bytes:
    """What a client of that URL says in `Host`."""
    return httpx.URL(url).netloc.rjust(len(HOST), b" ")


class Scripted:
    """A target that waits for so many bytes, answers with these, and ends."""

    def __init__(self) -> None:
        self.size, self.answer, self.got = 0, b"", b""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Play one connection."""
        try:
            self.got = await reader.readexactly(self.size)
        except asyncio.IncompleteReadError as error:
            self.got = error.partial
        writer.write(self.answer)
        await writer.drain()


async def exchange(url: str, sent: bytes, tls: ssl.SSLContext | None) -> bytes:
    """Send bytes, and nothing more; return what comes until the other side ends. TLS has no half-closed end."""
    reader, writer = await connected(url, tls)
    writer.write(sent)
    if writer.can_write_eof():
        writer.write_eof()
    told = await reader.read()
    writer.close()
    return told


async def both_ways(
    target: str, proxy: str, scripted: Scripted, case: tuple[bytes, bytes], tls: ssl.SSLContext | None = None
) -> list[tuple[bytes, bytes]]:
    """What the target got and the client was answered, past the proxy and through it; hosts made equal.

    `tls`: what the client speaks, where a URL is https.
    """
    request, scripted.answer = case
    seen = []
    for url in (target, proxy):
        sent = request.replace(HOST, authority(url))
        scripted.size = len(sent)
        told = await exchange(url, sent, tls)
        got = scripted.got.replace(authority(target), HOST).replace(authority(proxy), HOST)
        seen.append((got, told))
    return seen
