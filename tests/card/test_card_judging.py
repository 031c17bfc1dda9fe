"""What became of a race: each loss planted, and its clean twin; and what proves nothing."""

from dataclasses import replace
from typing import Any

import pytest
from ledgers import Run as Seen

from race401.harness.card.calls import Call
from race401.harness.card.course import Run
from race401.harness.card.judging import RaceOutcome, Result, judge, unable
from race401.harness.card.race import CLAIMS, Race
from race401.harness.card.races import RACES
from race401.harness.card.story import sentences

ME = "me"
BY_NAME = {race.name: race for race in RACES}
EXPIRY, LATE, SIGN_OUT = BY_NAME["concurrent-expiry"], BY_NAME["late-401"], BY_NAME["sign-out"]


def result_of(race: Race, seen: Seen, *calls: Call, claims: tuple[str, ...] = tuple(CLAIMS), **more: Any) -> Result:
    """Judge what was seen; every entry was decided during a burst, unless said otherwise."""
    under = more.pop("under", {entry.seq for entry in seen.entries})
    bursts = [[entry for entry in seen.entries if entry.seq in under]]
    given: dict[str, Any] = {"sign_ins": 1, "bursts": bursts} | more
    run = Run(race, "rfc9700", entries=seen.entries, calls=list(calls), **given)
    return judge(run, claims)


def called(n: int, *, must: bool = True, signed_out: bool = False) -> Call:
    """The n-th call."""
    return Call(f"/contacts?limit=1&caller={n}", must, signed_out)


def answer(seen: Seen, n: int, cause: str | None = None, **more: Any) -> None:
    """The n-th call got 200, or 401 for this cause."""
    seen.entry(ME, called(n).path, 401 if cause else 200, cause=cause, **more)


def sign_in(seen: Seen, **more: Any) -> None:
    """A session began."""
    seen.entry(ME, "/oauth/token", 200, method="POST", **more)


def refreshed(callers: int = 2) -> Seen:
    """One exchange, and every call answered."""
    seen = Seen()
    sign_in(seen)
    seen.exchange(ME)
    for n in range(1, callers + 1):
        answer(seen, n, generation=1)
    return seen


def test_one_exchange_for_all_is_survived() -> None:
    result = result_of(EXPIRY, refreshed(), called(1), called(2))
    assert (result.outcome, result.sentence) == (RaceOutcome.SURVIVED, "1 exchange")
    assert not result.entries, "there is nothing to prove"


def test_a_call_without_its_answer_is_lost_with_its_story() -> None:
    seen = refreshed(1)
    answer(seen, 2, "expired")
    result = result_of(EXPIRY, seen, called(1), called(2))
    assert (result.outcome, result.sentence) == (RaceOutcome.LOST, "1 of 2 calls failed")
    assert result.entries == seen.entries
    assert result.story[-1].endswith("GET /contacts?limit=1&caller=2  (session 1 token 0)  -> 401 expired")


def test_a_story_reads_in_the_order_of_decision() -> None:
    """The second to arrive was decided first; no line stands earlier than the line above it."""
    seen = Seen()
    sign_in(seen, received_at=0.0)
    seen.exchange(ME, "rotated", received_at=0.048)
    seen.exchange(ME, "reused", received_at=0.032)
    answer(seen, 1, "expired", received_at=0.056)
    told = [" ".join(line.split()[i] for i in (0, -1)) for line in sentences(seen.entries[::-1])]
    assert told == ["0.000 200", "0.048 rotated", "0.048 it", "0.056 expired"]


def test_a_call_that_was_never_sent_is_lost() -> None:
    result = result_of(EXPIRY, refreshed(1), called(1), called(2))
    assert result.sentence == "1 of 2 calls failed, 1 without being sent"


def test_a_call_that_need_not_succeed_is_no_loss() -> None:
    assert result_of(EXPIRY, refreshed(1), called(1), called(2, must=False)).outcome is RaceOutcome.SURVIVED


def test_a_loss_that_is_not_claimed_is_shown_apart() -> None:
    result = result_of(EXPIRY, refreshed(1), called(1), called(2), claims=())
    assert result.outcome is RaceOutcome.NOT_CLAIMED
    assert result.sentence.endswith("it does not claim that callers share one refresh")
    assert result.entries


def test_what_anyone_claims_is_lost_without_a_claim() -> None:
    nobodys = replace(EXPIRY, claim=None)
    assert result_of(nobodys, refreshed(1), called(1), called(2), claims=()).outcome is RaceOutcome.LOST


def test_a_401_that_was_made_good_is_a_cost() -> None:
    seen = Seen()
    answer(seen, 1, "expired")
    seen.exchange(ME)
    answer(seen, 1, generation=1)
    result = result_of(EXPIRY, seen, called(1))
    assert (result.outcome, result.sentence) == (RaceOutcome.SURVIVED, "1 exchange, 1 401 on the wire")
    assert result.wire_401s == {"expired": 1}


def test_more_exchanges_than_needed_are_a_cost() -> None:
    seen = refreshed(1)
    seen.exchange(ME, "reuse_tolerated")
    result = result_of(EXPIRY, seen, called(1))
    assert (result.outcome, result.sentence) == (RaceOutcome.WASTEFUL, "2 exchanges where 1 would do")
    assert result.entries, "waste is proven, as a loss is"


def test_on_a_slow_machine_each_token_that_came_to_its_end_may_be_refreshed() -> None:
    """The race calls for one; the second token was over as well before the next call came."""
    seen = refreshed(1)
    seen.entries[1].token_left_s = -1.0
    seen.exchange(ME, generation=1, token_left_s=-2.0)
    result = result_of(EXPIRY, seen, called(1))
    assert (result.outcome, result.sentence) == (RaceOutcome.SURVIVED, "2 exchanges")


@pytest.mark.parametrize(("tries", "outcome"), [(3, RaceOutcome.SURVIVED), (4, RaceOutcome.WASTEFUL)])
def test_three_tries_for_each_call_are_none_too_many_where_answers_fail(tries: int, outcome: RaceOutcome) -> None:
    """As a bounded retry has it: 5 calls, 3 tries each. What a fault struck before it was read counts as well."""
    seen = Seen()
    sign_in(seen)
    for n in range(5 * tries):
        at = 2.0 * n  # s, so that it is not without end either
        seen.entry(ME, "/oauth/token", 503, method="POST", fault="status", cause="fault", received_at=at)
    for n in range(1, 6):
        answer(seen, n)
    assert result_of(BY_NAME["refresh-fails"], seen, *map(called, range(1, 6))).outcome is outcome


@pytest.mark.parametrize("hung_up", [True, False])
def test_a_session_whose_refresh_was_not_waited_for_is_not_lost_by_too_many_at_once(hung_up: bool) -> None:
    """Whoever claims that callers share one refresh says nothing about how long one waits for it."""
    seen = refreshed(1)
    seen.entries[1].hung_up = hung_up
    seen.exchange(ME, "reused")
    result = result_of(EXPIRY, seen, called(1), claims=("single_flight",))
    assert result.outcome is (RaceOutcome.NOT_CLAIMED if hung_up else RaceOutcome.LOST)
    assert ("after the client had hung up on a refresh that was granted" in result.sentence) is hung_up
    assert result_of(EXPIRY, seen, called(1), claims=("keeps_session",)).outcome is (
        RaceOutcome.LOST if hung_up else RaceOutcome.NOT_CLAIMED
    )


def test_a_session_that_was_refused_for_good_is_lost() -> None:
    seen = refreshed(1)
    seen.exchange(ME, "reused")
    assert (result := result_of(EXPIRY, seen, called(1))).outcome is RaceOutcome.LOST
    assert "the session was lost" in result.sentence


def test_a_session_that_the_client_replaced_by_itself_is_a_cost() -> None:
    seen = refreshed(1)
    seen.exchange(ME, "reused")
    sign_in(seen, family="another")
    result = result_of(EXPIRY, seen, called(1))
    costs = "2 exchanges where 1 would do, 1 sign-in of its own"
    assert (result.outcome, result.sentence) == (RaceOutcome.WASTEFUL, costs)


def test_a_refresh_that_is_refused_after_the_sign_out_loses_nothing() -> None:
    seen = Seen()
    seen.entry(ME, "/auth/v1/logout", 204, method="POST")
    seen.exchange(ME, "not_found", family=None, received_at=0.0, answered_at=9.0)
    assert result_of(SIGN_OUT, seen).outcome is RaceOutcome.SURVIVED


@pytest.mark.parametrize("where", ["/auth/v1/logout?scope=global", "/oauth/revoke"])
@pytest.mark.parametrize(("began_signed_out", "outcome"), [(True, RaceOutcome.LOST), (False, RaceOutcome.SURVIVED)])
def test_a_call_that_began_after_the_sign_out_with_its_session(
    where: str, began_signed_out: bool, outcome: RaceOutcome
) -> None:
    seen = Seen()
    seen.exchange(ME, received_at=0.0, answered_at=0.05)
    seen.entry(ME, where, 204 if "auth" in where else 200, method="POST")
    answer(seen, 1, generation=1, received_at=1.0, answered_at=1.0)
    assert result_of(SIGN_OUT, seen, called(1, must=False, signed_out=began_signed_out)).outcome is outcome


@pytest.mark.parametrize(
    ("where", "carries", "outcome"),
    [
        ("/oauth/token", "another", RaceOutcome.LOST),
        ("/oauth/token", None, RaceOutcome.SURVIVED),
        ("/auth/v1/signup", "another", RaceOutcome.SURVIVED),
    ],
    ids=["in a session of its own", "without a token", "as a guest"],
)
def test_who_signs_in_again_by_itself_did_not_sign_out(where: str, carries: str | None, outcome: RaceOutcome) -> None:
    """The session that was signed out is over, and the app's calls go on in another that nobody asked for."""
    seen = Seen()
    sign_in(seen)
    seen.exchange(ME, received_at=0.0, answered_at=0.1)
    seen.entry(ME, "/oauth/revoke", 200, method="POST", received_at=0.05, answered_at=0.06, ended="session")
    seen.entry(ME, where, 200, method="POST", family="another", received_at=1.0, answered_at=1.0)
    answer(seen, 1, family=carries, received_at=1.1, answered_at=1.1)
    given = {"signed_out": {f"family of {ME}"}}
    result = result_of(SIGN_OUT, seen, called(1, must=False, signed_out=True), claims=("sign_out",), **given)
    assert result.outcome is outcome
    said = "1 call after the sign-out went out in a session that nobody had asked for"
    assert (result.sentence == said) is (outcome is RaceOutcome.LOST)
    if outcome is RaceOutcome.LOST:
        unclaimed = result_of(SIGN_OUT, seen, called(1, must=False, signed_out=True), claims=(), **given)
        assert unclaimed.outcome is RaceOutcome.NOT_CLAIMED


@pytest.mark.parametrize(("refreshes", "outcome"), [(3, RaceOutcome.SURVIVED), (4, RaceOutcome.LOST)])
def test_three_refreshes_for_each_call_are_a_client_that_gives_up_and_more_are_one_that_never_does(
    refreshes: int, outcome: RaceOutcome
) -> None:
    """Nobody needs to claim that."""
    seen = refreshed(1)
    for _ in range(refreshes - 1):
        seen.exchange(ME, "not_found")
    sign_in(seen)
    result = result_of(BY_NAME["revoked-elsewhere"], seen, called(1), claims=(), sign_ins=2)
    assert result.outcome is outcome
    assert ("endless refreshes" in result.sentence) is (outcome is RaceOutcome.LOST)


def test_a_refresh_each_second_is_a_timer_and_waste() -> None:
    """However long the race: it is not without end."""
    seen = refreshed(1)
    for second in range(1, 20):
        seen.exchange(ME, received_at=float(second), answered_at=second + 0.1)
    assert result_of(EXPIRY, seen, called(1)).outcome is RaceOutcome.WASTEFUL


def test_a_race_without_a_refresh_was_not_exercised() -> None:
    seen = Seen()
    answer(seen, 1)
    result = result_of(EXPIRY, seen, called(1))
    assert (result.outcome, result.sentence) == (RaceOutcome.NOT_EXERCISED, "no refresh was seen under the burst")


def test_a_refresh_between_the_bursts_exercises_nothing() -> None:
    assert result_of(EXPIRY, refreshed(1), called(1), under={3}).outcome is RaceOutcome.NOT_EXERCISED


@pytest.mark.parametrize(("answered_at", "outcome"), [(9.0, RaceOutcome.SURVIVED), (0.01, RaceOutcome.NOT_EXERCISED)])
def test_a_401_is_late_if_its_tokens_successor_was_answered_before(answered_at: float, outcome: RaceOutcome) -> None:
    seen = Seen()
    answer(seen, 1, "generation_refused", answered_at=answered_at)
    seen.exchange(ME)
    answer(seen, 1, generation=1)
    assert result_of(LATE, seen, called(1)).outcome is outcome


@pytest.mark.parametrize(("held", "outcome"), [(1, RaceOutcome.SURVIVED), (0, RaceOutcome.NOT_EXERCISED)])
def test_a_sign_out_that_waits_for_the_refresh_survives_it(held: int, outcome: RaceOutcome) -> None:
    seen = Seen()
    seen.exchange(ME, received_at=0.0, answered_at=1.0)
    seen.entry(ME, "/auth/v1/logout", 204, method="POST", received_at=2.0, answered_at=2.0)
    programs = [{"rules": [{"held": held}], "program": {}}]
    assert result_of(SIGN_OUT, seen, programs=programs).outcome is outcome


@pytest.mark.parametrize(("fault", "outcome"), [("status", RaceOutcome.SURVIVED), (None, RaceOutcome.NOT_EXERCISED)])
def test_a_fault_that_struck_nothing_exercises_nothing(fault: str | None, outcome: RaceOutcome) -> None:
    seen = refreshed(1)
    seen.entry(ME, "/oauth/token", 503, method="POST", fault=fault)
    assert result_of(BY_NAME["refresh-fails"], seen, called(1)).outcome is outcome


@pytest.mark.parametrize("again", ["exchange", "sign-in", None])
def test_a_lost_answer_proves_nothing_until_there_is_a_second_try(again: str | None) -> None:
    """Who lives on with the old token has not yet shown that its session survived."""
    seen = Seen()
    sign_in(seen)
    seen.exchange(ME, fault="drop_after")
    if again == "exchange":
        seen.exchange(ME, "reuse_tolerated")
    elif again == "sign-in":
        sign_in(seen)
    answer(seen, 1)
    result = result_of(BY_NAME["lost-answer"], seen, called(1))
    assert result.outcome is (RaceOutcome.SURVIVED if again else RaceOutcome.NOT_EXERCISED)


def test_a_driver_that_broke_proves_nothing() -> None:
    result = result_of(EXPIRY, refreshed(1), called(1), called(2), failure="it ended")
    assert (result.outcome, result.sentence) == (RaceOutcome.BROKE, "it ended")


def test_who_has_no_sign_out_is_not_asked() -> None:
    result = unable(SIGN_OUT, "rfc9700", ["tabs"])
    assert result is not None
    assert (result.outcome, result.sentence) == (RaceOutcome.NOT_ASKED, "it has no sign-out")
    assert unable(SIGN_OUT, "rfc9700", ["sign_out"]) is None
