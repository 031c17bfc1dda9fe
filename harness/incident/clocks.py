"""
By how much a client's clock differs from its servers', from the `Date` of their answers.

A server writes `Date` in whole seconds, cut off, between the request's leaving and the answer's end: each answer
bounds the offset from both sides, and together they bound it to the fraction of a second.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from math import inf

from race401.harness.incident.evidence import Clock

DATE_S = 1.0  # a `Date` may be as much older than the instant at which it was written (RFC 9110 s.5.6.7)
ROUNDED_S = 0.001  # a HAR's instants are in ms


@dataclass(slots=True)
class Bounds:
    """By origin, what the offset lies between; s to be added to the client's time."""

    of: dict[str, tuple[float, float]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    disagree: set[str] = field(default_factory=set)  # origins whose answers contradict each other: a clock was set

    def answered(self, origin: str, date: str, left_at: float, ended_at: float) -> None:
        """Note an answer; what is no date says nothing."""
        try:
            at = parsedate_to_datetime(date).timestamp()
        except (ValueError, TypeError, OverflowError):
            return
        low, high = at - ended_at - ROUNDED_S, at + DATE_S - left_at + ROUNDED_S
        was_low, was_high = self.of.get(origin, (-inf, inf))
        both = max(low, was_low), min(high, was_high)
        self.counts[origin] = self.counts.get(origin, 0) + 1
        if both[0] <= both[1]:
            self.of[origin] = both
        else:
            self.disagree.add(origin)

    def clock(self) -> Clock:
        """Return the offset on which most answers agree."""
        agreed = [origin for origin in self.of if origin not in self.disagree]
        if not agreed:
            return Clock()
        low, high = self.of[max(agreed, key=self.counts.__getitem__)]
        disputed = bool(self.disagree)
        for origin in agreed:
            both = max(low, self.of[origin][0]), min(high, self.of[origin][1])
            disputed = disputed or both[0] > both[1]
            low, high = both if both[0] <= both[1] else (low, high)
        return _between(low, high, disputed=disputed)


def agreed(clocks: Sequence[Clock | None]) -> list[Clock | None]:
    """Return the clocks; those whose offsets may be the same have one that all of them allow."""
    found = list(clocks)
    for n, clock in enumerate(clocks):
        if clock is None or clock.offset is None:
            continue
        low, high = clock.between
        for other in clocks:
            if other is not None and other.offset is not None:
                both = max(low, other.between[0]), min(high, other.between[1])
                low, high = both if both[0] <= both[1] else (low, high)
        found[n] = _between(low, high, disputed=clock.disputed)
    return found


def _between(low: float, high: float, *, disputed: bool) -> Clock:
    """Return a clock; an offset that is not shown to differ from 0 is 0."""
    offset = 0.0 if low <= 0 <= high else round((low + high) / 2, 3)
    return Clock(
        offset=offset, within=round(max(offset - low, high - offset), 3), between=(low, high), disputed=disputed
    )
