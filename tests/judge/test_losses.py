"""Which sessions were lost: planted, clean and near miss."""

import pytest
from wires import Wire

from race401.harness.judge.losses import losses


def losses_of(wire: Wire) -> tuple[list[str | None], list[str | None]]:
    """The refused tokens that lost a session, and those of which nobody knows."""
    found = losses(wire.entries, wire.graph)
    return [e.presented for e in found.lost], [e.presented for e in found.undecided]


def test_the_newest_token_is_refused_while_no_grant_is_under_way() -> None:
    """Planted; it counts once, however often it is tried."""
    wire = Wire()
    wire.exchange("r1", "a2", "r2")
    wire.exchange("r2")
    wire.exchange("r2")
    assert losses_of(wire) == (["r2"], [])


def test_a_later_grant_disproves_the_loss() -> None:
    """Clean: two at once, one refused, and the winner's token works."""
    wire = Wire()
    wire.exchange("r1", "a2", "r2", took=0.05)
    wire.exchange("r1")
    wire.exchange("r2", "a3", "r3", at=1.0)
    assert losses_of(wire) == ([], [])


def test_the_winners_token_was_not_tried_again() -> None:
    """Unknown: the server may have ended the session with that refusal."""
    wire = Wire()
    wire.exchange("r1", "a2", "r2")
    wire.exchange("r1")
    assert losses_of(wire) == ([], ["r1"])


def test_a_slow_winner_is_no_loss() -> None:
    """Near miss: the loser's answer is the first, so that no successor had come when it was refused."""
    wire = Wire()
    wire.exchange("r1", at=1.0)
    wire.exchange("r1", "a2", "r2", at=1.0, took=5.0)
    assert losses_of(wire) == ([], ["r1"])


def test_a_grant_that_was_under_way_at_the_refusal_is_no_later_grant() -> None:
    """Near miss: only a cause tells that the session lived on."""
    wire = Wire()
    wire.exchange("r1", "a2", "r2")
    wire.exchange("r1", at=1.0, took=1.0)
    wire.exchange("r2", "a3", "r3", at=1.5, took=1.0)
    assert losses_of(wire) == ([], ["r1"])


@pytest.mark.parametrize(("ended", "lost"), [("family", True), ("session", True), ("user", True), ("none", False)])
def test_the_mock_knows_what_a_decision_ended(ended: str, lost: bool) -> None:
    wire = Wire()
    wire.exchange("r1", "a2", "r2", ended="none")
    wire.exchange("r1", grant_outcome="reused", ended=ended)
    assert losses_of(wire) == ((["r1"] if lost else []), [])


def test_a_server_that_says_it_ended_a_session_and_grants_again_has_not() -> None:
    """Near miss: a lost update brings a revoked session back."""
    wire = Wire()
    wire.exchange("r1", grant_outcome="reused", ended="family")
    wire.exchange("r1", "a2", "r2", at=1.0)
    assert losses_of(wire) == ([], [])


def test_after_a_sign_out_a_refusal_loses_nothing() -> None:
    """Nor beside one; a refusal that was over before the sign-out does."""
    wire = Wire()
    wire.sign_in("a1", "r1")
    wire.sign_out("a1", at=1.0, took=1.0)
    wire.exchange("r1", at=1.5)
    assert losses_of(wire) == ([], [])
    early = Wire()
    early.sign_in("a1", "r1")
    early.exchange("r1")
    early.sign_out("a1", at=1.0)
    assert losses_of(early) == (["r1"], [])


@pytest.mark.parametrize("outcome", ["rate_limited", "conflict", None])
def test_who_may_try_again_has_lost_nothing(outcome: str | None) -> None:
    wire = Wire()
    wire.exchange("r1", grant_outcome=outcome, status=429)
    assert losses_of(wire) == ([], [])


@pytest.mark.parametrize("status", [0, 502, 503])
def test_a_token_whose_answer_was_lost_may_have_a_successor(status: int) -> None:
    """Unknown: the gateway failed after the server may have rotated, and the retry is refused."""
    wire = Wire()
    wire.exchange("r1", status=status, grant_outcome=None)
    wire.exchange("r1", at=1.0)
    assert losses_of(wire) == ([], ["r1"])


@pytest.mark.parametrize("status", [400, 429])
def test_an_answer_that_arrived_lost_nothing(status: int) -> None:
    """Near miss: nobody rotates and says 429, and no 5xx to another token says anything of this one."""
    wire = Wire()
    wire.exchange("r0", status=502, grant_outcome=None)
    wire.exchange("r1", status=status, grant_outcome=None)
    wire.exchange("r1", at=1.0)
    assert losses_of(wire) == (["r1"], [])


def test_a_server_that_records_itself_knows_what_its_failure_spent() -> None:
    """Near miss: the mock says that this decision ended nothing, and so what was refused had ended before."""
    wire = Wire()
    wire.exchange("r1", status=503, grant_outcome=None)
    wire.exchange("r1", at=1.0, grant_outcome="revoked", ended="none")
    assert losses_of(wire) == (["r1"], [])


def test_a_token_of_another_recording_may_be_one_that_was_used_in_this() -> None:
    """Unknown: under another key the newest token cannot be told from the one that it came of."""
    wire = Wire()
    wire.exchange("r1", "a2", "r2", key="one")
    wire.exchange("s1", at=1.0, key="another")
    assert losses_of(wire) == ([], ["s1"])
