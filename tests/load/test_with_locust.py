"""What is asked of locust's own classes and of ours beside them, in one process: locust patches it."""

import json
import subprocess
import sys
from typing import Any

import pytest
from locustruns import ROOT

from race401.harness.load.hosts import shares

WORKERS = ["b_2", "a_9", "a_1", "c_5"]
PROGRAM = f"""
import locust, json, types
from locust.dispatch import UsersDispatcher
from locust.runners import WorkerNode
from race401.harness.load import browser, listeners, preparing
from race401.harness.load.conditions import Condition, Expectation, by_name
from race401.harness.load.hosts import HostClock
from race401.harness.load.options import read
from race401.harness.load.run import Run
from race401.harness.load.scenario import Scenario

ids = {WORKERS}
dealt = UsersDispatcher([WorkerNode(i) for i in ids], [locust.User])
given = dict(policies='pre-fix,fixed', conditions='rfc9700', leave='together', pages=0,
    arrivals='', transport='httpx', connections=6, num_users=4, run_time=20)
RFC9700 = Condition('rfc9700', 'rfc9700', '', control=Expectation('some', 'any'))
SCENARIO = Scenario('drawn', by_name(RFC9700))

def drawn(seed, share):
    told = []
    class B(browser.Browser):
        part, role = 'rfc9700', 'subject'
        def connect(self): self.http = types.SimpleNamespace()
        def manager(self): return types.SimpleNamespace(sign_in=lambda pair: None)
        def aged(self, decisive): told.append((self.number, decisive, self.jitter_share))
        def pause(self, seconds): told.append((seconds, self.wait_time()))
    plan = read(given | {{'seed': seed}}, SCENARIO)
    run = Run('run', plan, '', HostClock(), share, 0, None, None, {{}}, None)
    B.run_in_hand = lambda _: run
    for _ in range(3): B(types.SimpleNamespace(host='x')).on_start()
    return told

def stopped(kind):
    told, answers = object.__new__(kind), []
    told._state = 'running'
    for _ in range(2):
        try: answers.append(told.stop())
        except Exception as error: answers.append(str(error))
    return answers

def silent():
    preparing.lead = lambda environment, scenario: None
    listeners.Process(None).begin(types.SimpleNamespace(stop_timeout=0, runner=None))
    return locust.runners.HEARTBEAT_LIVENESS

print(json.dumps({{
    'locusts': locust.runners.HEARTBEAT_LIVENESS,
    'silent': silent(),
    'stopped': [stopped(browser.Browser), stopped(locust.User)],
    'dealt': [node.id for node in dealt._worker_nodes],
    'drawn': [drawn(*which) for which in ((401, 1), (401, 1), (401, 0), (402, 1))],
}}))
"""


@pytest.fixture(scope="module")
def with_locust() -> dict[str, Any]:
    """What the program says, run once: locust takes a second to come."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], check=True, cwd=ROOT, capture_output=True, text=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_shares_are_dealt_as_locust_deals_browsers(with_locust: dict[str, Any]) -> None:
    """So that the same number has the same browsers in each run."""
    assert with_locust["dealt"] == shares(WORKERS)


def test_a_seed_draws_the_same_for_the_same_share(with_locust: dict[str, Any]) -> None:
    """By (seed, share), in a process that locust has patched: the same names, instants, idle times and jitter."""
    first, again, other_share, other_seed = with_locust["drawn"]
    assert first == again
    assert [drawn[0] for drawn in first[::2]] == ["1.001", "1.002", "1.003"]
    assert first not in (other_share, other_seed)


def test_a_browser_that_is_told_twice_stops_once(with_locust: dict[str, Any]) -> None:
    """By its terminal and by the master: a user of locust's ends with a traceback the second time."""
    ours, (of_locust, of_locust_again) = with_locust["stopped"]
    assert (ours, of_locust) == ([False, False], False)
    assert "unexpected state" in of_locust_again


def test_a_master_waits_for_a_worker_that_gets_no_cpu(with_locust: dict[str, Any]) -> None:
    """Ten seconds, of which each brings a heartbeat; locust's three took workers of a busy machine for lost."""
    assert (with_locust["locusts"], with_locust["silent"]) == (3, 10)
