"""Clients that do one thing wrong meet the race which is for them: planted, a clean twin, and a near miss."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cards import ROOT

from race401.harness.card import course, races
from race401.harness.card.judging import RaceOutcome, Result, judge
from race401.harness.card.mock import Mock
from race401.harness.card.race import CLAIMS, SURELY_OVER, Arm, Burst, Pause, Race, Release, SignIn

CLIENT = ROOT / "tests/helpers/planted_client.py"
BY_NAME = {race.name: race for race in races.RACES}
LOST, WASTEFUL, SURVIVED = RaceOutcome.LOST, RaceOutcome.WASTEFUL, RaceOutcome.SURVIVED


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    """A mock for these tests."""
    with Mock(()) as running:
        yield running


@pytest.fixture(scope="module")
def at_300_s() -> Iterator[Mock]:
    """One whose tokens live for 300 s."""
    with Mock(("--lifetime", "300")) as running:
        yield running


def raced(race: Race, does: str, mock: Mock, folder: Path) -> Result:
    """What the race says of the client that does so."""
    world = race.world or "rfc9700"
    run = course.run(race, world, mock, [sys.executable, str(CLIENT), *does.split()], folder, 2)
    assert run.failure is None
    return judge(run, tuple(CLAIMS))


SLOW = replace(  # one lock of this client lasts 0.3 s, so that the answer need not take 12
    BY_NAME["slower-than-locks"],
    steps=(
        SignIn(races.ALMOST_OVER),
        Arm("slow-refresh", races._slow(1.0)),
        Burst(due=True, must=False),
        Release(),
        Burst(1),
    ),
)


@pytest.mark.parametrize(
    ("does", "outcome"),
    [("takes-the-lock", LOST), ("sound", SURVIVED), ("waits-so-long", SURVIVED)],
    ids=["refreshes once the lock has lasted", "waits as long as it takes", "gives its call up, and not the token"],
)
def test_a_lock_that_expires_before_the_refresh_is_answered_loses_the_session(
    does: str, outcome: RaceOutcome, mock: Mock, tmp_path: Path
) -> None:
    result = raced(SLOW, does, mock, tmp_path)
    assert result.outcome is outcome
    assert ("the session was lost" in result.sentence) is (outcome is LOST)


@pytest.mark.parametrize("name", ["concurrent-expiry", "refresh-fails"])
def test_a_timer_that_is_due_at_the_sign_in_meets_the_race(name: str, mock: Mock, tmp_path: Path) -> None:
    """Its refresh waits for the calls; without that it was over before the race began, and nothing was exercised."""
    result = raced(BY_NAME[name], "has-a-timer", mock, tmp_path)
    assert result.exchanges >= 1
    assert result.outcome is (SURVIVED if name == "concurrent-expiry" else LOST)


def test_who_hangs_up_on_a_slow_refresh_is_not_blamed_for_refreshing_twice(mock: Mock, tmp_path: Path) -> None:
    """The server had granted it, although the answer was still held when every call was over."""
    command = [sys.executable, str(CLIENT), "hangs-up"]
    run = course.run(SLOW, "rfc9700", mock, command, tmp_path, 2)
    result = judge(run, ("single_flight",))
    assert result.outcome is RaceOutcome.NOT_CLAIMED
    assert "the session was lost: " in result.sentence
    assert "after the client had hung up on a refresh that was granted" in result.sentence
    assert any(entry.hung_up for entry in run.entries)


def test_callers_that_a_busy_machine_starts_one_by_one_meet_the_same_slow_refresh(mock: Mock, tmp_path: Path) -> None:
    """Where reuse is forgiven, the second of them had its answer at once, and those after it no need of a refresh."""
    command = [sys.executable, str(CLIENT), "reads-again-when-refused", "starts-one-by-one"]
    result = judge(course.run(SLOW, "supabase", mock, command, tmp_path, 2), ())
    assert (result.outcome, result.sentence) == (WASTEFUL, "5 exchanges where 1 would do")


def test_the_races_of_a_slow_refresh_say_how_long_they_wait() -> None:
    assert BY_NAME["slower-than-locks"].waits == races.PATIENT + races.SOON + races.ALMOST_OVER + SURELY_OVER
    assert BY_NAME["slow-tabs"].waits == BY_NAME["slower-than-locks"].waits
    assert BY_NAME["refresh-fails"].waits == 0.0


@pytest.mark.parametrize(
    ("does", "outcome", "sentence"),
    [
        ("deletes-when-refused", LOST, "the client gave up a session that is still valid at the server"),
        ("reads-again-when-refused", WASTEFUL, "5 exchanges where 1 would do"),
        ("sound", SURVIVED, "1 exchange"),
    ],
)
def test_the_loser_must_not_wipe_what_the_winner_stored(
    does: str, outcome: RaceOutcome, sentence: str, mock: Mock, tmp_path: Path
) -> None:
    result = raced(BY_NAME["losers-clean-up"], does, mock, tmp_path)
    assert (result.outcome, result.sentence.partition("; ")[2] or result.sentence) == (outcome, sentence)


@pytest.mark.parametrize(
    ("does", "outcome", "exchanges"),
    [("refreshes-for-each-401", LOST, 2), ("refreshes-for-each-401 insists", WASTEFUL, 3), ("sound", SURVIVED, 1)],
)
def test_a_second_refresh_for_one_token_ends_what_the_first_brought(
    does: str, outcome: RaceOutcome, exchanges: int, mock: Mock, tmp_path: Path
) -> None:
    result = raced(BY_NAME["old-token-dies"], does, mock, tmp_path)
    assert (result.outcome, result.exchanges) == (outcome, exchanges)
    assert result.wire_401s["ended_by_refresh"] >= 1


LIMITED = replace(
    BY_NAME["rate-limited"],
    steps=(
        SignIn(races.ALMOST_OVER),
        Arm("rate-limited", races._fails(429, 0.5, retry_after_s=1)),
        Burst(1, must=False),
        Pause(1.2),
        Burst(1),
    ),
)


@pytest.mark.parametrize(
    ("does", "outcome", "sentence"),
    [
        ("storms", WASTEFUL, "7 exchanges where 2 would do, 5 before the end of a Retry-After"),
        ("tries-three-times", SURVIVED, "4 exchanges where 2 would do, 2 before the end of a Retry-After"),
        ("sound", SURVIVED, "2 exchanges"),
    ],
)
def test_tries_against_a_rate_limit_have_a_limit_of_their_own(
    does: str, outcome: RaceOutcome, sentence: str, mock: Mock, tmp_path: Path
) -> None:
    """Three for each call are none too many."""
    result = raced(LIMITED, does, mock, tmp_path)
    assert (result.outcome, result.sentence) == (outcome, sentence)


@pytest.mark.parametrize(
    ("does", "outcome", "sentence"),
    [
        ("takes-seconds-for-milliseconds", WASTEFUL, "3 exchanges where 0 would do"),
        ("sound", SURVIVED, "0 exchanges"),
    ],
)
def test_a_refresh_at_every_call_is_waste_at_300_s_too(
    does: str, outcome: RaceOutcome, sentence: str, at_300_s: Mock, tmp_path: Path
) -> None:
    race = replace(BY_NAME["clock-ahead"], steps=(SignIn(), *[Burst(1)] * 3))
    result = raced(race, does, at_300_s, tmp_path)
    assert (result.outcome, result.sentence) == (outcome, sentence)
