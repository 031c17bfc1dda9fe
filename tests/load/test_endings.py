"""The table of endings (docs/endings.md), played: what each leaves, its exit code, and that nothing lives on."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from bounds import HANG
from locustruns import LOCUST, LONG, ROOT, gone, locust, two_processes, under_way
from ports import free_port

from race401.harness.judge import evidence, verdict

SHORT = ["--headless", "--skip-log-setup", "-u", "6", "-r", "6", "-t", "5s"]
slow = pytest.mark.slow
HUP, INT, TERM, KILL = signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGKILL


def whole(folder: Path) -> None:
    """What is left can be judged, no temporary file is there, and the ledger has each attempt that was answered."""
    assert not list(folder.glob(".*"))
    told = evidence.load(folder)
    assert not told.damage
    assert told.entries
    assert verdict.judge(told).value in {"UNKNOWN", "FAIL"}
    written = {entry.attempt for entry in told.entries}
    assert {sample.attempt for sample in told.samples if sample.status is not None} <= written


@pytest.mark.parametrize(
    ("by", "code"),
    [
        (HUP, 3),
        pytest.param(INT, 3, marks=slow),
        pytest.param(TERM, 3, marks=slow),
        pytest.param(KILL, -9, marks=slow),
    ],
)
def test_one_process(tmp_path: Path, by: signal.Signals, code: int) -> None:
    """What ends it in order leaves the samples too, and all of them say how long it ran."""
    with locust(tmp_path, *LONG) as run:
        under_way(run)
        assert run.ended(by) == code, run.out
        gone(run)
        assert "Traceback" not in run.out
        assert ("unfinished: stopped after" in run.out) is (by is not KILL)
        assert (run.folder / evidence.SAMPLES).exists() is (by is not KILL)
        whole(run.folder)


@slow
def test_ctrl_c_twice(tmp_path: Path) -> None:
    """The second one does not wait for pages that were begun."""
    with locust(tmp_path, *LONG) as run:
        under_way(run)
        run.process.send_signal(INT)
        assert run.ended(INT) == 3, run.out
        gone(run)
        assert "Traceback" not in run.out
        whole(run.folder)


@slow
@pytest.mark.parametrize("by", [HUP, INT, TERM, KILL])
def test_several_processes(tmp_path: Path, by: signal.Signals) -> None:
    """The signal reaches the master, as `kill` sends it; its workers end with it."""
    with locust(tmp_path, *LONG, *two_processes()) as run:
        under_way(run)
        assert run.ended(by) == (-9 if by is KILL else 3), run.out
        gone(run)
        assert "Traceback" not in run.out
        whole(run.folder)


@slow
def test_a_terminal_that_hangs_up_on_all_of_them(tmp_path: Path) -> None:
    """Master and workers get the signal at once; the last reports arrive all the same."""
    with locust(tmp_path, *LONG, *two_processes()) as run:
        under_way(run)
        workers = [pid for pid, command in run.processes().items() if "mock_api" not in command]
        for pid in workers:
            os.kill(pid, HUP)
        assert run.ended() == 3, run.out
        gone(run)
        assert "Traceback" not in run.out
        assert run.read("manifest.json")["missing_witnesses"] == []
        whole(run.folder)


@slow
@pytest.mark.parametrize("victim", ["master", "worker"])
def test_a_master_and_a_worker_of_which_one_is_killed(tmp_path: Path, victim: str) -> None:
    """Whoever is left ends; the killed one's evidence is what the mock wrote."""
    port = str(free_port())
    with (
        locust(tmp_path, *LONG, "--master", "--expect-workers", "1", "--master-bind-port", port) as master,
        locust(tmp_path, *LONG, "--worker", "--master-port", port) as worker,
    ):
        under_way(worker, master)
        dead, other = (master, worker) if victim == "master" else (worker, master)
        assert dead.ended(KILL) == -9
        code = other.ended(None if victim == "master" else INT)
        assert code == 3, other.out
        gone(master)
        assert "Traceback" not in other.out
        whole(master.folder)


PLACES = {
    "| head -1": "",
    ">&-": "",
    "2>&-": "",
    ">/dev/full": "standard output: No space left on device; the verdict is where the evidence is",
    ">/dev/full 2>&1": "",
}


@slow
@pytest.mark.parametrize("place", PLACES)
def test_a_table_that_nobody_takes(tmp_path: Path, place: str) -> None:
    """The verdict is kept, and the exit code is its own."""
    command = " ".join([*LOCUST, *SHORT, "--reports", str(tmp_path / "reports"), place])
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
    )
    assert "Traceback" not in done.stdout + done.stderr
    assert PLACES[place] in done.stderr
    (folder,) = (tmp_path / "reports").iterdir()
    result = verdict.judge(evidence.load(folder))
    assert done.returncode == result.exit_code
    assert (folder / "verdict.json").read_bytes() == verdict.to_json(result)


@slow
@pytest.mark.parametrize("files", [8, 16, 24, 32, 64])
def test_no_files_left(tmp_path: Path, files: int) -> None:
    """Too few open files for a run: refused or UNKNOWN in a line, and nothing lives on."""
    command = " ".join([*LOCUST, *SHORT, "--reports", str(tmp_path / "reports")])
    done = subprocess.run(
        ["bash", "-c", f"ulimit -n {files} && {command}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
    )
    assert done.returncode in {2, 3}, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
