"""Which 401s were made good, told by tokens: planted, clean and near miss."""

from math import inf
from typing import Any

import pytest
from wires import Wire

from race401.harness.judge.retries import LONGEST_REFRESH, match


def verdict_of(wire: Wire, ends_at: float = inf) -> str:
    """What became of the one 401."""
    found = match(wire.entries, wire.graph, ends_at)
    names = ("retried", "cut", "unlinked", "otherwise")
    return " ".join(name for name in names if getattr(found, name)) or "seen"


def test_a_retry_with_a_token_of_the_session_recovers() -> None:
    """Clean: the exchange shows it."""
    wire = Wire()
    wire.sign_in("a1", "r1")
    wire.get("a1", 401)
    wire.exchange("r1", "a2", "r2")
    wire.get("a2")
    assert verdict_of(wire) == "retried"


def test_a_401_that_nothing_follows_is_seen() -> None:
    """Planted."""
    wire = Wire()
    wire.get("a1", 401)
    wire.exchange("r1", "a2", "r2")
    assert verdict_of(wire) == "seen"


@pytest.mark.parametrize("begun", [0.011, 0.0], ids=["begun after the 401", "under way at the 401"])
def test_an_exchange_of_the_same_peer_links_what_was_not_seen_to_begin(begun: float) -> None:
    """A recording from the middle: nothing else joins the old access token and the refresh token."""
    wire = Wire()
    wire.get("a1", 401, at=0.01)
    wire.exchange("r1", "a2", "r2", at=begun, took=0.1)
    wire.get("a2", at=0.2)
    assert verdict_of(wire) == "retried"


def test_an_exchange_that_was_over_before_the_401_links_nothing() -> None:
    """Near miss."""
    wire = Wire()
    wire.exchange("r1", "a2", "r2", at=0.0)
    wire.get("a1", 401, at=0.01)
    wire.get("a2", at=0.2)
    assert verdict_of(wire) == "unlinked"


def test_an_exchange_of_another_peer_links_nothing() -> None:
    """Near miss: two users, opaque tokens, the same paths."""
    wire = Wire()
    wire.get("a1", 401)
    wire.exchange("s1", "b2", "s2", peer="another")
    wire.get("b2", peer="another")
    assert verdict_of(wire) == "seen"


def test_a_token_of_unknown_session_decides_nothing() -> None:
    """The API's origin alone: no exchange was seen."""
    wire = Wire()
    wire.get("a1", 401)
    wire.get("a2")
    assert verdict_of(wire) == "unlinked"


def test_a_token_of_another_session_never_recovers() -> None:
    """Even of the same peer, under way at the right time."""
    wire = Wire()
    wire.sign_in("a1", "r1")
    wire.sign_in("b1", "s1")
    wire.get("a1", 401)
    wire.exchange("s1", "b2", "s2")
    wire.get("b2")
    assert verdict_of(wire) == "seen"


@pytest.mark.parametrize(
    "retry",
    [{"target": "/contacts?page=2"}, {"method": "POST"}, {"at": 0.0}, {"at": 9.0}],
    ids=["another query", "another method", "sent before the answer", "the next page load"],
)
def test_what_is_no_retry(retry: dict[str, Any]) -> None:
    wire = Wire()
    wire.sign_in("a1", "r1", at=0.0)
    wire.get("a1", 401)
    wire.exchange("r1", "a2", "r2")
    wire.get("a2", **retry)
    assert verdict_of(wire) == "seen"


def test_one_retry_recovers_one_401() -> None:
    wire = Wire()
    wire.sign_in("a1", "r1")
    wire.get("a1", 401)
    wire.get("a1", 401)
    wire.exchange("r1", "a2", "r2")
    wire.get("a2")
    found = match(wire.entries, wire.graph, inf)
    assert len(found.retried) == 1
    assert not found.undecided


def test_a_retry_that_was_answered_otherwise_is_what_the_program_saw() -> None:
    wire = Wire()
    wire.sign_in("a1", "r1")
    wire.get("a1", 401)
    wire.exchange("r1", "a2", "r2")
    wire.get("a2", 422)
    assert verdict_of(wire) == "otherwise"


@pytest.mark.parametrize(("wait", "found"), [(5.0, "unlinked"), (LONGEST_REFRESH + 1, "seen")])
def test_a_refresh_that_nobody_recorded_may_take_longer_than_a_silence(wait: float, found: str) -> None:
    """Of a session that a claim names; after a minute nobody waits."""
    wire = Wire()
    wire.get("a1", 401, family="sid")
    wire.get("a2", family="sid", at=wait)
    assert verdict_of(wire) == found


def test_the_end_of_the_ledger_decides_nothing() -> None:
    """When it comes within the burst."""
    wire = Wire()
    refused = wire.get("a1", 401)
    assert verdict_of(wire, ends_at=refused.received_at) == "cut"


def test_who_names_itself_is_alone() -> None:
    """Another client's retry is not one's own, though it came from the same address."""
    wire = Wire()
    wire.get("a1", 401, client="one")
    wire.exchange("r1", "a2", "r2", client="another")
    wire.get("a2", client="another")
    assert verdict_of(wire) == "seen"


def test_refusals_in_a_200_recover_nothing() -> None:
    """Four at once at one GraphQL endpoint, by one token: none is another's retry, and the app saw each."""
    wire = Wire()
    wire.sign_in("a1", "r1")
    for _ in range(4):
        wire.get("a1", refusal=True, method="POST")
    found = match(wire.entries, wire.graph, inf)
    assert (found.retried, found.undecided) == (set(), set())


def test_a_refusal_in_a_200_is_made_good_by_a_200_that_is_none() -> None:
    """Clean twin."""
    wire = Wire()
    wire.sign_in("a1", "r1")
    wire.get("a1", refusal=True, method="POST")
    wire.exchange("r1", "a2", "r2")
    wire.get("a2", method="POST")
    assert verdict_of(wire) == "retried"


def test_a_401_at_the_end_of_one_of_two_recordings() -> None:
    """Its retry may be in the other, under a key by which it cannot be known."""
    wire = Wire()
    wire.sign_in("a1", "r1")
    wire.get("a1", 401)
    wire.get("b1", key="another", peer="another")
    assert verdict_of(wire) == "cut"


def test_a_401_at_the_end_of_the_last_recording_is_seen() -> None:
    """Near miss: nothing was recorded after it. Nor is one cut that its recording goes on after."""
    wire = Wire()
    wire.get("b1", key="another", peer="another", at=0.0)
    wire.sign_in("a1", "r1")
    wire.get("a1", 401)
    assert verdict_of(wire) == "seen"
    wire.get("a1", at=9.0, target="/other")
    wire.get("b1", key="another", peer="another", at=99.0)
    assert verdict_of(wire) == "seen"
