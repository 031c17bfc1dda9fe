"""
How far a host's clock is from the server's, as the `Date` of its answers tells; and what of it is left in a run.

A `Date` is a whole second, set between a request's sending and its answer's arrival. So one answer bounds the offset
by an interval of 1 s and the round trip, and many answers, intersected, by little more than the shortest round trip.
"""

from calendar import timegm
from dataclasses import dataclass, replace
from email.utils import parsedate
from functools import lru_cache

SECOND = 1.0  # s: the resolution of `Date`


@dataclass(frozen=True, slots=True)
class Offset:
    """The server's clock less the host's, in s: at least `low` at one time, at most `high` at one time.

    Where `low` is the greater, no one offset explains the answers: the clock moved by the difference or more.
    """

    low: float = float("-inf")
    high: float = float("inf")
    answers: int = 0

    def narrow(self, date: str | None, sent: float, received: float) -> "Offset":
        """Return what is known with one more answer, whose request was sent and received then on the host's clock."""
        if date is None or (second := _instant(date)) is None:
            return self
        return Offset(max(self.low, second - received), min(self.high, second + SECOND - sent), self.answers + 1)

    @property
    def middle(self) -> float:
        """The best single value."""
        return (self.low + self.high) / 2

    @property
    def least(self) -> float:
        """By how much, in s, it is certain to be off: below 0 the server is behind; 0: it may agree."""
        return self.low if self.low > 0 else min(self.high, 0.0)

    def moved(self, by: float) -> "Offset":
        """Return the offset of a clock that differs from this one's by so many s."""
        return replace(self, low=self.low + by, high=self.high + by)


@lru_cache(maxsize=4)  # a new one comes once a second
def _instant(date: str) -> int | None:
    parsed = parsedate(date)
    return None if parsed is None else timegm(parsed)
