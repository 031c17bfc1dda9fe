"""Whether the machine's clock is set while somebody records by it: it is held against one that nobody can set."""

import time

SET = 1.0  # s; what is less is taken for the time between the two looks on a busy machine
RUNNING = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # it goes on while the machine sleeps


class Steady:
    """The machine's clock, watched from here on."""

    def __init__(self) -> None:
        self._ahead = _ahead()

    def set_by(self) -> float | None:
        """Return by how much it was set since the last question, in s, forward if positive; None: it was not."""
        before, self._ahead = self._ahead, _ahead()
        by = self._ahead - before
        return by if abs(by) > SET else None


def _ahead() -> float:
    """Return how far it is ahead of the clock that nobody can set, in s."""
    return time.clock_gettime(time.CLOCK_REALTIME) - time.clock_gettime(RUNNING)
