"""
What a comparison compares: shares of independent sessions, which chance moves, and ratios, which have a tolerance.

Each has a threshold of its name in `thresholds`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from race401.harness.judge.counted import counted
from race401.harness.judge.summary import Counts


@dataclass(frozen=True, slots=True)
class Share:
    """In how many of the sessions something happened."""

    name: str
    happened: Callable[[Counts], int]
    answers: Callable[[Counts], str]  # how often it happened in them, for people
    chances: Callable[[Counts], int | None] = lambda _: None  # in how many it had its chance; None: not known

    def n(self, counts: Counts) -> int:
        """Return of how many sessions a bound speaks."""
        chances = self.chances(counts)
        return counts.sessions if chances is None else chances

    def describe(self, counts: Counts) -> str:
        """Return the share in words."""
        n = self.happened(counts)
        return f"{n} of {counted(counts.sessions, 'session')}" + (self.answers(counts) if n else "")


@dataclass(frozen=True, slots=True)
class Ratio:
    """So many for each of something; `ideal` is what it may always reach."""

    name: str
    parts: Callable[[Counts], tuple[int, int | None]]
    ideal: float = 0.0

    def value(self, counts: Counts) -> float | None:
        """Return the ratio; None: there was nothing to divide by."""
        some, each = self.parts(counts)
        return some / each if each else None

    def describe(self, counts: Counts) -> str:
        """Return the ratio as a table has it."""
        value = self.value(counts)
        return "-" if value is None else f"{value:.2f}"


def _rate(n: int, of: int) -> str:
    return f", {n} of {of} answers ({n / of:.1%})" if of else ""


SHARES = (
    Share(
        "caller-401s", lambda c: c.sessions_401, lambda c: _rate(c.caller_401s, c.requests), lambda c: c.sessions_met
    ),
    Share(
        "wire-401s", lambda c: c.sessions_wire_401, lambda c: _rate(c.wire_401s, c.sends), lambda c: c.sessions_met
    ),
    Share("sessions-lost", lambda c: c.sessions_lost, lambda _: "", lambda c: c.sessions_tried),
    Share(
        "repeated-exchanges",
        lambda c: c.sessions_repeated,
        lambda c: f", {counted(c.exchanges, 'exchange')}",
        lambda c: c.sessions_tried,
    ),
)
RATIOS = (
    Ratio("exchanges-per-generation", lambda c: (c.exchanges, c.generations), ideal=1.0),
    Ratio("exchanges-per-crossing", lambda c: (c.exchanges, c.crossings), ideal=1.0),
    Ratio("exchanges-per-session", lambda c: (c.exchanges, c.sessions)),
    Ratio("store-reads-per-request", lambda c: (c.store_reads, c.sampled)),
)
