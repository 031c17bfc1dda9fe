"""The lock of the control API: nobody steers from elsewhere without the key, and no web page from here."""

import asyncio
from collections.abc import Iterator
from itertools import product
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from locustruns import served_mock
from starlette.routing import Route
from uvicorn.server import ServerState

from race401.mock_api.app import create_app
from race401.mock_api.http.lock import Lock, is_loopback
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
        """What reaches a locked route, of every route under every prefix in every spelling."""
        locked = {route.endpoint for route in self.locked()}
        found = []
        for route, prefix, spelling in product(self.locked(), PREFIXES, spellings):
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


WITHOUT_THE_KEY: dict[str, tuple[str | None, str | None]] = {  # the mock's, and what is given
    "no key, none given": (None, None),
    "an empty key": ("", None),
    "an empty key, given": ("", ""),
    "none given": (KEY, None),
    "an empty one given": (KEY, ""),
    "a wrong one": (KEY, KEY[:-1]),
}
IN_EVERY_SPELLING = {"no key, none given", "a wrong one"}  # where it is enough to ask quickly


def walked(name: str, spellings: list[str]) -> list[str]:
    """The doors that are open to somebody from elsewhere."""
    key, given = WITHOUT_THE_KEY[name]
    return asyncio.run(Served(key).open_doors({} if given is None else {"X-Race401-Key": given}, spellings))


@pytest.mark.parametrize("name", WITHOUT_THE_KEY)
def test_from_elsewhere_nothing_but_the_key_reaches_a_control_route(name: str) -> None:
    """Every route that is not for everybody, a new one too, on whatever path is routed to it."""
    assert walked(name, SPELLINGS if name in IN_EVERY_SPELLING else PLAIN) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(WITHOUT_THE_KEY.keys() - IN_EVERY_SPELLING))
def test_nor_does_it_in_any_spelling(name: str) -> None:
    """The same for what is given instead of the key, however the path is written."""
    assert walked(name, SPELLINGS) == []


def test_the_key_reaches_every_one_of_them() -> None:
    """Else the walk above would prove nothing."""
    served = Served(KEY)
    ours = [f"{method} {route.path}" for route in served.locked() for method in route.methods or ()]
    with_it = {"X-Race401-Key": KEY, "Host": "mock.example", "Origin": "http://a.example"}
    doors = asyncio.run(served.open_doors(with_it, PLAIN))
    for prefix in ("", "/supabase", "/~x", "/rfc9700/~"):
        assert {each.replace(" ", f" {prefix}").replace("{", "").replace("}", "") for each in ours} <= set(doors)


def test_a_new_route_is_held_to_it() -> None:
    served = Served(None)

    async def planted() -> None:
        """Answer whoever asks."""

    served.api.add_api_route("/_admin", planted)
    doors = asyncio.run(served.open_doors({}, PLAIN))
    assert "GET /_admin" in doors
    assert "GET /supabase/~x/_admin" in doors


def test_a_guard_that_looks_before_it_strips_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the lock is there to prevent, planted."""
    served = Served(None)
    ours = served.guard._ours

    async def early(path: str, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].startswith("/_race401"):
            await ours(path, scope, receive, send)
        else:
            scope["path"] = path
            await served.api(scope, receive, send)

    monkeypatch.setattr(served.guard, "_ours", early)
    assert "GET /supabase/_race401" in asyncio.run(served.open_doors({}, PLAIN))


def test_the_pages_are_for_everybody_and_tell_what_the_source_does() -> None:
    """Routes and worlds; no key, and nothing of who has signed in."""
    served = Served(KEY)
    for page in PAGES:
        before, within = (asyncio.run(served.ask("GET", at + page, {"Host": "a.example"})) for at in ("", "/~x"))
        assert before.startswith(b"HTTP/1.1 200")
        assert before == within
        for realm in served.guard.realms.values():
            assert realm.service_key().encode() not in before
        assert KEY.encode() not in before
    assert not served.guard.ledger.entries


def test_the_servers_themselves_are_for_everybody() -> None:
    answer = asyncio.run(Served(KEY).ask("GET", "/contacts", {"Host": "a.example", "Origin": "http://b.example"}))
    assert answer.startswith(b"HTTP/1.1 401")


LOOPBACK = {"host": "127.0.0.1:8401"}


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("127.0.0.1", {"host": "localhost"}, 0),
        ("127.0.0.1", {"host": "LOCALHOST:8401"}, 0),
        ("127.8.9.1", {"host": "127.1.2.3:1"}, 0),
        ("::1", {"host": "[::1]:8401"}, 0),
        ("::ffff:127.0.0.1", {"host": "[::1]"}, 0),
        ("127.0.0.1", LOOPBACK | {"x-race401-key": "wrong"}, 0),
        ("127.0.0.1", {}, 403),
        ("127.0.0.1", {"host": ""}, 403),
        ("127.0.0.1", {"host": "evil.example"}, 403),
        ("127.0.0.1", {"host": "evil.example:8401"}, 403),
        ("127.0.0.1", {"host": "localhost.evil.example"}, 403),
        ("127.0.0.1", {"host": "127.0.0.1.evil.example"}, 403),
        ("127.0.0.1", {"host": "evil.example:80@127.0.0.1"}, 403),
        ("127.0.0.1", {"host": "[::1]evil.example"}, 403),
        ("127.0.0.1", {"host": "localhost:x"}, 403),
        ("127.0.0.1", {"host": "0.0.0.0:8401"}, 403),
        ("127.0.0.1", {"host": "192.0.2.1:8401"}, 403),
        ("127.0.0.1", {"host": "evil.example", "x-race401-key": "wrong"}, 403),
        ("127.0.0.1", {"host": "evil.example", "x-race401-key": KEY}, 0),
        ("127.0.0.1", LOOPBACK | {"origin": "http://127.0.0.1:8401"}, 0),
        ("127.0.0.1", LOOPBACK | {"origin": "http://127.0.0.1:3000"}, 403),
        ("127.0.0.1", LOOPBACK | {"origin": "http://localhost:8401"}, 403),
        ("127.0.0.1", LOOPBACK | {"origin": "https://127.0.0.1:8401"}, 403),
        ("127.0.0.1", LOOPBACK | {"origin": "https://evil.example"}, 403),
        ("127.0.0.1", LOOPBACK | {"origin": "null"}, 403),
        ("127.0.0.1", LOOPBACK | {"origin": ""}, 403),
        ("127.0.0.1", LOOPBACK | {"origin": "http://localhost:3000", "x-race401-key": KEY}, 0),
        (ELSEWHERE, {"host": "localhost"}, 403),
        (ELSEWHERE, {"host": "localhost", "x-race401-key": ""}, 403),
        (ELSEWHERE, {"host": "mock.example", "x-race401-key": KEY}, 0),
        (None, {"host": "localhost"}, 403),
        (None, {"host": "localhost", "x-race401-key": KEY}, 0),
        ("127.0.0.1", LOOPBACK | {"content-length": "0"}, 0),
        ("127.0.0.1", LOOPBACK | {"content-type": "application/json", "content-length": "2"}, 0),
        ("127.0.0.1", LOOPBACK | {"content-type": "Application/JSON; charset=utf-8", "content-length": "2"}, 0),
        ("127.0.0.1", LOOPBACK | {"content-length": "2"}, 415),
        ("127.0.0.1", LOOPBACK | {"transfer-encoding": "chunked"}, 415),
        ("127.0.0.1", LOOPBACK | {"content-type": "", "content-length": "2"}, 415),
        ("127.0.0.1", LOOPBACK | {"content-type": "text/plain", "content-length": "0"}, 415),
        ("127.0.0.1", LOOPBACK | {"content-type": "text/plain; application/json", "content-length": "2"}, 415),
        ("127.0.0.1", LOOPBACK | {"content-type": "application/x-www-form-urlencoded", "content-length": "2"}, 415),
        ("127.0.0.1", LOOPBACK | {"content-type": "application/toml", "content-length": "2"}, 415),
        (ELSEWHERE, {"x-race401-key": KEY, "content-type": "text/plain", "content-length": "2"}, 415),
    ],
)
def test_who_may_steer(peer: str | None, headers: dict[str, str], status: int) -> None:
    """Status 0: nothing is refused."""
    refused = Lock(KEY).refusal(peer, [(name.encode(), value.encode()) for name, value in headers.items()])
    assert (refused.status if refused is not None else 0) == status
    if status == 415:
        assert refused is not None
        assert refused.message.startswith("Content-Type: ")


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"])
def test_this_machine_alone(name: str) -> None:
    assert is_loopback(name)


@pytest.mark.parametrize("name", ["", "::", "127.evil.example", "127.1", "2130706433", "testclient", "::2"])
def test_not_this_machine_alone(name: str) -> None:
    assert not is_loopback(name)


def test_a_rebound_name_reads_no_key_and_sets_nothing() -> None:
    """A page whose own name came to mean 127.0.0.1: to the browser it is of one origin with the mock."""
    with served_mock() as url, httpx.Client(base_url=url, trust_env=False) as here:
        name = f"evil.example:{url.rpartition(':')[2]}"
        page = {"Host": name, "Origin": f"http://{name}"}
        keys = here.get("/_race401").json()["service_keys"].values()
        for headers in ({"Host": name}, page):
            for path in ("/_race401", "/supabase/~x/_race401"):
                answer = here.get(path, headers=headers)
                assert (answer.status_code, answer.json()["message"][:6]) == (403, "Host: ")
                assert not any(key in answer.text for key in keys)
            assert here.post("/_race401/faults", json={"kind": "refuse"}, headers=headers).status_code == 403
            assert here.post("/_race401/clock", json={"frozen": True}, headers=headers).status_code == 403
        assert here.get("/_race401/faults").json() == []
        assert here.get("/_race401/clock").json()["frozen"] is False


@pytest.mark.parametrize("origin", ["http://a.example", "null", "http://localhost:8401"])
def test_the_control_api_never_answers_cors(origin: str) -> None:
    """To no origin, on no route, whatever a browser asks first: its own origin needs no such answer."""
    served = Served(None, peer="127.0.0.1")
    asked = {"Host": "localhost:8401", "Origin": origin}
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    preflight["Access-Control-Request-Private-Network"] = "true"
    for route in served.locked():
        for method in (*(route.methods or ()), "OPTIONS"):
            for more in ({}, preflight):
                answer = asyncio.run(served.ask(method, spelled("{path}", route.path), asked | more))
                assert b"access-control-" not in answer.lower()
                assert (answer[9:12] == b"403") == (origin != "http://localhost:8401"), answer
