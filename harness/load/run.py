"""A run as its browsers know it: one value, made whole when the test starts and handed to each of them."""

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from race401.harness.load.hosts import HostClock
from race401.harness.load.plan import Plan


@dataclass(frozen=True, slots=True)
class Run:
    """What every browser of a run knows, in the process that has the browser."""

    id: str
    plan: Plan
    host: str  # of the mock
    clock: HostClock
    share: int  # of the browsers, that this process has: the number of its worker
    last_page_at: float  # s, of `time.monotonic`, which nobody sets; no page begins later
    report: Callable[[dict[str, Any]], None]  # takes a sample
    done: Callable[[], None]  # a browser has loaded all its pages
    steering: dict[str, str]  # headers for the mock's control API
    problem: Callable[[str], None]  # ends the run, which says why
    places: Mapping[str, str] = field(default_factory=dict)  # of a system of your own: the recorder's addresses
    narrate: bool = False
    seen: set[str] = field(default_factory=set)  # refresh tokens of sessions that browsers of this process began
    _numbers: defaultdict[tuple[str, str], Iterator[int]] = field(
        default_factory=lambda: defaultdict(lambda: itertools.count(1))
    )

    def number(self, condition: str, role: str) -> int:
        """Return the next browser's number among those of its condition and role, from 1."""
        return next(self._numbers[condition, role])
