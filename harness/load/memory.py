"""How much memory the run's processes hold, all along: for whoever wants to know that it does not grow."""

import gevent

import os
from collections.abc import Mapping
from pathlib import Path

PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")
READINGS = 600  # of a timed run, so that a long one is no larger
SOONEST = 1.0  # s between two readings


def every(run_time: float | None) -> float:
    """Return s from one reading to the next."""
    return max(SOONEST, (run_time or 0.0) / READINGS)


def resident(pid: int) -> float | None:
    """Return MB that the process holds; None where the system does not say."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return None
    return int(pages) * PAGE_SIZE / 1e6


def watch(pids: Mapping[str, int], seconds: float, readings: dict[str, list[float]]) -> None:
    """Read every so many seconds, for as long as this greenlet lives."""
    while True:
        for name, pid in pids.items():
            if (held := resident(pid)) is not None:
                readings.setdefault(name, []).append(round(held, 1))
        gevent.sleep(seconds)
