"""Refreshes at every call, at any lifetime: planted, clean and near miss."""

import pytest
from wires import Wire

from race401.harness.judge.streaks import streaks


def chain(lifetime: float, left: float, exchanges: int = 4) -> Wire:
    """A session whose tokens are each exchanged with so much left."""
    wire, at = Wire(), 0.0
    wire.sign_in("a0", "r0", at=at)
    for n in range(exchanges):
        at += lifetime - left + 0.001
        wire.exchange(f"r{n}", f"a{n + 1}", f"r{n + 1}", at=at, token_left_s=left)
    return wire


def found(wire: Wire) -> int:
    """How many exchanges nothing called for."""
    return len(streaks(wire.entries, wire.graph))


@pytest.mark.parametrize("lifetime", [60.0, 300.0, 3600.0])
def test_a_refresh_at_every_call_is_found_at_any_lifetime(lifetime: float) -> None:
    """The whole row counts, and the finding knows what was left of what."""
    wire = chain(lifetime, lifetime - 1)
    assert found(wire) == 4
    first = streaks(wire.entries, wire.graph)[0]
    assert (round(first.left), round(first.lifetime)) == (round(lifetime - 1), round(lifetime))


@pytest.mark.parametrize("lifetime", [60.0, 3600.0])
def test_a_wide_margin_is_no_fault(lifetime: float) -> None:
    """Half of the life is a margin; so is any margin on one token or two."""
    assert found(chain(lifetime, lifetime * 0.49)) == 0
    assert found(chain(lifetime, lifetime - 1, exchanges=2)) == 0


def test_a_refused_token_called_for_it() -> None:
    """A server that ends tokens early makes a client refresh early."""
    wire = chain(60.0, 59.0)
    wire.get("a1", 401, at=0.5)
    assert found(wire) == 0


def test_a_kept_refresh_token_counts_each_time() -> None:
    wire = Wire()
    wire.sign_in("a0", "r", at=0.0)
    for n in range(1, 4):
        wire.exchange("r", f"a{n}", at=float(n), token_left_s=59.0)
    assert found(wire) == 3


def test_uses_at_once_are_no_row() -> None:
    """They are a stampede, which is another finding."""
    wire = Wire()
    wire.sign_in("a0", "r0", at=0.0)
    for n in range(1, 5):
        wire.exchange("r0", f"a{n}", f"r{n}", at=1.0, took=0.5, token_left_s=59.0)
    assert found(wire) == 0


def test_a_life_whose_beginning_was_not_seen_is_not_known() -> None:
    wire = chain(60.0, 59.0)
    del wire.entries[0]
    assert found(wire) == 3
