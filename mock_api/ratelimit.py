"""Token buckets, as GoTrue limits its routes: each key may ask so often at once, and then as fast as it refills."""

from collections.abc import Callable
from dataclasses import dataclass, field

BURST = 30  # requests (internal/api/apilimiter.go)
PERIOD = 300.0  # s
KEPT = 10_000  # keys; full buckets are forgotten beyond, since a new one is full too


@dataclass(slots=True)
class Buckets:
    """`rate` requests in PERIOD s, and BURST at once, for each key."""

    rate: float
    clock: Callable[[], float]
    levels: dict[str, tuple[float, float]] = field(default_factory=dict)  # what is left, and when that was

    def take(self, key: str) -> bool:
        """Return whether this request is within the limit."""
        now = self.clock()
        left = self._left(key, now)
        if left < 1:
            return False
        if len(self.levels) >= KEPT:
            self.levels = {key: self.levels[key] for key in self.levels if self._left(key, now) < BURST}
        self.levels[key] = left - 1, now
        return True

    def _left(self, key: str, now: float) -> float:
        left, at = self.levels.get(key, (BURST, now))
        return min(BURST, left + max(now - at, 0.0) * self.rate / PERIOD)
