"""What became of another server's exchanges: by tokens, whatever order they were recorded in."""

import pytest
from wires import Wire

from race401.harness.judge.outcomes import inferred
from race401.ledger.outcomes import GRANTED, REFUSED, REUSE, SEEN, TRY_AGAIN, Outcome


def outcomes(wire: Wire) -> list[str | None]:
    """As settled, in the order in which they were recorded."""
    for e in wire.entries:
        e.grant_outcome = "granted" if e.brought_access else e.grant_outcome
    found = inferred(wire.entries, wire.graph)
    return [found.get(e.seq, e.grant_outcome) for e in wire.entries]


def test_every_outcome_has_one_meaning_for_the_session() -> None:
    """It was granted, lost the session, lost nothing, or its recorder saw too little. A reuse is granted or lost."""
    meanings = [GRANTED, REFUSED, TRY_AGAIN, SEEN, {Outcome.UNREAD}]
    assert sorted(outcome for meaning in meanings for outcome in meaning) == sorted(Outcome)
    assert REUSE < GRANTED | REFUSED


def test_rotation_reuse_and_forks() -> None:
    wire = Wire()
    wire.exchange("r1", "a2", "r2")
    wire.exchange("r1", "a2", "r2")
    wire.exchange("r1", "a2b", "r2b")
    wire.exchange("r1")
    wire.exchange("r2", "a3", "r3")
    assert outcomes(wire) == ["rotated", "reuse_tolerated", "forked", "reused", "rotated"]


@pytest.mark.parametrize("said", [None, "r1"])
def test_a_kept_token(said: str | None) -> None:
    """A refusal after that is no reuse: it was never spent."""
    wire = Wire()
    wire.exchange("r1", "a2", said)
    wire.exchange("r1", "a3", said)
    wire.exchange("r1")
    assert outcomes(wire) == ["kept", "kept", "refused"]


def test_the_order_of_answers_changes_nothing() -> None:
    """The refused loser's answer came first, and was recorded first."""
    wire = Wire()
    wire.exchange("r1", at=1.0)
    wire.exchange("r1", "a2", "r2", at=0.5, took=5.0)
    assert outcomes(wire) == ["reused", "rotated"]


def test_what_the_server_said_itself_stands() -> None:
    """As of a rate limit, or of a token that it does not know."""
    wire = Wire()
    wire.exchange("r1", "a2", "r2")
    wire.exchange("r1", grant_outcome="rate_limited")
    assert outcomes(wire) == ["rotated", "rate_limited"]
