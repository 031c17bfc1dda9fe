"""
What only shows once the end of an interval is known: from when it counts, and what becomes of a session after it.

Three sequences, each with two pauses of which one is within the interval and both together are beyond it. Pure.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from race401.harness.probe.answers import Answer, Trial
from race401.harness.probe.playing import End
from race401.harness.probe.sequences import AGAIN, FIRST, Pause, Refresh, Sequence, Step, Use

LATER = Refresh("0", "later")
OVER = 1.2  # times the end: as long as that is beyond it
PREFIX: dict[str, tuple[Step, ...]] = {  # until the use that consumed the token is acknowledged, and the newest pair
    "second use": (FIRST,),
    "after a refresh": (FIRST, Refresh("1", "2")),
    "after a use": (FIRST, Use("1", "use")),
}
SLIDES, COUNTS, AFTER = "a use within it", "a refresh within it", "after its end"
KINDS = 3  # of sequences


class Beyond(NamedTuple):
    """What was seen; None: it was not."""

    slides: bool | None = None  # an accepted use begins it anew
    counts_from: Literal["use", "refresh"] | None = None  # of the token, or whatever refresh the session had last
    later: bool | None = None  # a session of which a late use was refused still lives an interval later


def base(ends: dict[str, End]) -> str | None:
    """Return the sequence by which it is asked: one of which the end was seen, with time in between."""
    return next((name for name in PREFIX if name in ends and pause(ends[name]) is not None), None)


def pause(end: End) -> float | None:
    """Return s of which one pause is within the interval, and two are beyond it; None: it is not known so closely."""
    if end.refused is None or not end.refused / 2 < end.accepted:
        return None
    return (end.refused / 2 + end.accepted) / 2


def sequences(ends: dict[str, End], name: str) -> list[Sequence]:
    """Return what is played. Who refuses grandparents at once cannot be asked from when the interval counts."""
    end = ends[name]
    wait = pause(end)
    assert wait is not None
    assert end.refused is not None
    first = tuple((step,) for step in PREFIX[name])
    newest = "2" if name == "after a refresh" else "1"
    over = Pause(OVER * end.refused)
    groups: dict[str, tuple[Step, ...]] = {
        SLIDES: (Pause(wait), AGAIN, Pause(wait), LATER),
        COUNTS: (Pause(wait), Refresh(newest, "renewed"), Pause(wait), LATER),
        AFTER: (over, AGAIN, over, Refresh(newest, "alive")),
    }
    if "after a refresh" not in ends:
        del groups[COUNTS]
    return [Sequence(each, "", (*first, *((step,) for step in groups[each]))) for each in groups]


def takes(wanted: Iterable[Sequence]) -> float:
    """Return for how many s they wait, side by side."""
    return max(sum(g[0].seconds for g in each.groups if isinstance(g[0], Pause)) for each in wanted)


def seen(trials: Iterable[Trial], end: End) -> Beyond:
    """Return what the trials say; whoever came too late to say it says nothing, and neither do two that differ."""
    by_name: dict[str, set[bool | None]] = {SLIDES: set(), COUNTS: set(), AFTER: set()}
    for trial in trials:
        by_name[trial.sequence].add(_look(trial, end))
    slides, counts, later = (_unanimous(said - {None}) for said in by_name.values())
    return Beyond(slides, None if counts is None else "refresh" if counts else "use", later)


def _unanimous(said: set[bool | None]) -> bool | None:
    return said.pop() if len(said) == 1 else None


def _look(trial: Trial, end: End) -> bool | None:
    if trial.sequence == AFTER:
        return _lives(trial.answer_to(AGAIN.name), trial.answer_to("alive"), end)
    between = trial.answer_to(AGAIN.name if trial.sequence == SLIDES else "renewed")
    return _anew(trial.answer_to(FIRST.name), between, trial.answer_to(LATER.name), end)


def _anew(first: Answer, between: Answer, later: Answer, end: End) -> bool | None:
    """Whether the last one was accepted, beyond the end that counts from the first, within that from the second."""
    if end.refused is None or between.what != "granted" or later.what not in ("granted", "refused"):
        return None
    told = later.sent - first.heard > end.refused and later.heard - between.sent < end.accepted
    return later.what == "granted" if told else None


def _lives(refused: Answer, alive: Answer, end: End) -> bool | None:
    """Whether the session is refreshed, an interval after a use was refused."""
    if end.refused is None or refused.what != "refused" or alive.what not in ("granted", "refused"):
        return None
    return alive.what == "granted" if alive.sent - refused.heard > end.refused else None
