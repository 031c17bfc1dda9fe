"""The mock's clock: the machine's own until it is frozen, advanced or set apart. All that the mock does obeys it."""

import time
from collections.abc import Callable
from email.utils import formatdate

YEAR_9999 = 253_370_764_800.0  # s since the epoch; no date can be written after it


def system_clock() -> float:
    """Return s since the epoch; looked up on each call, so that freezegun reaches it."""
    return time.time()


class Clock:
    """What `now` says, in s since the epoch, is the mock's time."""

    def __init__(self, machine: Callable[[], float] = system_clock) -> None:
        self._machine = machine
        self._ahead = 0.0
        self._frozen_at: float | None = None
        self._dated = (-1, (b"date", b""))

    def now(self) -> float:
        """Return the mock's time."""
        return self._machine() + self._ahead if self._frozen_at is None else self._frozen_at

    @property
    def frozen(self) -> bool:
        """Whether it stands still."""
        return self._frozen_at is not None

    @property
    def ahead(self) -> float:
        """By how many s it is ahead of the machine's."""
        return self.now() - self._machine()

    def set(self, now: float, frozen: bool) -> None:
        """Go on from this instant, or stand still at it."""
        self._ahead = now - self._machine()
        self._frozen_at = now if frozen else None

    def date(self, now: float) -> tuple[bytes, bytes]:
        """Return the `Date` header for this instant; made once a second."""
        second = int(now)
        if second != self._dated[0]:
            self._dated = second, (b"date", formatdate(second, usegmt=True).encode())
        return self._dated[1]
