"""Several hosts: what the mock's time is on each, and which worker has which share of the browsers."""

import contextlib
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

import httpx

from race401.harness.judge.clocks import Offset

TURNS_WITHIN = 1.1  # s: the mock's second turns in it, once
ASKED_EVERY = 0.05  # s
ANSWERED_WITHIN = 5.0  # s
LOCAL = "this host"


class HostClock:
    """The mock's time, as this host knows it: its own clock, and what was found to be wrong with it before the run.

    What is found later is not put right, so that no session lives through a jump; it is kept, and the judge says so.
    """

    def __init__(self) -> None:
        self.taken_out = 0.0  # s
        self.left = Offset()  # after that
        self.measured = False

    def now(self) -> float:
        """Return s since the epoch."""
        return time.time() + self.taken_out

    def set_by(self, mock: str, turns_within: float) -> None:
        """Ask the mock until its second turns, for so many s at most; what is too little to tell is left as it is."""
        began, found, dates = time.time(), Offset(), set[str | None]()
        with httpx.Client(verify=httpx.create_ssl_context(), trust_env=False, timeout=ANSWERED_WITHIN) as client:
            while len(dates) < 2 and time.time() - began <= turns_within:  # noqa: PLR2004 - it has turned
                sent = time.time()
                dates.add(date := client.get(f"{mock}/auth/v1/health").headers.get("date"))
                found = found.narrow(date, sent, time.time())
                time.sleep(ASKED_EVERY if turns_within else 0)  # locust makes it cooperative
        self.taken_out = found.middle if found.answers and found.least else 0.0
        self.left, self.measured = found.moved(-self.taken_out), True

    def note(self, date: str | None, sent: float, received: float) -> None:
        """Learn from an answer of the mock's; both instants are `now`'s."""
        if self.measured:
            self.left = self.left.narrow(date, sent, received)

    def plain(self) -> dict[str, Any] | None:
        """Return what a manifest keeps; None: nothing was measured."""
        if not self.left.answers:
            return None
        left = [round(self.left.low, 4), round(self.left.high, 4)]
        return {"taken_out_s": round(self.taken_out, 4), "left_s": left, "answers": self.left.answers}


def measured_clock(mock: str | None, turns_within: float) -> HostClock:
    """Return a clock set by the mock at this address, if it answers; None: the mock's clock is this host's."""
    clock = HostClock()
    if mock is not None:
        with contextlib.suppress(httpx.HTTPError):  # nobody will sign in, which says it all
            clock.set_by(mock, turns_within)
    return clock


def host_of(worker: str) -> str:
    """Return the host's name, which locust puts first into a worker's id."""
    return worker.rpartition("_")[0]


def shares(workers: Iterable[str]) -> list[str]:
    """Return the workers by the number of their share: in the order in which locust deals out the browsers.

    That is by host, each host's second worker after all the first ones. locust's own index follows the order in which
    workers connect, which differs from run to run.
    """
    seen: Counter[str] = Counter()
    ranked = []
    for worker in sorted(workers):
        host = worker.split("_")[0]  # as locust's dispatcher does
        ranked.append((seen[host], worker))
        seen[host] += 1
    return [worker for _, worker in sorted(ranked)]


def share(worker: str, dealt: list[str], index: int) -> int:
    """Return the number of a worker's share; one that came when they were dealt out has a number after them all."""
    return dealt.index(worker) if worker in dealt else len(dealt) + index


def named(number: int, worker: str) -> str:
    """Return what a worker is called before people."""
    return f"worker {number} ({host_of(worker)})"
