"""A run in the process that judges it: what has come in, when it ended, and why that was too soon if it was."""

import gevent

import os
from dataclasses import dataclass
from typing import Any

from race401.harness.judge.checks import Value
from race401.harness.judge.evidence import EvidenceError
from race401.harness.judge.verdict import EXIT_CODES
from race401.harness.load import memory
from race401.harness.load.hosts import HostClock
from race401.harness.load.messages import WorkerReport
from race401.harness.load.mock import Mock
from race401.harness.load.record import Outcome, Record
from race401.harness.load.tally import Tally
from race401.harness.reporting.streams import print_to

UNKNOWN, INTERNAL = EXIT_CODES[Value.UNKNOWN], 4  # exit codes


@dataclass(frozen=True, slots=True)
class End:
    """When a run ended; `too_soon` says why, if it had more to do."""

    at: float  # s since the epoch, by the mock's clock as this host knows it
    too_soon: str | None


class JudgedRun:
    """One run, from its first sample to its verdict."""

    def __init__(self, record: Record, clock: HostClock, mock: Mock) -> None:
        """Write the record's manifest, and begin to count; raises OSError if that cannot be written."""
        self.manifest = record.begin()
        self.outcome: Outcome | None = None  # None: it is not judged yet
        plan = record.plan
        names = {(c.name, role): f"{c.name} [{p.name}]" for c in plan.conditions for role, p in plan.policies.items()}
        self.record, self.clock, self.tally = record, clock, Tally(record.run, names, mock.ledger)
        self._loaded = 0  # browsers that have loaded all their pages
        self._end: End | None = None
        self._is_judged = False
        self._memory_watch = None
        if record.scenario.memory:
            pids = {"locust": os.getpid()} | ({"mock": mock.process.pid} if mock.process is not None else {})
            self._memory_watch = gevent.spawn(memory.watch, pids, memory.every(plan.run_time), record.memory)

    @property
    def is_under_way(self) -> bool:
        """Whether the run has not ended yet."""
        return self._end is None

    def note(self, sample: dict[str, Any]) -> None:
        """Keep a sample, and count it for whoever looks while the run lasts; those after the verdict are too late."""
        if not self._is_judged:
            self.record.note(sample)
            self.tally.note(sample)

    def hear(self, worker: str, report: WorkerReport) -> None:
        """Take a worker's report, of which some samples may be another run's."""
        if self._is_judged:
            return
        self.record.hear(worker, report)
        for sample in report.samples:
            if sample["client"].startswith(f"{self.record.run}/"):
                self.note(sample)

    def count_browser(self) -> bool:
        """Count a browser that has loaded all its pages; return whether it was the last one, which ends the run."""
        if self._is_judged:
            return False
        self._loaded += 1
        if self._loaded < self.record.plan.users:
            return False
        self.end(None)
        return True

    def end(self, too_soon: str | None) -> None:
        """Note that the run has ended; the first end that is noticed is the one."""
        if self._end is None:
            self._end = End(self.clock.now(), too_soon)

    def stop(self) -> None:
        """Note that locust has stopped the run, and whether that was its end."""
        plan, ran, too_soon = self.record.plan, self.clock.now() - self.record.started_at, None
        if plan.pages:
            too_soon = f"{self._loaded} of {plan.users} browsers had loaded their {plan.pages} pages"
        elif plan.run_time and ran < plan.run_time - 0.5:
            too_soon = f"stopped after {ran:.0f} of {plan.run_time:.0f} s"
        self.end(too_soon)

    def judge(self) -> Outcome | None:
        """Judge the run, and return what it comes to; None: that was done already."""
        if self._is_judged:
            return None
        self.stop()
        assert self._end is not None
        self._is_judged = True
        if self._memory_watch is not None:
            self._memory_watch.kill()
        self.outcome = self._judged(self._end)
        return self.outcome

    def _judged(self, end: End) -> Outcome:
        try:
            return self.record.finish(end.at, end.too_soon, self.clock.plain())
        except (OSError, EvidenceError) as error:
            print_to(f"race401: UNKNOWN: the evidence cannot be read: {error}")
            return Outcome("", UNKNOWN)
        except Exception as error:  # noqa: BLE001 - an internal error must not pass for a verdict
            print_to(f"race401: internal error while judging: {type(error).__name__}: {error}")
            return Outcome("", INTERNAL)
