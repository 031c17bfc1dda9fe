"""The whole API fuzzed from its own OpenAPI, in process: whatever is sent by whomever, no answer is a 5xx."""

from functools import cache
from typing import Any

import httpx
import pytest
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
HEALTH = list(HealthCheck)
FEW = settings(max_examples=6, deadline=None, derandomize=True, database=None, suppress_health_check=HEALTH)
MANY = settings(max_examples=360, deadline=None, suppress_health_check=HEALTH)  # of 42 routes and 4 callers: 60,000


@cache
def schema() -> Any:
    """The API as it says of itself, read by a library that takes half a second to load."""
    import schemathesis

    return schemathesis.openapi.from_dict(API.openapi())


def signed_in() -> str:
    """A token of an account as if nobody had touched it: a case may have changed its password, or deleted it."""
    realm = MOCK.realm()
    for account in now(realm.accounts.everyone()):
        now(realm.sign_out_everywhere(account))
        now(realm.accounts.remove(account))
    token: str = MOCK.sign_in()["access_token"]
    return token


def fuzz(case: Any) -> None:
    """Send the case as nobody, a user, an admin, and somebody with a wrong token; use what came of it."""
    asked = case.as_transport_kwargs(base_url="http://127.0.0.1")
    what = {
        "content" if name == "data" else name: asked.get(name) for name in ("method", "url", "params", "json", "data")
    }
    try:
        request = httpx.Request(**what, headers=asked.get("headers") or {})
    except (httpx.InvalidURL, UnicodeError):
        return  # no client can send it
    headers = tuple((name.lower(), value) for name, value in request.headers.raw if name.lower() != b"authorization")
    sent = Sent(request.method, request.url.raw_path.decode("latin-1"), request.read(), headers)
    user, admin = signed_in(), MOCK.realm().mint.service_key()

    async def thrown() -> None:
        accepted = [await hold(MOCK, sent, token) for token in ("", user, admin, "a.b.c")]
        if any(accepted) and request.method != "GET":
            await use(MOCK, user, admin)

    run(thrown())


def search(operation: Any, how: settings) -> None:
    """Fuzz one route. Values at the edges of what its schema says are `test_hostile`'s, for every route alike."""
    drawn: Any = given(operation.as_strategy())
    searched: Any = how(drawn(fuzz))
    searched()


@every_route
def test_no_answer_is_a_server_error(path: str, method: str) -> None:
    search(schema()[path][method.upper()], FEW)


@pytest.mark.slow
@every_route
def test_no_answer_is_a_server_error_searched_deeper(path: str, method: str) -> None:
    search(schema()[path][method.upper()], MANY)


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
