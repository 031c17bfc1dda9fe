"""Send requests to the mock's app in this process and print, in MB, by how much its memory has grown.

Of a hundred, one refreshes, nine read with a valid token, and ninety are refused by the guard alone, so that a
million take seconds and not minutes. Each has a client, an attempt and a query of its own: nothing is shared.
"""

import asyncio
import gc
import json
import os
import sys
from pathlib import Path
from typing import Any

from race401.mock_api.app import create_app

Headers = list[tuple[bytes, bytes]]


def resident() -> float:
    """Return MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def ask(app: Any, method: str, target: str, body: bytes = b"", headers: Headers | None = None) -> bytes:
    """Return the body of the answer."""
    path, _, query = target.partition("?")
    told: list[bytes] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        told.append(message.get("body", b""))

    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode()}
    scope |= {"headers": [(b"host", b"localhost"), *(headers or [])], "client": ("127.0.0.1", 0)}
    await app(scope, receive, send)
    return b"".join(told)


async def soak(requests: int) -> float:
    """Return by how many MB the memory has grown since the first thousand requests."""
    app = create_app()
    who = json.dumps({"email": "soak@race401.test", "password": "race401-bench"}).encode()
    session = json.loads(await ask(app, "POST", "/_race401/sessions", who, [(b"content-type", b"application/json")]))
    before = 0.0
    for n in range(requests):
        if n == 1000:
            gc.collect()
            before = resident()
        headers = [(b"x-race401-client", b"run/soak/%d" % n), (b"x-race401-attempt", b"run/soak/%d#1.1" % n)]
        if n % 100 == 0:
            body = json.dumps({"refresh_token": session["refresh_token"]}).encode()
            told = await ask(app, "POST", "/auth/v1/token?grant_type=refresh_token", body, headers)
            session = json.loads(told)
        elif n % 10 == 0:
            headers.append((b"authorization", f"Bearer {session['access_token']}".encode()))
            await ask(app, "GET", f"/me/entitlements?n={n}", b"", headers)
        else:
            await ask(app, "GET", f"/messages?n={n}", b"", headers)
    gc.collect()
    return resident() - before


if __name__ == "__main__":
    print(f"{asyncio.run(soak(int(sys.argv[1]))):.1f}")
