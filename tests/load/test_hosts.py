"""Several hosts: whose share is whose, whose witness is missing, and the run over a wire that loses packets."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from bounds import HANG
from hosts import missing
from locustruns import ROOT, SMALL, LocustRun, locust, served_mock
from wire import Wire

from race401.harness.load.hosts import named, share, shares

slow = pytest.mark.slow
NO_HOSTS = missing()


def on_hosts(test: Any) -> Any:
    """Mark a test that plays several hosts: a machine may not let it."""
    return pytest.mark.elsewhere(pytest.mark.skipif(NO_HOSTS is not None, reason=f"make hosts {NO_HOSTS}")(test))


HOSTS = [sys.executable, str(ROOT / "bench" / "hosts.py")]
WORKERS = ["b_2", "a_9", "a_1", "c_5"]


# --- shares ---------------------------------------------------------------------------------------


def test_shares_go_by_host_and_not_by_who_came_first() -> None:
    """Each host's first worker before anybody's second."""
    assert shares(WORKERS) == shares(reversed(WORKERS)) == ["a_1", "b_2", "c_5", "a_9"]


def test_a_worker_that_comes_late_has_a_number_of_its_own() -> None:
    dealt = shares(WORKERS)
    assert [share(worker, dealt, index) for index, worker in enumerate(WORKERS)] == [1, 3, 0, 2]
    assert share("d_0", dealt, 4) == 8
    assert named(8, "my_host_0f") == "worker 8 (my_host)"


# --- the wire -------------------------------------------------------------------------------------


def frame(to: str, by: str) -> bytes:
    """An Ethernet frame."""
    return to.encode().ljust(6) + by.encode().ljust(6) + b"payload"


def carried(wire: Wire, now: float) -> list[tuple[int, bytes]]:
    """What leaves the wire by then: the end, and what the frame was for."""
    out: list[tuple[int, bytes]] = []
    wire.deliver(now, lambda end, content: out.append((end, content[:6].strip())))
    return out


def test_a_frame_is_late_by_the_latency_and_goes_where_it_belongs() -> None:
    wire = Wire(latency=0.02, loss=0.0)
    wire._ends = [1, 2, 3]
    wire.take(1, frame("b", "a"), now=10.0)
    assert carried(wire, 10.019) == []
    assert carried(wire, 10.02) == [(2, b"b"), (3, b"b")], "nobody knows yet where b is"
    wire.take(2, frame("a", "b"), now=11.0)
    assert carried(wire, 12.0) == [(1, b"a")]


def test_a_share_of_the_frames_is_lost_and_counted() -> None:
    wire = Wire(latency=0.0, loss=0.01)
    wire._ends = [1, 2]
    for _ in range(10_000):
        wire.take(1, frame("b", "a"), now=0.0)
    assert len(carried(wire, 0.0)) + wire.lost == wire.carried == 10_000
    assert 60 < wire.lost < 140


# --- whole runs -----------------------------------------------------------------------------------


@slow
def test_a_host_whose_clock_is_off_gets_the_same_verdict(tmp_path: Path) -> None:
    """A mock that is 30.4 s ahead: measured, said, taken out."""
    with served_mock() as url:
        httpx.post(f"{url}/_race401/clock", json={"advance_s": 30.4}).raise_for_status()
        with locust(tmp_path, *SMALL, "-t", "8s", "--host", url) as run:
            assert run.ended() == 0, run.out
            assert "this host: its clock is 30." in run.out
            assert "s of that are taken out; skew under test, beside that: slow-clock -90 s" in " ".join(
                run.out.split()
            )
            low, high = run.read("manifest.json")["hosts"][0]["clock"]["left_s"]
            assert -0.5 < min(low, high) <= max(low, high) < 0.5


def played(run: LocustRun) -> dict[str, int]:
    """The process of each host, once the run has begun."""
    told = run.until("worker-2 10.40.1.4 (pid")
    run.until("mock at http://10.40.1.1:8401")
    hosts = (host.split() for host in told.partition(": ")[2].split(", "))
    return {name: int(pid.rstrip(")")) for name, _, _, pid in hosts}


def gone(pids: dict[str, int]) -> bool:
    """Whether nothing is left of them; namespaces and devices live as long as these."""
    return not any(Path(f"/proc/{pid}").exists() for pid in pids.values())


@slow
@on_hosts
def test_four_hosts_and_a_wire_that_loses_packets(tmp_path: Path) -> None:
    with locust(tmp_path, "-u", "18", "-r", "18", "-t", "12s", command=HOSTS) as run:
        pids = played(run)
        assert run.ended() == 0, run.out
        assert "PASS: The fix holds" in run.out
        assert "20 ms each way" in run.out
        told = run.read("manifest.json")
        assert [host["name"] for host in told["hosts"]] == ["worker 0 (worker-1)", "worker 1 (worker-2)"]
        assert told["missing_witnesses"] == []
        assert gone(pids)


@slow
@on_hosts
def test_a_worker_that_is_killed_is_named(tmp_path: Path) -> None:
    with locust(tmp_path, "-u", "18", "-r", "18", "-t", "12s", "--narrate", command=HOSTS) as run:
        pids = played(run)
        run.until("Using token")
        os.kill(pids["worker-2"], signal.SIGKILL)
        assert run.ended() == 3, run.out
        assert "worker 1 (worker-2) left before its last report" in run.out
        assert run.read("manifest.json")["missing_witnesses"] == ["worker 1 (worker-2)"]
        assert gone(pids)


@slow
@on_hosts
@pytest.mark.parametrize(("by", "code"), [(signal.SIGINT, 3), (signal.SIGTERM, 3), (signal.SIGKILL, -9)])
def test_hosts_are_gone_however_the_run_ends(tmp_path: Path, by: signal.Signals, code: int) -> None:
    with locust(tmp_path, "-u", "18", "-r", "18", "-t", "60s", "--narrate", command=HOSTS) as run:
        pids = played(run)
        run.until("Using token")
        assert run.ended(by) == code, run.out
        assert "Traceback" not in run.out
        for pid in pids.values():
            subprocess.run(["tail", "--pid", str(pid), "-f", "/dev/null"], timeout=HANG, check=True)
        assert gone(pids)


def test_without_root_there_is_one_line() -> None:
    program = f"import os, sys, runpy; sys.path.insert(0, {str(ROOT / 'bench')!r}); import hosts\n"
    program += "os.geteuid() or os.setuid(65534)\n"  # root becomes nobody
    done = subprocess.run(
        [sys.executable, "-c", program + "sys.exit(hosts.main([]))"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "race401: make hosts needs root, for network namespaces; try: sudo make hosts\n"
