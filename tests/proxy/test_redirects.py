"""A redirect that leads around the proxy is said, once: what comes after it would not be recorded."""

import asyncio
import re
from pathlib import Path

import pytest
from bounds import HANG
from passing import request
from proxied import bytes_at, connected, proxy_at

REDIRECTS = {
    "http://{target}/login?next=1": True,
    "//{target}/login": True,
    "/login": False,
    "http://elsewhere.example/login": False,
    "http://[": False,
}


@pytest.mark.parametrize(("location", "pointed_out"), REDIRECTS.items())
def test_a_redirect_around_the_proxy_is_pointed_out_once(tmp_path: Path, location: str, *, pointed_out: bool) -> None:
    """An absolute one to the target itself; it passes unchanged, and so does one that is no address at all."""
    lines: list[str] = []

    async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while host := re.search(rb"Host: (\S+)", await request(reader)):
            to = location.format(target=host[1].decode()).encode()
            writer.write(b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % to)

    async def run() -> str:
        async with asyncio.timeout(HANG), bytes_at(target) as url:
            authority = url.removeprefix("http://")
            async with proxy_at(url, tmp_path / "traffic.jsonl", said=lines, around={authority}) as proxy:
                reader, writer = await connected(proxy)
                for _ in range(2):
                    writer.write(b"GET /app HTTP/1.1\r\nHost: proxy\r\n\r\n")
                    assert location.format(target=authority).encode() in await request(reader)
                writer.close()
            return authority

    authority = asyncio.run(run())
    said = f"GET /app redirects to {authority}, around the proxy; --rewrite keeps clients here"
    assert lines == ([said] if pointed_out else [])
