"""Causes that the wire tells: each planted, with a clean twin or a near miss."""

from typing import Any

import pytest
from wires import Wire

from race401.harness.judge.causes import body_lost, causes


def causes_of(wire: Wire) -> list[str]:
    """The causes, in the order of the requests."""
    found = causes(wire.entries, wire.graph)
    return [found[seq] for seq in sorted(found)]


def refreshed(**refused: Any) -> Wire:
    """A session that was refreshed, and a 401 to its first access token after that."""
    wire = Wire()
    wire.sign_in("a1", "r1", at=0.0)
    wire.exchange("r1", "a2", "r2", at=1.0)
    wire.get("a1", 401, **({"at": 2.0} | refused))
    return wire


@pytest.mark.parametrize("recorded", [{"cause": "expired", "token_left_s": -5.0}, {"cause": None}])
def test_a_stale_copy(recorded: dict[str, Any]) -> None:
    """Its successor had been issued before the request was received, whatever its age."""
    assert causes_of(refreshed(**recorded)) == ["stale_copy"]


def test_a_token_whose_successor_came_while_it_was_under_way_is_no_stale_copy() -> None:
    """Near miss."""
    assert causes_of(refreshed(cause="expired", token_left_s=-5.0, at=1.0005)) == []


def test_a_token_that_nobody_refreshed_is_no_stale_copy() -> None:
    wire = Wire()
    wire.sign_in("a1", "r1")
    wire.get("a1", 401, cause="expired")
    assert causes_of(wire) == []


def test_a_token_that_its_refresh_ended() -> None:
    """Its end is known and was not reached; the refresh may have been under way."""
    assert causes_of(refreshed(token_left_s=100.0)) == ["ended_by_refresh"]
    assert causes_of(refreshed(token_left_s=100.0, at=1.0002, took=1.0)) == ["ended_by_refresh"]


def test_a_token_that_a_sign_out_ended_was_not_ended_by_its_refresh() -> None:
    """Near miss; so is one whose family a reuse ended, and one that was refused before any refresh."""
    wire = refreshed(token_left_s=100.0)
    wire.sign_out("a2", at=1.5)
    assert causes_of(wire) == []
    wire = refreshed(token_left_s=100.0)
    wire.exchange("r1", at=1.5, grant_outcome="reused", ended="family")
    assert causes_of(wire) == []
    assert causes_of(refreshed(token_left_s=100.0, at=0.5)) == []


def test_what_the_server_said_itself_stands() -> None:
    assert causes_of(refreshed(cause="bad_signature", token_left_s=100.0)) == []


def redirected(**followed: Any) -> Wire:
    """A redirect, and the request that follows it without a token."""
    wire = Wire()
    wire.get("a1", 307, redirect="there")
    wire.get(None, 401, "/contacts/", cause="missing_token", **({"redirect": "there"} | followed))
    return wire


def test_a_header_that_a_redirect_lost() -> None:
    assert causes_of(redirected()) == ["header_lost"]


@pytest.mark.parametrize(
    "followed", [{"redirect": None}, {"redirect": "elsewhere"}, {"peer": "another"}, {"at": 0.0}]
)
def test_a_request_that_follows_no_redirect_lost_nothing_there(followed: dict[str, Any]) -> None:
    """Near miss: another target, another peer, or it was there before."""
    assert causes_of(redirected(**followed)) == []


def test_a_body_that_a_retry_lost() -> None:
    """A body that was never there is not lost, nor is one whose length nobody noted."""
    wire = Wire()
    had, none, empty, unknown = (wire.get("a1", body_length=n) for n in (10, 0, 0, None))
    assert body_lost(had, empty)
    assert not body_lost(none, empty)
    assert not body_lost(had, unknown)
    assert not body_lost(had, had)
