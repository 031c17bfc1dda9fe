"""Faults: each strikes as it says, and the ledger says so; the broken connections are real ones."""

import contextlib
import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from bounds import HANG
from locustruns import served_mock
from mocks import NOW, WHO, Mock

from race401.ledger.entry import Entry, received
from race401.mock_api.races.armed_faults import ArmedFaults
from race401.mock_api.races.fault import Delay, Fault, Refuse, Status
from race401.mock_api.races.matching import Match

REFRESH = "/auth/v1/token?grant_type=refresh_token"


def entry(target: str = "/contacts", **fields: Any) -> Entry:
    """An entry whose answer is being made."""
    made = received("supabase", "GET", target, NOW)
    made.family, made.generation = "family", 0
    for name, value in fields.items():
        setattr(made, name, value)
    return made


class World:
    """Faults on a clock that the test holds."""

    def __init__(self, *faults: Fault) -> None:
        self.now = NOW
        self.faults = ArmedFaults(lambda: self.now)
        self.armed = [self.faults.arm(fault) for fault in faults]

    def fails(self, n: int = 1) -> list[bool]:
        """Whether each of n requests meets something else than its answer."""
        return [self.faults.instead(entry()) is not None for _ in range(n)]


def test_times_and_nth() -> None:
    assert World(Status(status=503, times=2)).fails(4) == [True, True, False, False]
    assert World(Status(status=503, which=Match(nth=2))).fails(3) == [False, True, False]


def test_for_s_begins_with_the_first_strike() -> None:
    world = World(Status(status=503, for_s=2.0))
    world.now += 100
    assert world.fails() == [True]
    world.now += 1.9
    assert world.fails() == [True]
    world.now += 0.1
    assert world.fails() == [False]


def test_chance_is_seeded() -> None:
    half = Status(status=503, probability=0.5, seed=7)
    first, again = World(half).fails(200), World(half).fails(200)
    assert first == again
    assert 60 < sum(first) < 140
    assert World(Status(status=503, probability=0.5, seed=8)).fails(200) != first


@pytest.mark.parametrize(
    ("delay", "least", "middle", "most"),
    [
        (Delay(fixed_s=0.2), 0.2, 0.2, 0.2),
        (Delay(uniform_s=(0.1, 0.3)), 0.1, 0.2, 0.3),
        (Delay(lognormal_s=(0.2, 2.0)), 0.005, 0.2, 10.0),
    ],
)
def test_delays_are_distributed_as_said(delay: Delay, least: float, middle: float, most: float) -> None:
    world = World(delay)
    drawn = sorted(world.faults.delay("answer", entry()) for _ in range(1001))
    assert least <= drawn[0] <= drawn[-1] <= most
    assert drawn[500] == pytest.approx(middle, rel=0.15)
    if delay.lognormal_s is not None:
        assert sum(each > 2.0 for each in drawn) in range(2, 25), "one in a hundred is above the 99th percentile"
    assert world.faults.delay("arrive", entry()) == 0


def test_a_generation_that_is_refused() -> None:
    world = World(Refuse())
    assert world.faults.refuses(entry(generation=3)), "the one that the family has now"
    assert world.faults.refuses(entry(generation=2))
    assert not world.faults.refuses(entry(generation=4))
    assert world.faults.refuses(entry(family="another", generation=5))
    assert not World(Refuse(generation=1)).faults.refuses(entry(generation=2))


def test_a_refused_generation_on_the_wire() -> None:
    mock = Mock()
    session = mock.sign_in(remaining_s=30)
    armed = mock.client.post("/_race401/faults", json={"kind": "refuse"}).json()
    answer = mock.get("/contacts", session["access_token"])
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith('Bearer error="invalid_token"')
    assert (mock.last.cause, mock.last.fault) == ("generation_refused", "refuse")
    renewed = mock.refresh(session["refresh_token"]).json()
    assert mock.get("/contacts", renewed["access_token"]).status_code == 200
    assert mock.client.get("/_race401/faults").json()[0]["hits"] == 1
    assert mock.client.delete(f"/_race401/faults/{armed['id']}").status_code == 204
    assert mock.get("/contacts", session["access_token"]).status_code == 200


@pytest.mark.parametrize("kind", ["status", "cut"])
def test_what_is_struck_is_known_by_its_token(kind: str) -> None:
    """The ledger says whose request it was, although nobody served it; a token that is none says nothing."""
    mock = Mock()
    session = mock.sign_in()
    assert mock.get("/contacts", session["access_token"]).status_code == 200
    whose = mock.last.family, mock.last.generation
    fault = {"kind": "status", "status": 503} if kind == "status" else {"kind": "cut", "where": "arrive"}
    mock.client.post("/_race401/faults", json=fault)
    for token, told in ((session["access_token"], whose), ("nonsense", (None, None))):
        with contextlib.suppress(ConnectionResetError):
            mock.get("/contacts", token)
        assert mock.last.fault is not None
        assert (mock.last.family, mock.last.generation) == told


@pytest.mark.parametrize(("status", "code"), [(429, "over_request_rate_limit"), (503, "unexpected_failure")])
def test_a_status_speaks_as_the_version_that_was_asked_for(status: int, code: str) -> None:
    mock = Mock()
    mock.client.post("/_race401/faults", json={"kind": "status", "status": status})
    older = mock.client.post(REFRESH)
    assert (older.json()["code"], older.json()["error_code"]) == (status, code)
    assert older.headers["x-sb-error-code"] == code
    assert "x-supabase-api-version" not in older.headers
    newer = mock.client.post(REFRESH, headers={"X-Supabase-Api-Version": "2024-01-01"})
    assert (newer.status_code, sorted(newer.json()), newer.json()["code"]) == (status, ["code", "message"], code)
    assert newer.headers["x-supabase-api-version"] == "2024-01-01"


def test_a_token_endpoint_that_limits_the_rate() -> None:
    mock = Mock()
    session = mock.sign_in()
    fault = {"kind": "status", "status": 429, "retry_after_s": 3, "name": "limit", "which": {"request": "exchange"}}
    mock.client.post("/_race401/faults", json=fault)
    answer = mock.refresh(session["refresh_token"])
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
    assert answer.json()["error_code"] == "over_request_rate_limit"
    assert (mock.last.cause, mock.last.fault, mock.last.grant_outcome) == ("fault", "limit", "rate_limited")
    assert mock.get("/contacts", session["access_token"]).status_code == 200
    mock.client.delete("/_race401/faults")
    assert mock.refresh(session["refresh_token"]).status_code == 200, "nothing had been decided"


def test_two_faults_at_one_request_are_both_told() -> None:
    struck = entry()
    world = World(Delay(fixed_s=0.1, at="arrive"), Status(status=500))
    world.faults.delay("arrive", struck)
    world.faults.instead(struck)
    assert struck.fault == "delay+status"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"kind": "fire"}, "Invalid value 'fire' - at `$.kind`"),
        ({"kind": "status"}, "missing required field `status`"),
        ({"kind": "status", "status": 200}, "Expected `int` >= 400 - at `$.status`"),
        ({"kind": "cut", "wher": "body"}, "unknown field `wher`"),
        ({"kind": "refuse", "probability": 2}, "Expected `float` <= 1.0 - at `$.probability`"),
        ({"kind": "delay", "fixed_s": 1, "uniform_s": [1, 2]}, "one of fixed_s, uniform_s and lognormal_s"),
    ],
)
def test_what_is_no_fault_is_refused(fault: dict[str, Any], said: str) -> None:
    answer = Mock().client.post("/_race401/faults", json=fault)
    assert answer.status_code == 422
    assert said in answer.json()["message"]


@pytest.fixture(scope="module")
def served() -> Iterator[httpx.Client]:
    """A client of a mock over a socket."""
    with served_mock() as url, httpx.Client(base_url=url, trust_env=False) as client:
        yield client


def answered(url: httpx.URL, target: str, body: bytes) -> tuple[bytes, type[Exception] | None]:
    """Every byte of an answer, and how the connection ended; None: as it should."""
    head = f"POST {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    got = b""
    with socket.create_connection((url.host, url.port or 80), timeout=HANG) as connection:
        connection.sendall(head.encode() + body)
        try:
            while piece := connection.recv(65536):
                got += piece
        except OSError as error:
            return got, type(error)
    return got, None


@pytest.mark.parametrize(
    ("where", "outcome", "status"),
    [("arrive", None, 0), ("answer", "rotated", 0), ("headers", "rotated", 0), ("body", "rotated", 200)],
)
def test_a_connection_is_reset(served: httpx.Client, where: str, outcome: str | None, status: int) -> None:
    session = served.post("/_race401/sessions", json=WHO).json()
    served.post("/_race401/faults", json={"kind": "cut", "where": where}).raise_for_status()
    body = json.dumps({"refresh_token": session["refresh_token"]}).encode()
    got, ended = answered(served.base_url, REFRESH, body)
    served.delete("/_race401/faults")
    assert ended is ConnectionResetError
    assert got.startswith(b"HTTP/1.1 200 OK") == (where in ("headers", "body"))
    assert (b"\r\n\r\n" in got) == (b'"access_token"' in got) == (where == "body")
    told = json.loads(served.get("/_race401/ledger").text.splitlines()[-1])
    assert [told[name] for name in ("fault", "grant_outcome", "status")] == [f"cut-{where}", outcome, status]
    after = served.post(REFRESH, json={"refresh_token": session["refresh_token"]})
    assert after.status_code == 200
    told = json.loads(served.get("/_race401/ledger").text.splitlines()[-1])
    assert told["grant_outcome"] == ("rotated" if where == "arrive" else "reuse_tolerated")


def test_an_answer_that_never_comes(served: httpx.Client) -> None:
    served.post("/_race401/faults", json={"kind": "cut", "silent": True, "times": 1})
    with pytest.raises(httpx.ReadTimeout):
        served.get("/contacts", timeout=httpx.Timeout(HANG, read=0.2))
    assert served.get("/contacts").status_code == 401


def test_a_redirect_leads_to_another_path_of_the_same_client() -> None:
    """The ledger links the two by their `redirect`; near miss: a request for another path."""
    mock = Mock()
    tokens = mock.sign_in()
    moved = {"kind": "redirect", "to": "/messages", "which": {"target": "/contacts*"}}
    assert mock.client.post("/_race401/faults", json=moved).status_code == 201
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    answer = mock.client.get("/supabase/~me/contacts?limit=1", headers=headers, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, "/supabase/~me/messages")
    assert mock.client.get(answer.headers["location"], headers=headers).status_code == 200
    mock.client.get("/supabase/~me/persona-notes", headers=headers)
    first, second, other = [e for e in mock.ledger.entries if e.client == "me"]
    assert first.redirect == second.redirect is not None
    assert other.redirect is None


@pytest.mark.parametrize("to", ["/é\r\nx: y", "", "\ud7ff", "//elsewhere.example.org"])
def test_a_redirect_to_anything_is_one_line_and_stays_here(to: str) -> None:
    """Whatever somebody wrote there."""
    mock = Mock()
    assert mock.client.post("/_race401/faults", json={"kind": "redirect", "to": to}).status_code == 201
    answer = mock.client.get("/supabase/~me/contacts", follow_redirects=False)
    assert answer.status_code == 307
    assert answer.headers["location"].startswith("/supabase/~me")
    assert not {"\r", "\n"} & set(answer.headers["location"])
