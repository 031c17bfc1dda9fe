"""The whole API fuzzed from its own OpenAPI, in process: whatever is sent by whomever, no answer is a 5xx."""

import sys
from collections import deque
from collections.abc import Callable
from functools import cache
from typing import Any

import httpx
import pytest
from holding import held
from hostile import Sent
from hypothesis import HealthCheck, given, settings
from mocks import Mock
from mocks import run as now
from throwing import hold, use
from virtual import run

MOCK = Mock(anonymous=True)
API: Any = MOCK.app.app
ROUTES = [(path, method) for path, methods in API.openapi()["paths"].items() for method in methods]
every_route = pytest.mark.parametrize(("path", "method"), ROUTES, ids=[f"{m.upper()} {path}" for path, m in ROUTES])
NOBODY, WRONG = "", "a.b.c"
CALLERS = 4  # nobody, a user, an admin, and somebody with a wrong token
ROOM = 5_000_000  # bytes that any number of requests may add
HEALTH = list(HealthCheck)
FEW = settings(max_examples=6, deadline=None, derandomize=True, database=None, suppress_health_check=HEALTH)
MANY = settings(max_examples=600, deadline=None, suppress_health_check=HEALTH)  # 26 routes take any: 60,000 requests


@cache
def schema() -> Any:
    """The API as it says of itself, read by a library that takes half a second to load."""
    import schemathesis

    return schemathesis.openapi.from_dict(API.openapi())


def signed_in(mock: Mock) -> str:
    """A token of an account as if nobody had touched it: a case may have changed its password, or deleted it."""
    realm = mock.realm()
    for account in now(realm.accounts.everyone()):
        now(realm.sign_out_everywhere(account))
        now(realm.accounts.remove(account))
    token: str = mock.sign_in()["access_token"]
    return token


def sendable(case: Any) -> Sent | None:
    """The case as a request; None if no client can send it."""
    asked = case.as_transport_kwargs(base_url="http://127.0.0.1")
    what = {
        "content" if name == "data" else name: asked.get(name) for name in ("method", "url", "params", "json", "data")
    }
    try:
        request = httpx.Request(**what, headers=asked.get("headers") or {})
    except (httpx.InvalidURL, UnicodeError):
        return None
    headers = tuple((name.lower(), value) for name, value in request.headers.raw if name.lower() != b"authorization")
    return Sent(request.method, request.url.raw_path.decode("latin-1"), request.read(), headers)


def throw(mock: Mock, sent: Sent, user: str, admin: str) -> None:
    """Send it as nobody, a user, an admin, and somebody with a wrong token; use what came of it."""

    async def thrown() -> None:
        accepted = [await hold(mock, sent, token) for token in (NOBODY, user, admin, WRONG)]
        if any(accepted) and sent.method != "GET":
            await use(mock, user, admin)

    run(thrown())


def fuzz(case: Any) -> None:
    """Throw the case."""
    if (sent := sendable(case)) is not None:
        throw(MOCK, sent, signed_in(MOCK), MOCK.realm().mint.service_key())


def search(operation: Any, how: settings, each: Callable[[Any], None] = fuzz) -> None:
    """Fuzz one route. Values at the edges of what its schema says are `test_hostile`'s, for every route alike."""
    drawn: Any = given(operation.as_strategy())
    searched: Any = how(drawn(each))
    searched()


def drawn_for(path: str, method: str) -> list[Sent]:
    """As many requests to a route as the deeper search sends."""
    every: list[Sent | None] = []

    def add(case: Any) -> None:
        every.append(sendable(case))

    search(schema()[path][method.upper()], MANY, add)
    return [sent for sent in every if sent is not None]


@every_route
def test_no_answer_is_a_server_error(path: str, method: str) -> None:
    search(schema()[path][method.upper()], FEW)


@pytest.mark.slow
@every_route
def test_no_answer_is_a_server_error_searched_deeper(path: str, method: str) -> None:
    search(schema()[path][method.upper()], MANY)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is told by glibc")
def test_the_deeper_search_leaves_memory_as_it_was() -> None:
    """From its first request on. They are drawn beforehand, since whoever draws remembers; a route has one sign-in,
    whose access token is remembered for as long as it is valid.
    """
    drawn = [drawn_for(path, method) for path, method in ROUTES]
    assert CALLERS * sum(map(len, drawn)) > 60_000
    mock = Mock(anonymous=True)
    mock.ledger.entries = deque(maxlen=1000)  # as `serve --kept 1000`
    before = held()
    for requests in drawn:
        user, admin = signed_in(mock), mock.realm().mint.service_key()
        for sent in requests:
            throw(mock, sent, user, admin)
    assert held() - before < ROOM


def test_the_fuzz_would_see_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A route that raises is a failure of the test, not an answer."""

    def broken(*_: Any) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr("race401.mock_api.api.supabase.signup.checked_email", broken)
    with pytest.raises(RuntimeError, match="planted"):
        fuzz(schema()["/auth/v1/signup"]["POST"].Case(body={"email": "a@b.cd", "password": "correct horse"}))
    monkeypatch.setattr("race401.mock_api.api.control.sessions.checked_email", broken)
    with pytest.raises(RuntimeError, match="planted"):
        fuzz(schema()["/_race401/sessions"]["POST"].Case(body={"email": "a@b.cd", "password": "correct horse"}))
