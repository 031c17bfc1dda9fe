"""A burst meets the end of the token alive or surely over; where the machine was slower, the race begins again."""

import json
import time
from pathlib import Path
from typing import Any, cast

import pytest
from ledgers import Run as Seen

from race401.harness.card import course
from race401.harness.card.course import Course, Run
from race401.harness.card.driver import Driver
from race401.harness.card.mock import Mock
from race401.harness.card.race import Burst, Race, SignIn
from race401.harness.card.races import RACES
from race401.harness.card.token_end import STRETCHED, Missed, stale, too_late

RACE = next(race for race in RACES if race.name == "concurrent-expiry")
OVER = {"status": 401, "cause": "expired"}


def met(*calls: tuple[str, float, float]) -> Seen:
    """What the server saw in a burst: what, and when it was received and answered, in s."""
    seen = Seen()
    for what, received, answered in calls:
        at: dict[str, Any] = {"received_at": received, "answered_at": answered}
        if what == "refresh":
            seen.exchange("a", **at)
        else:
            seen.entry("a", "/contacts", **({"status": 200} if what == "alive" else OVER), **at)
    return seen


@pytest.mark.parametrize(
    ("calls", "late"),
    [
        ([("over", 1.0, 1.1)], True),
        ([("alive", 1.0, 1.1), ("over", 1.0, 1.1), ("refresh", 1.0, 1.5)], True),
        ([("alive", 1.0, 1.1)], False),
        ([("refresh", 1.0, 1.5), ("alive", 1.6, 1.7)], False),
        ([("refresh", 1.0, 1.5), ("over", 1.6, 1.7)], False),
    ],
    ids=[
        "all of it after the end",
        "the end fell into it",
        "before the end",
        "who has a margin refreshed",
        "the old token again, as its refresh had failed",
    ],
)
def test_a_call_that_comes_after_the_end_by_itself_was_too_late(
    calls: list[tuple[str, float, float]], late: bool
) -> None:
    assert too_late(met(*calls).entries) is late


@pytest.mark.parametrize(("left", "late"), [(2.0, True), (-1.0, True), (2.1, False), (None, False)])
def test_a_refresh_of_a_token_that_should_be_fresh_was_called_for_if_it_is_not(
    left: float | None, late: bool
) -> None:
    """A burst that comes when half of a life is over says nothing about who refreshes what is fresh."""
    seen = Seen()
    seen.entry("a", "/contacts", 200, token_left_s=1.0)
    seen.exchange("a", token_left_s=left)
    assert stale(seen.entries, 2.0) is late


@pytest.mark.parametrize("slow", [0, 1, 2, 9])
def test_a_race_whose_instant_was_missed_begins_again_with_more_time(
    slow: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last time counts, whatever it meets: a client may be so slow by itself."""
    tried = []

    def once(*_given: Any, stretch: float, last: bool) -> Run:
        tried.append(stretch)
        if len(tried) <= slow and not last:
            raise Missed
        return Run(RACE, "rfc9700")

    monkeypatch.setattr(course, "_once", once)
    course.run(RACE, "rfc9700", cast("Mock", None), [], Path(), 2)
    assert tried == list(STRETCHED[: slow + 1])


class Told:
    """A mock and a driver: what they are told, in order. The mock's `until-the-burst` holds something if asked to."""

    def __init__(self, answered: str, timer: bool) -> None:
        self.said: list[str] = []
        self.answered, self.timer, self.paths = answered, timer, list[str]()
        self.seen = Seen()

    def ledger(self, _client: str) -> list[Any]:
        """What came so far."""
        return self.seen.entries

    def age_sign_ins(self, _world: str, _remaining: float | None) -> None:
        """How much of a life is left is nothing to us."""

    def put_to_work(self, program: dict[str, Any]) -> dict[str, Any]:
        """A program's id is its name."""
        self.said.append(f"arm {program['name']}")
        return {"id": program["name"], "program": program, "rules": []}

    def disarm(self, name: str) -> None:
        """Noted."""
        self.said.append(f"disarm {name}")

    def program(self, name: str) -> dict[str, Any]:
        """How it stands."""
        return {"rules": [{"holding": ["POST"] if self.timer and name == "until-the-burst" else []}]}

    def command(self, line: str) -> None:
        """`begin`: the calls are answered as told."""
        self.said.append(line.partition(" ")[0])
        self.paths = line.split()[1:]
        for path in self.paths:
            self.seen.entry("a", path, **({"status": 200} if self.answered == "alive" else OVER))

    def ask(self, _line: str, _within: float) -> str:
        """`end`: nothing is pending."""
        return json.dumps([{"path": path, "status": 200} for path in self.paths])


@pytest.mark.parametrize(
    ("remaining", "timer", "said"),
    [
        (3.0, True, ["arm until-the-burst", "sign-in", "begin", "wait", "disarm until-the-burst"]),
        (3.0, False, ["arm until-the-burst", "sign-in", "disarm until-the-burst", "begin"]),
        (None, True, ["sign-in", "begin"]),
    ],
    ids=["a timer that is due at once", "no timer", "a token with its whole life"],
)
def test_a_refresh_that_a_timer_makes_at_the_sign_in_waits_for_the_burst_too(
    remaining: float | None, timer: bool, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it depends on some milliseconds whether the burst meets the refresh."""
    told = Told("alive", timer)
    monkeypatch.setattr(time, "sleep", lambda _seconds: told.said.append("wait"))
    course = Course(Run(RACE, "rfc9700"), cast("Mock", told), cast("Driver", told), 2)
    course.take(SignIn(remaining))
    course.take(Burst(5))
    assert told.said == said


def burst(told: Told, callers: int, monkeypatch: pytest.MonkeyPatch, last: bool = False) -> list[str]:
    """What a due burst tells mock and driver."""
    monkeypatch.setattr(time, "sleep", lambda _seconds: told.said.append("wait"))
    race = Race("race", "a race", (Burst(callers, due=True),), covers="refresh")
    result = Run(race, "rfc9700", programs=[{"id": "the race's", "program": {"name": "the race's"}}])
    Course(result, cast("Mock", told), cast("Driver", told), 2, last=last).take(race.steps[0])
    return told.said


REARMED = ["disarm the race's", "arm until-the-burst", "arm the race's"]


@pytest.mark.parametrize(
    ("callers", "timer", "said"),
    [
        (5, True, ["begin", *REARMED, "wait", "begin", "wait", "disarm until-the-burst"]),
        (5, False, ["begin", *REARMED, "wait", "disarm until-the-burst", "begin"]),
        (1, True, ["begin", "wait", "begin"]),
    ],
    ids=["a timer refreshes before", "nothing does", "one call alone is no burst"],
)
def test_a_refresh_that_a_timer_makes_waits_for_the_burst(
    callers: int, timer: bool, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is held before the race's own programs see it, and let go once the calls have left."""
    assert burst(Told("alive", timer), callers, monkeypatch) == said


def test_a_burst_that_came_too_late_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Missed):
        burst(Told("over", timer=False), 5, monkeypatch)
    assert burst(Told("over", timer=False), 5, monkeypatch, last=True) == ["begin"]


def test_a_burst_that_found_its_token_old_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told("alive", timer=False)
    race = Race("race", "a race", (Burst(2, fresh=2.0),), covers="refresh")

    def taken(last: bool) -> None:
        Course(Run(race, "rfc9700"), cast("Mock", told), cast("Driver", told), 2, last=last).take(race.steps[0])

    taken(last=False)  # nothing was refreshed
    monkeypatch.setattr(course, "stale", lambda _met, _fresh: True)
    with pytest.raises(Missed):
        taken(last=False)
    taken(last=True)
