"""Verdicts on what people bring, by kind: each with its right value, and a near miss beside it."""

from typing import Any

import pytest
from wires import Wire, verdict

from race401.harness.judge.findings import Value

PASS, FAIL, UNKNOWN = Value.PASS, Value.FAIL, Value.UNKNOWN


def refused_at_once(wire: Wire, **more: Any) -> None:
    """Three requests are refused at once, for their age."""
    for n in range(3):
        wire.get("a1", 401, f"/{n}", at=10.0, cause="expired", token_left_s=-1.0, **more)


def retried(wire: Wire, access: str = "a2", **more: Any) -> None:
    """The three are sent again."""
    for n in range(3):
        wire.get(access, 200, f"/{n}", at=11.0, **more)


# --- recorded from the middle, or at one of two origins -------------------------------------------


@pytest.mark.parametrize("family", [None, "sid"], ids=["opaque tokens", "tokens that name their session"])
def test_a_recording_from_the_middle_of_a_session(family: str | None) -> None:
    """Three 401s that one refresh made good: PASS, of one session."""
    wire = Wire()
    refused_at_once(wire, family=family)
    wire.exchange("r1", "a2", "r2", at=10.5, family=family)
    retried(wire, family=family)
    result = verdict(wire)
    assert (result.value, result.rows[0].sessions) == (PASS, 1), result.sentence


def test_a_recording_from_the_middle_whose_retry_is_missing() -> None:
    """Near miss: the app saw three 401s."""
    wire = Wire()
    refused_at_once(wire)
    wire.exchange("r1", "a2", "r2", at=10.5)
    assert verdict(wire).value is FAIL


def test_the_apis_origin_alone() -> None:
    """The 401s were made good, and the first sentence says that no exchange was seen."""
    wire = Wire()
    refused_at_once(wire, family="sid")
    retried(wire, family="sid")
    result = verdict(wire)
    assert result.value is PASS
    assert result.sentence.startswith("PASS: no exchange was seen; ")


def test_the_apis_origin_alone_with_opaque_tokens() -> None:
    """Near miss: nothing says that the second token is of the session of the first."""
    wire = Wire()
    refused_at_once(wire)
    retried(wire)
    result = verdict(wire)
    assert (result.value, result.rows[0].sessions) == (UNKNOWN, 1)
    assert "3 more 401s cannot be decided" in result.sentence


def test_two_users_of_one_address_with_the_same_paths() -> None:
    """Near miss: another session's token makes nothing good."""
    wire = Wire()
    wire.sign_in("a1", "r1", at=0.0)
    wire.sign_in("b1", "s1", at=0.1)
    refused_at_once(wire)
    wire.exchange("s1", "b2", "s2", at=10.5)
    retried(wire, "b2")
    result = verdict(wire)
    assert (result.value, result.rows[0].sessions) == (FAIL, 2)


def test_a_session_restored_from_storage_is_refreshed_once_each_time() -> None:
    """Three refreshes after one another are 1.00 each, whoever saw the sign-in."""
    wire = Wire()
    for n in range(1, 4):
        wire.exchange(f"r{n}", f"a{n + 1}", f"r{n + 1}", at=float(n))
    result = verdict(wire)
    assert (result.value, result.rows[0].exchanges_per_generation) == (PASS, 1.0)


def test_one_session_of_opaque_tokens_is_one() -> None:
    """Eleven pieces of it are not eleven sessions."""
    wire = Wire()
    for n in range(11):
        wire.get(f"a{n}", at=float(n))
    wire.exchange("r1", "a2", "r2")
    assert verdict(wire).rows[0].sessions == 1


# --- one token, used at once ----------------------------------------------------------------------


def test_five_exchanges_at_once_of_one_kept_token_are_five() -> None:
    wire = Wire()
    for n in range(5):
        wire.exchange("r", f"a{n}", at=1.0, took=0.5)
    result = verdict(wire)
    assert (result.value, result.rows[0].exchanges_per_generation) == (FAIL, 5.0)


def test_a_kept_token_that_is_used_again_later_is_used_once_each_time() -> None:
    """Near miss."""
    wire = Wire()
    for n in range(5):
        wire.exchange("r", f"a{n}", at=float(n))
    result = verdict(wire)
    assert (result.value, result.rows[0].exchanges_per_generation) == (PASS, 1.0)


def two_at_once(wire: Wire, **loser: Any) -> None:
    """One token is presented twice at once, and the second use is refused."""
    wire.sign_in("a1", "r1", at=0.0)
    wire.exchange("r1", "a2", "r2", at=1.0, took=0.1)
    wire.exchange("r1", at=1.0, took=0.1, **loser)


def test_a_refused_loser_whose_session_lives_on() -> None:
    """None is lost; two exchanges of one token remain a fault."""
    wire = Wire()
    two_at_once(wire)
    wire.exchange("r2", "a3", "r3", at=2.0)
    result = verdict(wire)
    assert (result.value, result.rows[0].sessions_lost) == (FAIL, 0)
    assert "3 exchanges of 2 refresh tokens" in result.sentence
    assert not any(f.check == "sessions-lost" and f.value is not PASS for f in result.findings)


def test_a_refused_loser_whose_session_nobody_tried_again() -> None:
    """Near miss: whether it lives on is not known."""
    wire = Wire()
    two_at_once(wire)
    findings = [f for f in verdict(wire).findings if f.check == "sessions-lost" and f.value is not PASS]
    assert [f.value for f in findings] == [UNKNOWN]
    assert "no newer token was tried afterwards" in findings[0].sentence


# --- causes ---------------------------------------------------------------------------------------


def caused(wire: Wire) -> dict[str, int]:
    """The 401s that the app saw, by cause."""
    return dict(verdict(wire).rows[0].caller_401s)


def test_an_old_token_that_its_refresh_ended() -> None:
    wire = Wire()
    wire.sign_in("a1", "r1", at=0.0)
    wire.exchange("r1", "a2", "r2", at=1.0)
    wire.get("a1", 401, at=2.0, token_left_s=300.0)
    assert caused(wire) == {"ended_by_refresh": 1}


def test_a_stream_that_reconnects_with_a_stale_copy() -> None:
    wire = Wire()
    wire.sign_in("a1", "r1", at=0.0)
    wire.exchange("r1", "a2", "r2", at=1.0)
    wire.get("a1", 401, at=99.0, token_left_s=-30.0, cause="expired")
    assert caused(wire) == {"stale_copy": 1}


def test_a_body_that_is_gone_at_the_retry() -> None:
    """The app got 422, not the 401."""
    wire = Wire()
    wire.sign_in("a1", "r1", at=0.0)
    wire.get("a1", 401, at=1.0, method="POST", body_length=10)
    wire.exchange("r1", "a2", "r2", at=1.1)
    wire.get("a2", 422, at=1.2, method="POST", body_length=0)
    result = verdict(wire)
    assert "the app got 1 422: the retry had no body" in result.sentence
    assert (result.value, caused(wire)) == (FAIL, {})


def test_a_retry_with_its_body_that_is_refused_for_what_it_says() -> None:
    """Near miss: no fault of the client's recovery."""
    wire = Wire()
    wire.sign_in("a1", "r1", at=0.0)
    wire.get("a1", 401, at=1.0, method="POST", body_length=10)
    wire.exchange("r1", "a2", "r2", at=1.1)
    wire.get("a2", 422, at=1.2, method="POST", body_length=10)
    assert verdict(wire).value is PASS


# --- refreshes that nothing called for ------------------------------------------------------------


def rows_of(lifetime: float, left: float) -> Wire:
    """Six tokens, each exchanged with so much left."""
    wire, at = Wire(), 0.0
    wire.sign_in("a0", "r0", at=at)
    for n in range(6):
        at += lifetime - left + 0.01
        wire.exchange(f"r{n}", f"a{n + 1}", f"r{n + 1}", at=at, token_left_s=left)
    return wire


@pytest.mark.parametrize("lifetime", [60.0, 300.0, 3600.0])
def test_seconds_taken_for_milliseconds(lifetime: float) -> None:
    """A ledger alone tells, at any lifetime; the sentence names margin and lifetime."""
    result = verdict(rows_of(lifetime, lifetime - 1))
    assert result.value is FAIL
    assert (
        f"each {lifetime - 1:.0f} s or more before the end of a life of {lifetime:.0f} s"
        in next(f for f in result.findings if f.value is FAIL).sentence
    )


@pytest.mark.parametrize("lifetime", [60.0, 3600.0])
def test_a_wide_margin(lifetime: float) -> None:
    """Near miss: up to half of a life is a margin."""
    assert verdict(rows_of(lifetime, lifetime * 0.45)).value is PASS


# --- an answer that nobody got --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hung_up", "again_at", "charged"),
    [(True, 1.0, False), (False, 1.0, True), (True, 0.0305, True)],  # the last was sent before the answer was lost
)
def test_an_answer_that_its_client_hung_up_on_is_not_charged_to_the_retry(
    *, hung_up: bool, again_at: float, charged: bool
) -> None:
    """The refresh was granted, and nobody got the tokens: whoever asks again with the old one is right to."""
    wire = Wire()
    wire.sign_in("a1", "r1")
    wire.get("a1")
    wire.exchange("r1", "a2", "r2", hung_up=hung_up)
    wire.exchange("r1", at=again_at, grant_outcome="reused")
    found = {f.check: f.value for f in verdict(wire).findings}
    assert (found["exchanges-per-generation"] is Value.FAIL) is charged
    assert found["sessions-lost"] is Value.UNKNOWN


@pytest.mark.parametrize(("again_at", "charged"), [(2.5, False), (1.5, True)])
def test_a_client_that_waited_long_enough_and_asked_again(*, again_at: float, charged: bool) -> None:
    """Where it is known when it hung up, what came after that is no race, also before the answer that nobody got.

    Near miss: what came before that was at once.
    """
    wire = Wire()
    wire.sign_in("a1", "r1", at=0.0)
    wire.exchange("r1", "a3", "r3", at=again_at)  # answered first, and so recorded first
    wire.exchange("r1", "a2", "r2", at=1.0, took=9.0, hung_up=True, hung_up_at=2.0)
    found = {f.check: f.value for f in verdict(wire).findings}
    assert (found["exchanges-per-generation"] is Value.FAIL) is charged


# --- a request beside its session's sign-out ------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "signed_out", "charged"),
    [(3.5, "a1", False), (1.0, "a1", True), (3.5, "b1", True)],
    ids=["beside it", "before it", "beside another's"],
)
def test_a_request_beside_the_sign_out_of_its_session(at: float, signed_out: str, *, charged: bool) -> None:
    """Its user ended the session meanwhile: that it was refused is no failure."""
    wire = Wire()
    for session in "ab":
        wire.sign_in(f"{session}1", f"{session}r1", at=0.0)
        wire.get(f"{session}1", at=0.5)
    wire.sign_out(signed_out, at=3.0, took=1.0)
    wire.get("a1", 401, at=at)
    assert (verdict(wire).rows[0].caller_401s.total() == 1) is charged
