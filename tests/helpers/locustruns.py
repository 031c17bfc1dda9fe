"""Whole locust runs as subprocesses: started, followed by what they print, ended, and searched for left-overs."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bounds import HANG
from ports import free_port

from race401.harness.card.mock import Mock
from race401.harness.judge import evidence

ROOT = Path(__file__).parents[2]
PAIR = ["--policies", "pre-fix,fixed"]  # two policies want fewer browsers than all
LOCUST = [sys.executable, "-m", "locust", "-f", str(ROOT / "scenarios" / "burst.py"), *PAIR]
LONG = ["--headless", "-u", "6", "-r", "6", "-t", "60s", "--narrate"]
A_PAGE = "Using token"
SMALL = ["--headless", "-u", "6", "-r", "6", "-t", "6s", *PAIR]


class LocustRun:
    """A locust process whose output goes through here."""

    def __init__(self, reports: Path, *options: str, command: Sequence[str] = LOCUST, cwd: Path = ROOT) -> None:
        self.reports = reports
        self.process = subprocess.Popen(
            [*command, "--reports", str(reports), *options],
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self.out = ""
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def until(self, text: str) -> str:
        """Read on until a line holds the text; return that line. A silence longer than HANG is a failure."""
        while line := self._lines.get(timeout=HANG):
            self.out += line
            if text in line:
                return line
        raise AssertionError(f"the run ended without saying {text!r}:\n{self.out}")

    def ended(self, by: signal.Signals | None = None) -> int:
        """Send the signal, read to the end, return the exit code."""
        if by is not None:
            self.process.send_signal(by)
        code = self.process.wait(HANG)
        self._reader.join()
        while line := self._lines.get():
            self.out += line
        return code

    @property
    def folder(self) -> Path:
        """The run's folder, the only one."""
        (folder,) = self.reports.iterdir()
        return folder

    @property
    def folders(self) -> list[Path]:
        """The folders of its runs, in the order in which they were made."""
        return sorted(
            self.reports.iterdir(),
            key=lambda folder: json.loads((folder / "manifest.json").read_text())["started_at"],
        )

    def read(self, name: str) -> Any:
        """A JSON file of the run's folder."""
        return json.loads((self.folder / name).read_text())

    def processes(self) -> dict[int, str]:
        """Commands of processes that name this run's reports and live, by pid."""
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if str(self.reports) in command:
                    found[int(process.name)] = command
        return found

    def left_over(self) -> list[str]:
        """Their commands, when there should be none."""
        return list(self.processes().values())

    @property
    def mock_pid(self) -> int:
        """The run's own mock, the only one."""
        (pid,) = [pid for pid, command in self.processes().items() if "mock_api" in command]
        return pid


@contextlib.contextmanager
def locust(reports: Path, *options: str, command: Sequence[str] = LOCUST, cwd: Path = ROOT) -> Iterator[LocustRun]:
    """A run that is gone when the block ends, however it ends."""
    run = LocustRun(reports, *options, command=command, cwd=cwd)
    try:
        yield run
    finally:
        if run.process.poll() is None:
            run.process.kill()
        run.process.wait()
        run._reader.join()
        assert run.process.stdout is not None
        run.process.stdout.close()


def two_processes() -> list[str]:
    """Options for two workers, on a port that no other run of this machine has."""
    port = str(free_port())
    return ["--processes", "2", "--master-bind-port", port, "--master-port", port]


def under_way(run: LocustRun, reports: LocustRun | None = None) -> None:
    """Wait until a page has begun, and one request was answered."""
    run.until(A_PAGE)
    ledger = (reports or run).folder / evidence.LEDGER
    while not ledger.stat().st_size:
        assert run.process.poll() is None, run.out


def gone(run: LocustRun) -> None:
    """Wait until no process of the run lives."""
    for pid in run.processes():
        subprocess.run(["tail", "--pid", str(pid), "-f", "/dev/null"], timeout=HANG, check=True)
    assert not run.left_over()


@contextlib.contextmanager
def served_mock(*options: str) -> Iterator[str]:
    """The address of a mock of its own."""
    with Mock(options) as mock:
        yield mock.url
