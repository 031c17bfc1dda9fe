"""What a run leaves: its folder, from the manifest at its start to the verdict at its end."""

import locust  # noqa: F401 - first of all: it patches the process

import contextlib
import os
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import msgspec

from race401.harness.judge import evidence, lines, verdict
from race401.harness.judge import manifest as manifests
from race401.harness.judge.findings import Finding, Value
from race401.harness.judge.lines import Source
from race401.harness.judge.verdict import Verdict
from race401.harness.load import memory
from race401.harness.load.browser import instant
from race401.harness.load.hosts import LOCAL, named
from race401.harness.load.messages import WorkerReport
from race401.harness.load.mock import Mock
from race401.harness.load.plan import Plan
from race401.harness.load.scenario import Scenario
from race401.harness.load.whole import put
from race401.harness.reporting import answer, console, html, terminal
from race401.harness.reporting.answer import Form
from race401.harness.tokens.policy import knobs
from race401.ledger.lines import Lines

LIBRARIES = ("locust", "httpx", "fastapi", "uvicorn", "gevent", "joserfc")
BLOCK = 1_000  # samples


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run comes to."""

    text: str  # to be printed
    exit_code: int
    verdict: Verdict | None = None  # None: it could not be judged
    report: Path | None = None  # None: it is not kept


@dataclass(slots=True)
class Host:
    """Somebody with browsers: a worker, or the one process of a local run."""

    name: str = LOCAL
    share: int = 0  # its browsers' numbers begin with it
    heard: bool = True  # its last report has come
    clock: dict[str, Any] | None = None  # see `HostClock.plain`


HERE = ""  # among the hosts: this process, if it has browsers


def hosts_of(workers: list[str] | None) -> dict[str, Host]:
    """Return the hosts by locust's names for their workers, by the number of their share; None: a local run."""
    if workers is None:
        return {HERE: Host()}
    return {worker: Host(named(number, worker), number, heard=False) for number, worker in enumerate(workers)}


@dataclass
class Record:
    """One run's evidence while it is being gathered."""

    run: str
    scenario: Scenario
    plan: Plan
    mock: Mock
    steering: dict[str, str]  # headers for its control API
    worlds: dict[str, dict[str, object]]
    folder: Path
    hosts: dict[str, Host]  # see `hosts_of`
    started_at: float  # s since the epoch, by the mock's clock as this host knows it
    form: Form = "text"  # of the verdict
    memory: dict[str, list[float]] = field(default_factory=dict)  # MB that each process held; see `memory`
    _unwritten: list[bytes] = field(default_factory=list)  # samples
    _pairs: set[int] = field(default_factory=set)  # of browsers that sent one
    _unkept: list[str] = field(default_factory=list)  # what of the evidence could not be written, and why

    def begin(self) -> dict[str, Any]:
        """Write the manifest, so that even a run that is killed can be judged, and return it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        manifest = self.manifest(None, "the run was killed")
        put(self.folder / evidence.MANIFEST, _pretty(manifests.sealed(manifest)))
        return manifest

    def note(self, sample: dict[str, Any]) -> None:
        """Keep a sample. They go to disk in blocks; what cannot be written is tried again by `finish`."""
        self._pairs.add(int(sample["client"].rpartition(".")[2]))
        self._unwritten.append(msgspec.json.encode(sample) + b"\n")
        if len(self._unwritten) % BLOCK == 0:
            with contextlib.suppress(OSError):
                self._write_samples()

    def hear(self, worker: str, report: WorkerReport) -> None:
        """Note what a worker says of itself; of one that came after the run had begun this is the first word."""
        if report.share is None:
            return
        host = self.hosts.setdefault(worker, Host(named(report.share, worker), report.share, heard=False))
        host.heard = host.heard or report.last_of == self.run
        host.clock = report.clock

    def unheard(self) -> list[str]:
        """Return the workers whose last report has not come, by locust's names."""
        return [worker for worker, host in self.hosts.items() if not host.heard]

    def _write_samples(self) -> None:
        with contextlib.closing(Lines(self.folder / evidence.SAMPLES)) as file:
            file.write(b"".join(self._unwritten))
        self._unwritten.clear()

    def manifest(self, ended_at: float | None, unfinished: str | None) -> dict[str, Any]:
        """Return everything that a reader needs to believe, or repeat, the run."""
        plan = self.plan
        return {
            "race401": version("race401"),
            "run": self.run,
            "scenario": {"name": self.scenario.name, "version": self.scenario.version},
            "seed": plan.seed,
            "arrival": plan.arrival,
            "arrivals_per_s": plan.arrivals,
            "transport": plan.transport,
            "connections": plan.connections,
            "pages": plan.pages,
            "run_time_s": plan.run_time,
            "users": plan.users,
            **({} if plan.system is None else {"system": plan.system.shown()}),
            "page": list(plan.page),
            "worlds": {c.world: self.worlds.get(c.world, {}) for c in plan.conditions},
            "policies": {role: knobs(policy) for role, policy in plan.policies.items()},
            "should_get": {role: plan.should_get(role) for role in plan.policies},
            "conditions": {
                c.name: {
                    "world": c.world,
                    "about": c.about,
                    "skew_s": c.skew,
                    **({"clock_set": True} if plan.system is not None and not c.at_expiry else {}),
                    "covers": c.covers,
                    "tabs": c.tabs,
                    "sound": c.subject.plain(),
                    "expects": {role: c.expected(role, p.name).plain() for role, p in plan.policies.items()},
                }
                for c in plan.conditions
            },
            "decisive_instants_s": {
                c.name: {str(pair): round(instant(plan, c.name, pair), 3) for pair in sorted(self._pairs)}
                for c in plan.conditions
            },
            "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
            "memory_mb": self.memory,
            "memory_every_s": memory.every(plan.run_time),
            "started_at": self.started_at,
            "ended_at": ended_at,
            "finished": unfinished is None,
            "unfinished_because": unfinished,
            "hosts": [asdict(host) for host in sorted(self.hosts.values(), key=lambda host: host.share)],
            "missing_witnesses": [host.name for host in self.hosts.values() if not host.heard],
        }

    def finish(self, ended_at: float, unfinished: str | None, clock: dict[str, Any] | None) -> Outcome:
        """Store the evidence, judge it, and return what it comes to; the clock is this process's.

        What cannot be stored is judged from memory, and said: then nobody can judge the run again.
        """
        if (here := self.hosts.get(HERE)) is not None:
            here.clock = clock
        ledger, problem = self._ledger()
        files = {evidence.LEDGER: ledger, evidence.SAMPLES: self._samples()}
        told = self.manifest(ended_at, unfinished or problem) | {"ledger_entries": lines.count(ledger)}
        manifest = manifests.sealed(told, files)
        self._keep(evidence.MANIFEST, _pretty(manifest))
        stored = evidence.of_run(manifest, files, f"{self.folder}/")
        besides = [Finding("completeness", Value.UNKNOWN, f"the evidence is not kept: {why}") for why in self._unkept]
        result = verdict.judge(stored, besides)
        kept = [
            self._keep("verdict.json", verdict.to_json(result)),
            self._keep("report.html", html.render(result, stored).encode()),
        ]
        page = self.folder / "report.html" if kept[-1] else None
        where = [f"report: {page}"] if page else []

        def text() -> str:
            table = console.render(result, manifest, width=terminal.width(), color=terminal.has_colour())
            return "\n".join([table, "", *where, *self._evidence_lines()])

        reply = answer.of_verdict("burst", result, evidence=f"{self.folder}/", report=page and f"{page}")
        return Outcome(answer.render(reply, self.form, text), result.exit_code, result, page)

    def _evidence_lines(self) -> list[str]:
        """Return where the evidence is, or why it is not there."""
        return [f"not kept: {why}" for why in self._unkept] or [f"evidence: {self.folder}/"]

    def _ledger(self) -> tuple[Source, str | None]:
        """Return the ledger, brought into the folder, and why it is not whole, if it is not.

        What our own mock could not write to its file it may still hold.
        """
        mine, spool = self.folder / evidence.LEDGER, self.mock.ledger
        if spool is None:
            held, problem = self._held()
            self._keep(mine.name, held)
            return held, problem
        problem = self._lost(spool)
        if problem is None and spool == mine:
            return mine, None
        if problem is None:
            its = self._of_this_run(spool.read_bytes())
            self._keep(mine.name, its)
            return its, None
        held, why = self._held()
        if why is None:
            self._unkept.append(problem)
            return held, None
        return self._of_this_run(spool.read_bytes() if spool.exists() else b""), problem

    def _lost(self, spool: Path) -> str | None:
        """Return why the file that our own mock writes is not whole; None: it is."""
        try:
            lost = self.mock.lost(self.steering)
        except (httpx.HTTPError, OSError, KeyError, ValueError) as error:
            return f"{self.mock.called} did not answer for its ledger ({type(error).__name__})"
        if lost:
            return f"{self.mock.called} could not write {lost} entries of its ledger"
        return None if os.access(spool, os.R_OK) else f"{spool.name} is gone"

    def _held(self) -> tuple[bytes, str | None]:
        """Return what the mock holds of this run, and why that is not whole, if it is not."""
        try:
            content, dropped = self.mock.held(self.steering, self.run)
        except (httpx.HTTPError, KeyError, ValueError) as error:
            return b"", f"{self.mock.called} did not answer for its ledger ({type(error).__name__})"
        return content, f"the mock no longer held {dropped} entries of its ledger" if dropped else None

    def _of_this_run(self, ledger: bytes) -> bytes:
        name = f'"client":"{self.run}/'.encode()
        return b"".join(line for line in ledger.splitlines(keepends=True) if name in line)

    def _samples(self) -> Source:
        """Return the samples, all written if they can be."""
        path = self.folder / evidence.SAMPLES
        if self._try(path.name, self._write_samples):
            return path
        written = path.read_bytes() if path.exists() else b""
        return written + b"".join(self._unwritten)

    def _keep(self, name: str, content: bytes) -> bool:
        """Write a file of the folder; note what cannot be, and tell whether it could."""
        return self._try(name, lambda: put(self.folder / name, content))

    def _try(self, name: str, write: Callable[[], None]) -> bool:
        try:
            write()
        except OSError as error:
            self._unkept.append(f"{name}: {error.strerror}")
            return False
        return True


def _pretty(plain: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(plain), indent=2) + b"\n"
