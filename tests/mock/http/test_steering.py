"""Who may steer the mock: by address, key, name of the host, origin and kind of body."""

import asyncio

import httpx
import pytest
from doors import ELSEWHERE, KEY, Served, spelled
from locustruns import served_mock

from race401.mock_api.http.lock import Lock, is_loopback

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
