"""What is derived of tokens and sessions: sameness, descent, and what stays unknown."""

import random

import pytest
from wires import Wire


def test_what_an_exchange_brought_is_of_its_session() -> None:
    """Whatever is known of the sign-in."""
    wire = Wire()
    wire.exchange("r1", "a2", "r2")
    wire.exchange("r2", "a3", "r3")
    before, after = wire.get("a2"), wire.get("a3")
    assert wire.graph.same(before, after) is True


def test_two_sign_ins_are_two_sessions() -> None:
    wire = Wire()
    wire.sign_in("a1", "r1")
    wire.sign_in("b1", "s1")
    assert wire.graph.same(wire.get("a1"), wire.get("b1")) is False


def test_two_pieces_may_be_one_session() -> None:
    """Where neither sign-in was seen, or one of them: an exchange that nobody recorded may join them."""
    wire = Wire()
    wire.sign_in("a1", "r1")
    seen, unseen, other = wire.get("a1"), wire.get("a2"), wire.get("a3")
    assert wire.graph.same(seen, unseen) is None
    assert wire.graph.same(unseen, other) is None


def test_what_was_there_before_a_sign_in_is_not_of_its_session() -> None:
    """Near miss: a request that was under way when the sign-in arrived may be."""
    wire = Wire()
    older = wire.get("a0", at=1.0)
    under_way = wire.get("a9", at=1.5, took=1.0)
    wire.sign_in("a1", "r1", at=2.0)
    mine = wire.get("a1", at=3.0)
    assert wire.graph.same(older, mine) is False
    assert wire.graph.same(under_way, mine) is None


def test_a_claim_names_a_session() -> None:
    """Tokens with one claim are of one session, with two of two, whatever exchange was seen."""
    wire = Wire()
    one, two, other = wire.get("a1", family="sid"), wire.get("a2", family="sid"), wire.get("b1", family="other")
    assert wire.graph.same(one, two) is True
    assert wire.graph.same(one, other) is False


def test_fingerprints_of_two_keys_prove_no_difference() -> None:
    wire = Wire()
    one, other = wire.get("a1", family="sid"), wire.get("b1", family="other", key="another")
    assert wire.graph.same(one, other) is None


def test_a_request_without_a_token_is_of_no_known_session() -> None:
    wire = Wire()
    wire.sign_in("a1", "r1")
    assert wire.graph.same(wire.get(None, 401), wire.get("a1")) is None


def test_descent_follows_edges() -> None:
    """Siblings of a fork descend from one token, and not from each other."""
    wire = Wire()
    wire.exchange("r1", "a2", "r2")
    wire.exchange("r1", "a2b", "r2b")
    wire.exchange("r2", "a3", "r3")
    graph = wire.graph
    assert graph.descends("r3", "r1")
    assert graph.descends("r2b", "r1")
    assert not graph.descends("r3", "r2b")
    assert not graph.descends("r1", "r3")
    assert not graph.descends("r1", "r1")


@pytest.mark.parametrize("said", [None, "r1"], ids=["it is not sent again", "it is"])
def test_a_kept_token_is_one_token(said: str | None) -> None:
    """And does not descend from itself."""
    wire = Wire()
    wire.exchange("r1", "a2", said)
    wire.exchange("r1", "a3", said)
    assert wire.graph.children("r1") == set()
    assert wire.graph.beside("r1") == {"a2", "a3"}
    assert wire.graph.same(wire.get("a2"), wire.get("a3")) is True


def test_a_refused_exchange_joins_nothing() -> None:
    wire = Wire()
    wire.exchange("r1", "a2", "r2")
    refused = wire.exchange("r0")
    assert wire.graph.same(refused, wire.get("a2")) is None


def test_a_chain_of_a_thousand_is_followed() -> None:
    """Without recursion."""
    wire = Wire()
    for n in range(1000):
        wire.exchange(f"r{n}", f"a{n + 1}", f"r{n + 1}")
    assert wire.graph.descends("r1000", "r0")


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_entries_changes_nothing(seed: int) -> None:
    """A join is a join, whichever edge comes first."""
    wire = Wire()
    wire.sign_in("a1", "r1")
    wire.exchange("r1", "a2", "r2")
    wire.exchange("r2", "a3", "r3")
    wire.sign_in("b1", "s1")
    one, same, other = wire.get("a1"), wire.get("a3"), wire.get("b1")
    random.Random(seed).shuffle(wire.entries)  # noqa: S311 - a seed is the point
    assert wire.graph.same(one, same) is True
    assert wire.graph.same(one, other) is False
    assert wire.graph.descends("r3", "r1")
