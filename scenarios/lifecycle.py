"""
A run from its start to its verdict: what the locustfile's events do, in every mode that locust has.

Local, master and workers differ in one thing only: a worker judges nothing and reports its samples to the
master. The traps that this order avoids are locust's: `test_stop` comes before the workers' last reports, and
an interrupt reaches the workers too.
"""

import gevent
from locust import events
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

import itertools
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from race401.harness.judge.checks import Value
from race401.harness.judge.verdict import EXIT_CODES
from race401.scenarios import memory, options, ui
from race401.scenarios.browser import Browser, Run
from race401.scenarios.options import Plan, Refused
from race401.scenarios.record import Record
from race401.scenarios.state import forget_folder, name_of_run, options_of, served_worlds, state
from race401.scenarios.tally import Tally

REPORTS_ARRIVE = 4.0  # s; locust's workers report every 3 s
PROGRESS_EVERY = 1.0  # s
UNKNOWN, INTERNAL = EXIT_CODES[Value.UNKNOWN], 4  # exit codes


def send_last_reports(environment: Environment) -> None:
    """On a worker: report what is left before the process ends, whatever ended it."""
    environment.events.quitting.add_listener(lambda **_: _flush(environment))


def _flush(environment: Environment) -> None:
    """On a worker: report what is left, now."""
    send = getattr(environment.runner, "_send_stats", None)  # locust's own, and private
    if send is not None:
        send()


# --- the test -------------------------------------------------------------------------------------


def start(environment: Environment, **_: Any) -> None:
    """Open the run's record and tell the browsers. A worker knows the run's name and load from its master."""
    began_at = time.time()  # before anything is asked of anyone: locust's run time counts already
    given = options_of(environment)
    if not isinstance(environment.runner, WorkerRunner):
        given.race401_load = {name: getattr(given, name) for name in ("num_users", "spawn_rate", "run_time")}
        given.race401_host = environment.host or state.host  # a worker knows no other, where a form left it empty
    plan = options.read(vars(given) | given.race401_load, state.scenario)
    state.stopped, report = False, state.samples.append
    if not isinstance(environment.runner, WorkerRunner):
        finish(environment)  # in the web UI, the run before
        if _begin(environment, plan, began_at) is None:
            return
        report = _note
    for kind in state.kinds:
        kind.numbers = itertools.count(1)
    Browser.run_in_hand = Run(
        id=given.run_id,
        plan=plan,
        host=given.race401_host.rstrip("/"),
        last_page_at=began_at + plan.last_page_after,
        report=report,
        done=lambda: browser_done(environment),
        narrate=given.narrate,
    )


def _begin(environment: Environment, plan: Plan, began_at: float) -> Record | None:
    """Return the run's record, its manifest written; None, with a line said, if that cannot be."""
    given, runner = options_of(environment), environment.runner
    assert runner is not None
    if state.runs:
        given.run_id = name_of_run(plan.seed)
    state.runs += 1
    state.done, state.unfinished, state.ended_at, state.table = 0, None, None, ""
    plan = replace(plan, users=runner.target_user_count or plan.users)
    try:
        folder = Path(given.reports) / given.run_id
        record = Record(
            given.run_id, state.scenario, plan, state.host, served_worlds(plan), folder, state.spool, began_at
        )
        record.begin()
    except (OSError, Refused) as error:
        print(f"race401: {error}", file=sys.stderr)
        gevent.spawn(runner.stop if environment.web_ui is not None else runner.quit)
        return None
    if isinstance(runner, MasterRunner):
        record.missing_witnesses = set(runner.clients)
    state.record = record
    names = {(c.name, role): f"{c.name} [{p.name}]" for c in plan.conditions for role, p in plan.policies.items()}
    state.tally = Tally(record.run, names, record.spool)
    print(f"race401: {plan}; mock at {state.host}", file=sys.stderr)
    if state.scenario.memory:
        pids = {"locust": os.getpid()} | ({"mock": state.mock.pid} if state.mock is not None else {})
        state.watch = gevent.spawn(memory.watch, pids, memory.every(plan.run_time), record.memory)
    if sys.stderr.isatty():
        gevent.spawn(_show_progress, environment, record)
    return record


def _note(sample: dict[str, Any]) -> None:
    """Keep a sample, and count it for whoever looks while the run lasts."""
    if state.record is not None and state.tally is not None:
        state.record.note(sample)
        state.tally.note(sample)


def _show_progress(environment: Environment, record: Record) -> None:
    """Keep one line on the terminal up to date."""
    assert environment.runner is not None
    while state.record is record and state.ended_at is None:
        total = environment.runner.stats.total
        ran, of = time.time() - record.started_at, f" of {record.plan.run_time:.0f}" if record.plan.run_time else ""
        line = (
            f"{ran:3.0f}{of} s · {total.num_requests} requests · 401s that the app saw: {_seen_so_far(record.plan)}"
        )
        print(f"\r{line}\x1b[K", end="", file=sys.stderr, flush=True)
        gevent.sleep(PROGRESS_EVERY)
    print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _seen_so_far(plan: Plan) -> str:
    assert state.tally is not None
    return ", ".join(f"{state.tally.app_401s(role)} {policy.name}" for role, policy in plan.policies.items())


def rows() -> list[dict[str, Any]]:
    """Return the run's table so far."""
    return state.tally.rows() if state.tally is not None else []


def browser_done(environment: Environment) -> None:
    """Count a browser that has loaded all its pages; the last one ends the run."""
    runner = environment.runner
    assert runner is not None
    if isinstance(runner, WorkerRunner):
        runner.send_message("race401_done", {})
        return
    state.done += 1
    if state.record is not None and state.done >= state.record.plan.users:
        state.ended_at = time.time()
        end = runner.stop if environment.web_ui is not None else runner.quit
        gevent.spawn_later(REPORTS_ARRIVE if isinstance(runner, MasterRunner) else 0.2, end)


def stop(environment: Environment, **_: Any) -> None:
    """Note when the run ended, and whether that was its end."""
    state.stopped = True
    record = state.record
    if isinstance(environment.runner, WorkerRunner):
        _flush(environment)  # before the master hears that this worker has stopped, so that its table is whole then
        return
    if record is None:
        return
    _note_the_end(record)
    if environment.web_ui is not None:
        gevent.spawn_later(REPORTS_ARRIVE, finish, environment)


def _note_the_end(record: Record) -> None:
    """Keep the first end that was noticed."""
    if state.ended_at is not None:
        return
    state.ended_at, plan = time.time(), record.plan
    ran = state.ended_at - record.started_at
    if state.unfinished is None and plan.pages:
        state.unfinished = f"{state.done} of {plan.users} browsers had loaded their {plan.pages} pages"
    elif state.unfinished is None and plan.run_time and ran < plan.run_time - 0.5:
        state.unfinished = f"stopped after {ran:.0f} of {plan.run_time:.0f} s"


# --- after the test -------------------------------------------------------------------------------


def finish(environment: Environment, **_: Any) -> None:
    """Judge the run if it is not judged yet; idempotent, since locust may call twice."""
    record, state.record = state.record, None
    if record is None or isinstance(environment.runner, WorkerRunner):
        return
    _note_the_end(record)
    if state.watch is not None:
        state.watch.kill()
    Browser.run_in_hand = None
    assert state.ended_at is not None
    try:
        state.table, environment.process_exit_code = record.finish(state.ended_at, state.unfinished)
    except OSError as error:
        environment.process_exit_code = UNKNOWN
        print(f"race401: UNKNOWN: the evidence cannot be kept in {record.folder}: {error.strerror}", file=sys.stderr)
    except Exception as error:  # noqa: BLE001 - an error of ours must not pass for a verdict
        environment.process_exit_code = INTERNAL
        print(f"race401: internal error while judging: {type(error).__name__}: {error}", file=sys.stderr)
    if environment.web_ui is not None:
        _print_table()


def write_outputs(environment: Environment, **_: Any) -> None:
    """Put the table into the files that locust was asked for; again, where locust wrote them too early."""
    if state.tally is None or isinstance(environment.runner, WorkerRunner):
        return
    try:
        ui.write(environment, state.tally.rows())
    except OSError as error:
        print(f"race401: {error.filename}: {error.strerror}", file=sys.stderr)


def end(**_: Any) -> None:
    """Print the table, and stop the mock."""
    _print_table()
    if state.mock is not None:
        state.mock.stop()
    if not state.runs:
        forget_folder()


def _print_table() -> None:
    if state.table:
        print(state.table, flush=True)
        state.table = ""


# --- workers --------------------------------------------------------------------------------------


@events.report_to_master.add_listener
def _to_master(data: dict[str, Any], **_: Any) -> None:
    data["race401_samples"], state.samples[:] = list(state.samples), []
    data["race401_last"] = state.stopped


@events.worker_report.add_listener
def _from_worker(client_id: str, data: dict[str, Any], **_: Any) -> None:
    if (record := state.record) is None:
        return
    if data.get("race401_last"):
        record.missing_witnesses.discard(client_id)
    for sample in data.get("race401_samples", []):
        if sample["client"].startswith(f"{record.run}/"):
            _note(sample)
