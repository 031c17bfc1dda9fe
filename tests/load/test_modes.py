"""Every way to run the burst, and every way to end it: the verdict stands, and nothing is left behind."""

import contextlib
import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from bounds import HANG
from disks import UNCOMPILED, small_files
from locustruns import LOCUST, ROOT, SMALL, locust, served_mock, two_processes
from ports import free_port

from race401.harness.judge import evidence, verdict

LONG = ["--headless", "-u", "6", "-r", "6", "-t", "60s", "--narrate"]
A_PAGE = "Using token"  # the first line of a narrated run that a page causes
slow = pytest.mark.slow


def refused(reports: Path, *options: str) -> str:
    """Run; the exit code must be 2, before any load and without a traceback. Return the one line."""
    done = subprocess.run(
        [*LOCUST, "--skip-log-setup", "--reports", str(reports), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.strip()]
    assert not reports.is_dir() or not list(reports.iterdir()), "a refused run leaves no folder"
    return line


class Quiet(http.server.BaseHTTPRequestHandler):
    """Knows no route and logs nothing."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def somebody_else() -> Iterator[str]:
    """A server that is not the mock."""
    server = http.server.HTTPServer(("127.0.0.1", 0), Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@slow
def test_reports_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    line = refused(tmp_path / "file" / "reports", *SMALL)
    assert line == f"race401: --reports {tmp_path}/file/reports: Not a directory"


@slow
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--world", "supabas"], "--world supabas: there is no such world; did you mean supabase?"),
        (["--world", "mine", "--worlds", "nowhere.toml"], "--worlds nowhere.toml: No such file or directory"),
        (
            ["--world", "mine", "--worlds", "mine.toml", "--host", "http://127.0.0.1:9"],
            "--worlds mine.toml: the mock at --host has its worlds already; race401 serve takes more",
        ),
    ],
)
def test_a_world_that_is_not_there_is_refused(tmp_path: Path, options: list[str], said: str) -> None:
    assert refused(tmp_path / "reports", *SMALL, *options) == f"race401: {said}"


@slow
def test_a_world_of_ones_own(tmp_path: Path) -> None:
    """The run keeps its settings, so that it is judged again without the file."""
    file = tmp_path / "mine.toml"
    file.write_text('[mine]\nlike = "rotate-strict"\nreuse_interval = 2\n')
    with locust(tmp_path / "reports", *SMALL, "--world", "mine", "--worlds", str(file)) as run:
        code = run.ended()
    file.unlink()
    assert code == 0, run.out
    assert run.read("manifest.json")["worlds"]["mine"]["reuse_interval"] == 2
    again = verdict.judge(evidence.load(run.folder))
    assert [(row.condition, row.role, bool(row.repeated_seqs)) for row in again.rows] == [
        ("mine", "control", True),
        ("mine", "subject", False),
    ]


@slow
def test_a_host_that_does_not_answer_is_refused(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can have it, and nobody answers
        host = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert f"--host {host} does not answer (ConnectError)" in refused(
            tmp_path / "reports", *SMALL, "--host", host
        )


@slow
def test_a_host_that_is_not_the_mock_is_refused(tmp_path: Path, somebody_else: str) -> None:
    line = refused(tmp_path / "reports", *SMALL, "--host", somebody_else)
    assert "answers, but is not the mock" in line


@slow
def test_a_run_against_a_mock_that_runs_already(tmp_path: Path) -> None:
    with served_mock() as url, locust(tmp_path, *SMALL, "--host", url) as run:
        assert run.ended() == 0, run.out
        assert "PASS: The fix holds" in run.out
        assert httpx.get(f"{url}/_race401").status_code == 200, "a mock that we did not start lives on"


@slow
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_shows_what_was_measured(tmp_path: Path, by: signal.Signals) -> None:
    with locust(tmp_path, *LONG) as run:
        run.until(A_PAGE)
        assert run.ended(by) == 3, run.out
        assert "unfinished: stopped after" in run.out
        assert "requests of the app" in run.out
        assert "Traceback" not in run.out
        assert run.read("verdict.json")["verdict"] == "UNKNOWN"
        assert not run.left_over()


@slow
@pytest.mark.parametrize("workers", [list[str], two_processes])
def test_a_killed_run_leaves_its_evidence_and_nothing_else(tmp_path: Path, workers: Callable[[], list[str]]) -> None:
    with locust(tmp_path, *LONG, *workers()) as run:
        run.until(A_PAGE)
        run.ended(signal.SIGKILL)
        for command in run.left_over():
            wait_for_the_end_of(command)
        assert not run.left_over()
        judged = subprocess.run(
            [sys.executable, "-m", "race401.harness", "judge", str(run.folder)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert judged.returncode == 3, judged.stderr
    assert "unfinished: the run was killed" in judged.stdout


def wait_for_the_end_of(command: str) -> None:
    """Block until the process with this command line is gone."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cmdline").read_bytes().replace(b"\0", b" ").decode() == command:
                subprocess.run(["tail", "--pid", process.name, "-f", "/dev/null"], timeout=HANG, check=True)
        except OSError:
            continue


@slow
def test_a_killed_mock_ends_the_run(tmp_path: Path) -> None:
    with locust(tmp_path, *LONG) as run:
        run.until(A_PAGE)
        os.kill(run.mock_pid, signal.SIGKILL)
        assert run.ended() == 3, run.out
        assert "unfinished: the mock ended in mid-run (exit -9)" in run.out
        assert not run.left_over()


@slow
def test_several_processes(tmp_path: Path) -> None:
    with locust(tmp_path, *SMALL, "-u", "12", "-r", "12", *two_processes()) as run:
        assert run.ended() == 0, run.out
        assert run.read("manifest.json")["missing_witnesses"] == []
        assert not run.left_over()


@slow
def test_a_master_and_two_workers(tmp_path: Path) -> None:
    port = str(free_port())
    master = [*SMALL, "-u", "12", "-r", "12", "--master", "--expect-workers", "2", "--master-bind-port", port]
    worker = ["--worker", "--master-port", port]
    with (
        locust(tmp_path, *master) as run,
        locust(tmp_path, *worker) as one,
        locust(tmp_path, *worker) as two,
    ):
        assert run.ended() == 0, run.out
        assert [one.ended(), two.ended()] == [0, 0]
        assert run.read("manifest.json")["missing_witnesses"] == []
        assert not run.left_over()


@slow
def test_the_web_ui_runs_twice_and_refuses_what_the_command_line_refuses(tmp_path: Path) -> None:
    port = free_port()
    form = {"user_count": "6", "spawn_rate": "6", "run_time": "6s", "seed": "5", "host": ""}
    with locust(tmp_path, "--web-host", "127.0.0.1", "--web-port", str(port)) as run:
        run.until("Starting web interface")
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", transport=httpx.HTTPTransport(retries=5)) as web:
            assert "unknown policy 'bogus'" in web.post("/swarm", data=form | {"policies": "bogus"}).json()["message"]
            assert "too few browsers" in web.post("/swarm", data=form | {"user_count": "0"}).json()["message"]
            assert "no span of time" in web.post("/swarm", data=form | {"run_time": "soon"}).json()["message"]
            assert web.post("/swarm", data=form).json()["success"]
            run.until("PASS: The fix holds")
            again = form | {"conditions": "rfc9700", "user_count": "2", "seed": "6"}
            assert web.post("/swarm", data=again).json()["success"]
            run.until("PASS: The fix holds")
            run.until("evidence: ")
        assert run.ended(signal.SIGTERM) == 0, run.out
        assert len(list(tmp_path.iterdir())) == 2
        assert not run.left_over()


@slow
def test_fixed_work_is_the_same_work(tmp_path: Path) -> None:
    with locust(tmp_path, "--headless", "-u", "6", "-r", "6", "--pages", "6") as run:
        assert run.ended() == 0, run.out
        assert [row["requests"] for row in run.read("verdict.json")["rows"]] == [30] * 6


@slow
def test_a_full_disk_is_said_and_never_passes(tmp_path: Path) -> None:
    done = subprocess.run(
        [*LOCUST, "--skip-log-setup", "--reports", str(tmp_path), *SMALL],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=HANG,
        env=UNCOMPILED,
        preexec_fn=small_files(16_000),
        check=False,
    )
    assert done.returncode == 3, done.stdout + done.stderr
    assert "race401: the ledger cannot be written: File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert "requests of the app" in done.stdout
    assert "UNKNOWN: Nothing is proven: " in done.stdout
    assert "\nThe evidence is not kept: the mock could not write " in done.stdout
    assert "not kept: report.html: File too large" in done.stdout
    assert not list(tmp_path.glob("*/.*")), "no part of a file is left"


RACE401 = [str(Path(sys.executable).with_name("race401")), "burst"]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("--bogus", "race401 burst: error: unrecognized arguments: --bogus"),
        ("NOSUCHUSER", "race401 burst: error: argument <UserClass1 UserClass2>: unknown user class 'NOSUCHUSER'; "),
    ],
)
def test_a_word_that_means_nothing_is_refused_in_our_name(tmp_path: Path, word: str, said: str) -> None:
    command = [*RACE401, "--reports", str(tmp_path / "reports"), word]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=HANG, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(said)
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


STAGES: dict[str, Callable[[int], object]] = {  # of a start: what the process has open or read by then
    "while locust is imported": lambda pid: "race401.harness.load" in Path(f"/proc/{pid}/cmdline").read_text(),
    "while the scenario is read": lambda pid: "gevent" in Path(f"/proc/{pid}/maps").read_text(),
    "while the mock starts": lambda pid: Path(f"/proc/{pid}/task/{pid}/children").read_text(),
}


@pytest.mark.parametrize("stage", STAGES)
def test_an_interrupt_before_the_run_begins_is_silent(tmp_path: Path, stage: str) -> None:
    """No traceback, the code of an unfinished run, and nothing left, whatever locust was at."""
    with locust(tmp_path, command=RACE401) as run:
        while not STAGES[stage](run.process.pid):
            with contextlib.suppress(subprocess.TimeoutExpired):
                raise AssertionError(f"it ended: {run.process.wait(0.002)}")
        assert run.ended(signal.SIGINT) == 3, run.out
        assert "Traceback" not in run.out
        for command in run.left_over():
            wait_for_the_end_of(command)
        assert not run.left_over()
