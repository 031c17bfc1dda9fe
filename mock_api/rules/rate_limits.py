"""Token buckets, as GoTrue limits its routes: each key may ask so often at once, and then as fast as it refills."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

BURST = 30  # requests (internal/api/apilimiter.go)
PERIOD = 300.0  # s
KEPT = 10_000  # keys; full buckets are forgotten beyond, since a new one is full too


class Limit(Protocol):
    """So many requests of each key."""

    async def take(self, key: str) -> bool:
        """Return whether this request is within the limit."""
        ...


@dataclass(slots=True)
class Buckets:
    """`rate` requests in PERIOD s, and BURST at once, for each key."""

    rate: float
    clock: Callable[[], float]
    levels: dict[str, tuple[float, float]] = field(default_factory=dict)  # what is left, and when that was

    async def take(self, key: str) -> bool:
        """See `Limit`."""
        now = self.clock()
        left = self._left(key, now)
        if left < 1:
            return False
        if len(self.levels) >= KEPT:
            self.levels = {key: self.levels[key] for key in self.levels if self._left(key, now) < BURST}
        self.levels[key] = left - 1, now
        return True

    def _left(self, key: str, now: float) -> float:
        return refilled(self.levels.get(key, (BURST, now)), now, self.rate)


def refilled(level: tuple[float, float], now: float, rate: float) -> float:
    """Return what is in a bucket by now, given what was left in it, and when."""
    left, at = level
    return min(BURST, left + max(now - at, 0.0) * rate / PERIOD)
