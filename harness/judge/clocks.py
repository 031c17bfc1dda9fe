"""
How far a host's clock is from the server's, as the `Date` of its answers tells; and what of it is left in a run.

A `Date` is a whole second, set between a request's sending and its answer's arrival. So one answer bounds the offset
by an interval of 1 s and the round trip, and many answers, intersected, by little more than the shortest round trip.
"""

from calendar import timegm
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.utils import parsedate
from functools import lru_cache
from typing import Any

from race401.harness.judge.evidence import Evidence
from race401.harness.judge.findings import Finding, Value
from race401.harness.judge.measure import Row

SECOND = 1.0  # s: the resolution of `Date`
TOLERATED = 1.0  # s; the dates of a token are whole seconds, so that less moves no margin further than they do
TIMED = frozenset({"caller-401s", "refreshes", "needless-exchanges"})
"""Checks whose expectation depends on what time the client thinks it is. A second exchange of one token does not."""


@dataclass(frozen=True, slots=True)
class Offset:
    """The server's clock less the host's, in s: at least `low` at one time, at most `high` at one time.

    Where `low` is the greater, no one offset explains the answers: the clock moved by the difference or more.
    """

    low: float = float("-inf")
    high: float = float("inf")
    answers: int = 0

    def told(self, date: str | None, sent: float, received: float) -> "Offset":
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


def clocks(evidence: Evidence, _: list[Row]) -> Iterator[Finding]:
    """How far each host's clock is from the server's, and whether that is out of the way of what is tested."""
    skews = {name: about.get("skew_s") for name, about in evidence.manifest["conditions"].items()}
    tested = ", ".join(f"{name} {skew:+g} s" for name, skew in skews.items() if skew) or "none"
    for host in evidence.manifest.get("hosts") or []:
        if (clock := host.get("clock")) is not None:
            value, sentence = _judged(host["name"], clock)
            yield Finding("clocks", value, f"{sentence}; skew under test, beside that: {tested}")


def _judged(host: str, clock: dict[str, Any]) -> tuple[Value, str]:
    taken, left = clock["taken_out_s"], Offset(clock["left_s"][0], clock["left_s"][1], clock["answers"])
    offset = left.moved(taken)
    told = f"{host}: its clock is {_words(offset)} the server's, by {left.answers} answers"
    if max(left.low, -left.high) > TOLERATED:
        why = "which moved while the run lasted" if left.low > left.high else "which was not known when it began"
        return Value.UNKNOWN, f"{told}; {taken:.2f} s of that were taken out, {why}: set it by NTP and run again"
    return Value.PASS, told + (f"; {taken:+.2f} s of that are taken out" if taken else "")


def _words(offset: Offset) -> str:
    """Say the interval from the host's side: behind where the server is ahead."""
    low, high = sorted((offset.low, offset.high))
    if high <= 0:
        return f"{-high:.2f} to {-low:.2f} s ahead of"
    if low >= 0:
        return f"{low:.2f} to {high:.2f} s behind"
    return f"between {-low:.2f} s ahead of and {high:.2f} s behind"


def unproven(findings: list[Finding]) -> list[Finding]:
    """Return the findings with nothing held against the client that a host's clock alone may have caused."""
    if all(finding.value is Value.PASS for finding in findings if finding.check == "clocks"):
        return findings
    return [
        replace(f, value=Value.UNKNOWN, sentence=f"{f.sentence}; but a host's clock was off")
        if f.check in TIMED and f.value is Value.FAIL
        else f
        for f in findings
    ]
