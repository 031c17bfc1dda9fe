"""Transports that put a client and the mock into one process, without a socket, a server thread or a portal.

freezegun kills event loops in other threads, so the synchronous one drives the app to completion in the thread
that calls: every gate is free and suspends by a bare yield, so stepping the coroutine is all that it takes.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

import httpx

Message: TypeAlias = MutableMapping[str, Any]
App: TypeAlias = Callable[..., Awaitable[None]]

STEPS = 10_000  # far more than a request takes; an app that waits for something else is told so


class SyncTransport(httpx.BaseTransport):
    """Answer each request by stepping the app's coroutine here and now."""

    def __init__(self, app: App) -> None:
        self.app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Run the app; raise if it waits for anything but its turn."""
        body, sent = [request.read()], []

        async def receive() -> Message:
            return {"type": "http.request", "body": body.pop(), "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        running = self.app(_scope(request), receive, send).__await__()
        for _ in range(STEPS):
            try:
                next(running)
            except StopIteration:
                break
        else:
            raise RuntimeError("the app waits for something that no step brings; are its gates free?")
        return httpx.Response(
            sent[0]["status"],
            headers=sent[0]["headers"],
            content=b"".join(message.get("body", b"") for message in sent[1:]),
        )


def _scope(request: httpx.Request) -> Message:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": request.url.raw_path.split(b"?")[0],
        "query_string": request.url.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("127.0.0.1", 0),
        "server": (request.url.host, request.url.port),
        "state": {},
    }
