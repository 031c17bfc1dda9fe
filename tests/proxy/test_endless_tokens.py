"""A token whose end is no number that anybody can reckon with: the request is recorded, and its end is not known."""

import base64
import json
from typing import Any

import pytest

from race401.harness.proxy.wire import Wire
from race401.harness.tokens.exchange import lifetime_of
from race401.ledger.dialects.reading import Tokens
from race401.ledger.entry import Entry, received
from race401.ledger.outcomes import Outcome

NONE = (pytest.param(10**400, id="digits"), 1e400, float("nan"), [1], True, None, "soon")


def jwt(**claims: Any) -> str:
    """A JWT that says so, signed by nobody."""
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.x"


def entry() -> Entry:
    """A request at 100 s."""
    return received("a", "GET", "/me", 100.0)


@pytest.mark.parametrize("end", NONE)
def test_of_a_request_nothing_is_said_of_its_tokens_end(end: object) -> None:
    (of := Wire()).asked(told := entry(), jwt(exp=end), "peer")
    assert told.token_left_s is None
    of.asked(told := entry(), jwt(exp=160), "peer")
    assert told.token_left_s == 60


@pytest.mark.parametrize("end", NONE)
def test_of_an_answer_no_end_is_remembered(end: object) -> None:
    """What the token says counts more than what is said beside it."""
    (of := Wire()).exchanged(entry(), "r", Outcome.SEEN_GRANTED, Tokens(jwt(exp=end), "r2", 60.0))
    assert not of.ends
    of.exchanged(entry(), "r", Outcome.SEEN_GRANTED, Tokens(jwt(sub="ada"), "r2", 60.0))
    assert set(of.ends.values()) == {160.0}


def test_a_client_takes_a_life_that_is_endless_for_unknown() -> None:
    assert lifetime_of(jwt(exp=10**400, iat=1)) == 0.0
    assert lifetime_of(jwt(exp=61, iat=1)) == 60.0
