"""The API fuzzed from its own OpenAPI, in process: whatever is sent by whomever, no answer is a 5xx."""

import uuid
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from mocks import Mock

MOCK = Mock(anonymous=True)
# Without what breaks on purpose (faults), streams for ever (the ledger) or sets the clock.
PARTS = "^/(auth/v1|contacts|me|persona-notes|messages|_race401/(sessions|counts))"
API: Any = MOCK.app.app
SCHEMA = schemathesis.openapi.from_dict(API.openapi()).include(path_regex=PARTS)
HEALTH = list(HealthCheck)
FEW = settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=HEALTH)
MANY = settings(max_examples=300, deadline=None, suppress_health_check=HEALTH)


def callers() -> list[str]:
    """Nobody, a user, an admin, and somebody with a wrong token."""
    user = MOCK.sign_in(email=f"{uuid.uuid4()}@fuzz.test")["access_token"]
    return ["", user, MOCK.realm().service_key(), "a.b.c"]


def fuzz(case: Any) -> None:
    """Send the case as each of them."""
    asked = case.as_transport_kwargs(base_url="http://localhost")
    what = {
        "content" if name == "data" else name: asked.get(name) for name in ("method", "url", "params", "json", "data")
    }
    for token in callers():
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            request = httpx.Request(**what, headers={**(asked.get("headers") or {}), **bearer})
        except (httpx.InvalidURL, UnicodeError):
            return  # no client can send it
        answer = MOCK.client.send(request)
        assert answer.status_code < 500, answer.text


@SCHEMA.parametrize()
@FEW
def test_no_answer_is_a_server_error(case: Any) -> None:
    fuzz(case)


@pytest.mark.slow
@SCHEMA.parametrize()
@MANY
def test_no_answer_is_a_server_error_searched_deeper(case: Any) -> None:
    fuzz(case)


def test_the_fuzz_would_see_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A route that raises is a failure of the test, not an answer."""

    def broken(*_: Any) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr("race401.mock_api.api.supabase.signup.checked_email", broken)
    with pytest.raises(RuntimeError, match="planted"):
        fuzz(SCHEMA["/auth/v1/signup"]["POST"].Case(body={"email": "a@b.cd", "password": "correct horse"}))
