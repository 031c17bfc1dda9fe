"""What a mechanism is, and what is said of one: shown, consistent, excluded, or that nothing bears on it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from race401.harness.incident.mechanisms.case import Case
from race401.harness.incident.mechanisms.ways import USUAL, Naive, Play, Recipe, Way
from race401.ledger.entry import Entry

Standing: TypeAlias = Literal["shown", "consistent", "excluded", "not seen"]


@dataclass(frozen=True, slots=True)
class Sign:
    """What the evidence says of one mechanism. `rows`: `seq` of the entries that say it, in the order of arrival."""

    standing: Standing
    says: str  # a sentence
    rows: tuple[int, ...] = ()
    decides: str = ""  # of what is consistent: the one observation that would decide it


@dataclass(frozen=True, kw_only=True, slots=True)
class Mechanism:
    """A known way into a 401. `look` is pure: None says that nothing in the evidence bears on it."""

    name: str
    title: str  # what it is called, in a line of its own
    answer: str  # what an incident of it comes to, in ten words at most
    seeks: str  # what was looked for, after "looked for"
    look: Callable[[Case], Sign | None]
    way: Way
    guard: Recipe
    naive: Naive = USUAL
    play: Play | None = None  # none: no client under load has it, and a script plays it


def shown(says: str, entries: Iterable[Entry | None]) -> Sign:
    """Return what these entries show."""
    return Sign("shown", says, _rows(entries))


def consistent(says: str, entries: Iterable[Entry | None], decides: str) -> Sign:
    """Return what these entries fit, and what would decide it."""
    return Sign("consistent", says, _rows(entries), decides)


def excluded(says: str, entries: Iterable[Entry | None]) -> Sign:
    """Return what these entries exclude."""
    return Sign("excluded", says, _rows(entries))


def _rows(entries: Iterable[Entry | None]) -> tuple[int, ...]:
    return tuple(sorted({entry.seq for entry in entries if entry is not None}))
