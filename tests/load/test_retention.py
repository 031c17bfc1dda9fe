"""What locust keeps of a run does not grow with it: counts of its objects, while the test turns its clock."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bounds import HANG
from locustruns import LOCUST, ROOT, locust

slow = pytest.mark.slow

KEPT = """
import locust, json
from types import SimpleNamespace
from locust import stats
from locust.env import Environment
from race401.harness.load.retention import forget, retain_less

def kept(environment):
    mine = environment.stats
    entries = (mine.total, *mine.entries.values())
    seconds = sum(len(each.num_reqs_per_sec) + len(each.num_fail_per_sec) for each in entries)
    return {"seconds": seconds, "copies": sum(len(each.response_times_cache or ()) for each in entries)}

def lasting(environment, seconds, forgetting):
    global now
    for _ in range(seconds):
        now += 1
        for name in "abc":
            environment.stats.log_request("GET", name, now % 7, 100)
        environment.stats.log_error("GET", "a", "HTTP 401")
    forgetting and forget(environment.stats)
    return kept(environment)

def run(html_file, forgetting):
    environment = Environment(parsed_options=SimpleNamespace(csv_prefix=None, html_file=html_file))
    runner = environment.create_local_runner()
    retain_less(environment)
    lasted = [lasting(environment, 300, forgetting), lasting(environment, 300, forgetting)]
    return [*lasted, environment.stats.total.current_rps]

now = 1_759_614_660
stats.time = SimpleNamespace(time=lambda: now)
cases = {"ours": (None, True), "locust alone": (None, False), "with a report": ("report.html", True)}
print(json.dumps({name: run(*case) for name, case in cases.items()}))
"""


@pytest.fixture(scope="module")
def kept() -> dict[str, list[Any]]:
    """What is kept after 5 minutes and after 10, and the requests of a second, of three runs in one process."""
    done = subprocess.run(
        [sys.executable, "-c", KEPT], cwd=ROOT, capture_output=True, text=True, timeout=HANG, check=False
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, list[Any]] = json.loads(done.stdout)
    return told


def test_twice_the_run_keeps_no_more(kept: dict[str, list[Any]]) -> None:
    """A minute of the total's requests and errors, three names' requests, and one's errors; the rates still hold."""
    minute = {"seconds": 6 * 61, "copies": 0}
    assert kept["ours"] == [minute, minute, 3]


def test_locust_alone_would_keep_every_second(kept: dict[str, list[Any]]) -> None:
    first, second, _ = kept["locust alone"]
    assert (first["seconds"], second["seconds"]) == (6 * 300, 6 * 600)


def test_copies_are_kept_for_a_report_that_is_asked_for(kept: dict[str, list[Any]]) -> None:
    assert [each["copies"] for each in kept["with a report"][:2]] == [4 * 20] * 2


SOAKED = """
from race401.scenarios.soak import *
from locust import events

@events.test_stop.add_listener
def say(environment, **_):
    print("history:", len(environment.stats.history), "copies:", environment.stats.total.response_times_cache)
"""


@slow
def test_a_run_that_nobody_watches_has_no_history(tmp_path: Path) -> None:
    locustfile = tmp_path / "soaked.py"
    locustfile.write_text(SOAKED)
    command = [*LOCUST[:4], str(locustfile), "--headless", "-u", "4", "-r", "4", "-t", "7s"]
    with locust(tmp_path / "reports", command=command) as run:
        assert run.until("history:").strip() == "history: 0 copies: None"
        assert run.ended() == 0, run.out
