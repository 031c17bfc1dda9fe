"""The main job, whole: real locust, sockets and mock. Locust patches its process, so it is a subprocess here."""

import json
import subprocess
import sys
from pathlib import Path

from bounds import HANG


def burst(tmp_path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the locustfile headless, with its reports in tmp_path."""
    command = [sys.executable, "-m", "locust", "-f", "scenarios/burst.py", "--headless", "--only-summary"]
    command += ["--reports", str(tmp_path), "--run-id", "run", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=HANG, check=False)


def test_a_short_burst(tmp_path: Path) -> None:
    """Before the fix the race shows, after it it does not: PASS, and the evidence is on disk.

    Over the transport that `race401 burst` takes: a request of httpx's costs twice as much.
    """
    done = burst(tmp_path, "-u", "18", "-r", "18", "--pages", "8", "--transport", "fasthttp")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASS: The fix holds" in done.stdout
    rows = json.loads((tmp_path / "run" / "verdict.json").read_text())["rows"]
    shown = {(row["condition"], row["policy"]): row for row in rows}
    assert shown["rfc9700", "pre-fix"]["sessions_lost"] > 0
    assert shown["slow-clock", "pre-fix"]["caller_401s"]["expired"] > 0
    assert shown["supabase", "pre-fix"]["exchanges_per_generation"] > 1
    for condition in ("supabase", "slow-clock", "rfc9700"):
        for policy in ("fixed", "hardened"):
            assert shown[condition, policy]["exchanges_per_generation"] == 1.0
            assert shown[condition, policy]["caller_401s"] == {}


def test_a_run_that_cannot_work_is_refused_before_any_load(tmp_path: Path) -> None:
    """One clear line, exit 2, and no folder."""
    done = burst(tmp_path, "-u", "6", "-r", "6", "-t", "9s", "--policies", "bogus")
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("race401: ")]
    assert line == "race401: unknown policy 'bogus'; known: pre-fix, fixed, hardened"
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())
