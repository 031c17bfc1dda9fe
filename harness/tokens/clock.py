"""Clocks: a call that returns seconds since the epoch, and the same clock set wrong."""

import time
from collections.abc import Callable
from typing import TypeAlias

Clock: TypeAlias = Callable[[], float]


def system_clock() -> float:
    """Return the machine's time in s; looked up on each call, so that freezegun reaches it."""
    return time.time()


def skewed(clock: Clock, by: float) -> Clock:
    """Return `clock` set `by` s ahead (negative: behind), as a device whose clock is wrong sees it."""
    return lambda: clock() + by
