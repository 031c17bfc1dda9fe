"""The control API's doors: every locked route, behind uvicorn's own parser, in every spelling of its path."""

import asyncio
from collections.abc import Iterator
from itertools import product
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.routing import Route
from uvicorn.server import ServerState

from race401.mock_api.app import create_app
from race401.mock_api.http.wire import Protocol
from race401.mock_api.process.serving import SETTINGS

ELSEWHERE = "192.0.2.7"
KEY = "a-key-for-this-test"
FOR_EVERYBODY = {"resources", "auth", "oauth"}  # tags
PAGES = {"/docs", "/openapi.json"}  # what the source says, and the worlds' names
PREFIXES = ["", "/supabase", "/rfc9700", "/~x", "/~", "/supabase/~x", "/rfc9700/~", "/toctou/~a%20b", "/mars"]
SPELLINGS = [
    "{path}",
    "{path}/",
    "/{path}",
    "//{path}",
    "/.{path}",
    "/x/..{path}",
    "/%2e%2e{path}",
    "/%2F{path}",
    "{path}%0A",
    "{path}%00",
    "{path};x=1",
    "{path}?key=" + KEY,
    "{path}#x",
    "{path}%2F",
    "{escaped}",
    "{twice}",
    "{slashes}",
    "{upper}",
]
PLAIN = SPELLINGS[:1]


class Line(asyncio.Transport):
    """A connection from this address, as a server has it."""

    def __init__(self, peer: str) -> None:
        super().__init__({"peername": (peer, 40_000), "sockname": ("192.0.2.1", 8401)})
        self.sent = b""

    def write(self, data: Any) -> None:
        """Keep what the server says."""
        self.sent += data

    def is_closing(self) -> bool:
        """It never does."""
        return False

    def close(self) -> None:
        """Nothing is open."""

    def pause_reading(self) -> None:
        """All has been read."""

    resume_reading = pause_reading


class Served:
    """An app behind uvicorn's own parser, and which of its handlers each request reached."""

    def __init__(self, key: str | None, peer: str = ELSEWHERE) -> None:
        self.guard = create_app(control_key=key)
        assert isinstance(self.guard.app, FastAPI)
        self.api, self.peer = self.guard.app, peer
        self.reached: Any = None
        self._state = ServerState()
        self._config = uvicorn.Config(self._seen, **SETTINGS, interface="asgi3")
        self._config.load()

    async def _seen(self, scope: Any, receive: Any, send: Any) -> None:
        await self.guard(scope, receive, send)
        self.reached = scope.get("endpoint")

    async def ask(self, method: str, target: str, headers: dict[str, str]) -> bytes:
        """What is answered to these very bytes."""
        protocol, line = Protocol(self._config, self._state, {}), Line(self.peer)
        self.reached = None
        protocol.connection_made(line)
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        protocol.data_received("\r\n".join(lines).encode())
        await asyncio.gather(*self._state.tasks)
        if protocol.timeout_keep_alive_task is not None:
            protocol.timeout_keep_alive_task.cancel()
        return line.sent

    def locked(self) -> Iterator[Route]:
        """Every route but those that are for everybody."""
        for route in self.api.routes:
            assert isinstance(route, Route), f"{route}: the guard knows HTTP alone"
            if route.path not in PAGES and not FOR_EVERYBODY & set(getattr(route, "tags", ())):
                yield route

    async def open_doors(self, headers: dict[str, str], spellings: list[str] = SPELLINGS) -> list[str]:
        """What reaches a locked route, of every route under every prefix in every spelling.

        The others are taken away first: they cost most of the time, and what they take can reach no locked one.
        """
        routes = list(self.locked())
        self.api.router.routes[:] = routes
        locked = {route.endpoint for route in routes}
        found = []
        for route, prefix, spelling in product(routes, PREFIXES, spellings):
            assert route.methods is not None
            for method in route.methods:
                target = prefix + spelled(spelling, route.path)
                await self.ask(method, target, {"Host": "localhost", **headers})
                if self.reached in locked:
                    found.append(f"{method} {target}")
        return found


def spelled(spelling: str, path: str) -> str:
    """One way to write a path."""
    path = path.replace("{", "").replace("}", "")
    ways = {"escaped": path.replace("_", "%5F"), "twice": path.replace("_", "%255F"), "upper": path.upper()}
    return spelling.format(path=path, slashes=path.replace("/", "//"), **ways)
