"""Traffic that shows nothing is UNKNOWN, and what shows something, beside it."""

from types import SimpleNamespace
from typing import Any

import pytest
from wires import Wire, verdict

from race401.harness.judge.checks.chances import of_sessions
from race401.harness.judge.evidence import from_ledger
from race401.harness.judge.findings import Value
from race401.harness.judge.verdict import judge

PASS, FAIL, UNKNOWN = Value.PASS, Value.FAIL, Value.UNKNOWN


@pytest.mark.parametrize("status", [502, 403, 200])
def test_traffic_in_which_nothing_had_a_chance(status: int) -> None:
    """Every request a 502; four answers 403; a token that nobody refreshed."""
    wire = Wire()
    for _ in range(4):
        wire.get("a1", status)
    assert verdict(wire).value is UNKNOWN


def test_one_sign_up() -> None:
    wire = Wire()
    wire.sign_in("a1", "r1")
    assert verdict(wire).value is UNKNOWN


def test_a_success_with_a_token_past_its_end_shows_nothing() -> None:
    """As where a 200 holds the refusal; a 401 beside it, made good, does not help."""
    wire = Wire()
    wire.sign_in("a1", "r1", at=0.0)
    wire.get("a1", 401, at=1.0, token_left_s=-1.0)
    wire.get("a1", 200, at=1.1, token_left_s=-1.1)
    assert not verdict(wire).rows[0].shown["caller_401s"]


def test_a_success_with_a_token_that_lives_shows_it() -> None:
    """Clean twin."""
    wire = Wire()
    wire.sign_in("a1", "r1", at=0.0)
    wire.get("a1", 401, at=1.0, token_left_s=-1.0)
    wire.exchange("r1", "a2", "r2", at=1.05)
    wire.get("a2", 200, at=1.1, token_left_s=60.0)
    result = verdict(wire)
    assert result.rows[0].shown == {
        "caller_401s": True,
        "exchanges_per_generation": True,
        "sessions_lost": True,
    }
    assert result.sentence.startswith("PASS: the client showed no 401 and no lost session")


@pytest.mark.parametrize(("requests", "seen"), [(2, True), (1, False)])
def test_an_exchange_shows_what_was_under_way_with_it(requests: int, seen: bool) -> None:
    """Two requests and more may race; one alone cannot."""
    wire = Wire()
    for _ in range(requests):
        wire.get("a1", at=1.0, took=1.0)
    wire.exchange("r1", "a2", "r2", at=1.5, took=0.1, family=None)
    for e in wire.entries:
        e.client = "me"
    assert verdict(wire).rows[0].shown["caller_401s"] is seen


@pytest.mark.parametrize(
    ("status", "refreshed_at", "again", "value"),
    [
        (503, 1.0, 200, PASS),
        (429, 1.0, 200, PASS),
        (503, 1.0, 401, FAIL),
        (503, 3.0, 200, UNKNOWN),
        (503, 1.0, 502, UNKNOWN),
    ],
    ids=[
        "it went on",
        "at a rate limit too",
        "it gave its token up",
        "nobody called after it",
        "nobody was answered",
    ],
)
def test_a_refresh_that_failed_gives_a_401_its_chance(
    status: int, refreshed_at: float, again: int, value: Value
) -> None:
    """Who gives its token up then shows one."""
    wire = Wire()
    wire.sign_in("a1", "r1", at=0.0)
    wire.exchange("r1", at=refreshed_at, status=status, grant_outcome=None)
    wire.get("a1" if again == 200 else None, again, at=2.0)
    for e in wire.entries:
        e.client = "me"
    assert verdict(wire).value is value


def test_a_refresh_of_another_client_gives_none() -> None:
    wire = Wire()
    wire.exchange("r1", at=1.0, status=503, grant_outcome=None, client="me")
    wire.get("a1", at=2.0, client="you")
    assert verdict(wire).value is UNKNOWN


def test_nor_does_one_of_which_nobody_knows_whose_it_was() -> None:
    """The call may be somebody else's, too."""
    wire = Wire()
    wire.entry(kind="exchange", target="/oauth/token", status=503, at=1.0)
    wire.get(None, at=2.0)
    assert verdict(wire).value is UNKNOWN


def test_no_more_sessions_come_to_their_instant_than_there_were() -> None:
    """A refresh that is refused before its token is looked at counts as one more; it makes up for no other's."""
    rows: list[Any] = [SimpleNamespace(sessions=12, sessions_met=13), SimpleNamespace(sessions=3, sessions_met=1)]
    assert of_sessions(rows) == ("15 sessions, of which 13 came to their instant", 13)


def test_what_a_token_endpoint_said_and_nobody_can_read() -> None:
    """UNKNOWN, and what followed with tokens of unknown origin too: not that the app saw a 401."""
    wire = Wire()
    wire.exchange("r1", "a2", "r2", at=0.0)
    wire.exchange("r1", at=1.0, grant_outcome="unread", status=200)
    wire.get("undefined", 401, at=2.0)
    wire.get("a2", at=2.0)
    assert verdict(wire).value is UNKNOWN
    wire.entries[1].grant_outcome = None
    assert verdict(wire).value is FAIL


def test_what_was_asked_for_by_name_and_not_seen() -> None:
    """However much else was."""
    wire = Wire()
    wire.exchange("r1", "a2", "r2")
    assert judge(from_ledger(wire.entries, "test", covers=["refresh"])).value is PASS
    assert judge(from_ledger(wire.entries, "test", covers=["late-401"])).value is UNKNOWN
