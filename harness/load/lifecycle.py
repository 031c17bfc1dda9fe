"""
A run from its start to its verdict: what the locustfile's events do, in every mode that locust has.

Local, master and workers differ in one thing only: a worker judges nothing and reports its samples to the
master. The traps that this order avoids are locust's: `test_stop` comes before the workers' last reports, and
an interrupt reaches the workers too.
"""

import gevent
from locust import events
from locust.env import Environment
from locust.runners import STATE_MISSING, MasterRunner, WorkerRunner

import contextlib
import itertools
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from race401.harness.judge.checks import Value
from race401.harness.judge.verdict import EXIT_CODES
from race401.harness.load import memory, options, ui
from race401.harness.load.browser import Browser, Run
from race401.harness.load.hosts import PATIENCE, HostClock, named, share, shares
from race401.harness.load.mock import steering
from race401.harness.load.options import Plan, Refused
from race401.harness.load.record import Host, Record
from race401.harness.load.state import forget_folder, name_of_run, options_of, served_worlds, state
from race401.harness.load.tally import Tally

REPORTS_ARRIVE = 4.0  # s; locust's workers report every 3 s
LAST_REPORTS_WITHIN = 20.0  # s: a page that was begun may take 15 to end, and a wire may lose what is told of it
PROGRESS_EVERY = 1.0  # s
UNKNOWN, INTERNAL = EXIT_CODES[Value.UNKNOWN], 4  # exit codes


def send_last_reports(environment: Environment) -> None:
    """On a worker: report what is left before the process ends, whatever ended it, and before the master lets go."""
    assert environment.runner is not None
    environment.runner.register_message("race401_end", lambda **_: _end(environment))
    environment.events.quitting.add_listener(lambda **_: _end(environment))


def _end(environment: Environment) -> None:
    """On a worker: let the pages that were begun end, and report them; `stop` does, unless they have ended."""
    assert environment.runner is not None
    environment.runner.stop()
    _flush(environment)


def _flush(environment: Environment) -> None:
    """On a worker: report what is left, now."""
    send = getattr(environment.runner, "_send_stats", None)  # locust's own, and private
    if send is not None:
        send()


# --- the test -------------------------------------------------------------------------------------


def start(environment: Environment, **_: Any) -> None:
    """Open the run's record and tell the browsers. A worker knows the run's name and load from its master."""
    clock = state.clock = HostClock()
    began_at = clock.now()  # before anything is asked of anyone: locust's run time counts already
    given, runner = options_of(environment), environment.runner
    if not isinstance(runner, WorkerRunner):
        given.race401_load = {name: getattr(given, name) for name in ("num_users", "spawn_rate", "run_time")}
        given.race401_host = (environment.host or state.host).rstrip("/")  # a form may leave it empty
        given.race401_elsewhere = state.mock is None
        given.race401_dealt = shares(_at_work(runner)) if isinstance(runner, MasterRunner) else []
    if given.race401_elsewhere:
        with contextlib.suppress(httpx.HTTPError):  # nobody will sign in, which says it all
            clock.set_by(given.race401_host, 0.0 if isinstance(runner, MasterRunner) else PATIENCE)
        began_at += clock.taken_out
    plan = options.read(vars(given) | given.race401_load, state.scenario)
    state.stopped, report = False, state.samples.append
    if not isinstance(runner, WorkerRunner):
        finish(environment)  # in the web UI, the run before
        if _begin(environment, plan, began_at) is None:
            return
        report = _note
    for kind in state.kinds:
        kind.numbers = itertools.count(1)
    Browser.run_in_hand = Run(
        id=given.run_id,
        plan=plan,
        host=given.race401_host,
        clock=clock,
        share=_share(runner, given.race401_dealt),
        last_page_at=began_at + plan.last_page_after,
        report=report,
        done=lambda: browser_done(environment),
        steering=steering(given.control_key),
        narrate=given.narrate,
    )


def _at_work(runner: MasterRunner) -> list[str]:
    """Return the workers that are there, by locust's names."""
    clients = runner.clients
    return [worker.id for worker in clients.ready + clients.running + clients.spawning]


def _share(runner: Any, dealt: list[str]) -> int:
    return share(runner.client_id, dealt, runner.worker_index) if isinstance(runner, WorkerRunner) else 0


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
            given.run_id,
            state.scenario,
            plan,
            state.host,
            steering(given.control_key),
            served_worlds(plan, given.control_key),
            folder,
            state.spool,
            began_at,
        )
        if isinstance(runner, MasterRunner):
            for number, worker in enumerate(given.race401_dealt):
                record.hosts[worker] = Host(named(number, worker), number, heard=False)
        else:
            record.hosts[""] = Host()
        record.begin()
    except (OSError, Refused) as error:
        print(f"race401: {error}", file=sys.stderr)
        gevent.spawn(runner.stop if environment.web_ui is not None else runner.quit)
        return None
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
        ran = state.clock.now() - record.started_at
        of = f" of {record.plan.run_time:.0f}" if record.plan.run_time else ""
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
        state.ended_at = state.clock.now()
        gevent.spawn_later(0.2, runner.stop if environment.web_ui is not None else runner.quit)


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
    if isinstance(environment.runner, MasterRunner) and environment.web_ui is None:  # there it has heard them by now
        _hear_the_last(environment.runner, record)
    if environment.web_ui is not None:
        gevent.spawn_later(REPORTS_ARRIVE, finish, environment)


def _hear_the_last(runner: MasterRunner, record: Record) -> None:
    """Have the workers end, and wait for their last reports: locust waits for 0.5 s, and a wire may lose a packet."""

    def hear() -> None:
        while any(not host.heard and _lives(runner, worker) for worker, host in record.hosts.items()):
            gevent.sleep(0.05)

    runner.send_message("race401_end")
    gevent.with_timeout(LAST_REPORTS_WITHIN, hear, timeout_value=None)


def _lives(runner: MasterRunner, worker: str) -> bool:
    return worker in runner.clients and runner.clients[worker].state != STATE_MISSING


def _note_the_end(record: Record) -> None:
    """Keep the first end that was noticed."""
    if state.ended_at is not None:
        return
    state.ended_at, plan = state.clock.now(), record.plan
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
    if "" in record.hosts:
        record.hosts[""].clock = state.clock.plain()
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
    run = Browser.run_in_hand
    data["race401_last"] = run.id if run is not None and state.stopped else ""
    data["race401_share"], data["race401_clock"] = run.share if run is not None else None, state.clock.plain()


@events.worker_report.add_listener
def _from_worker(client_id: str, data: dict[str, Any], **_: Any) -> None:
    if (record := state.record) is None:
        return
    if (number := data.get("race401_share")) is not None:  # one that came later is heard of here first
        host = record.hosts.setdefault(client_id, Host(named(number, client_id), number, heard=False))
        host.heard = host.heard or data["race401_last"] == record.run
        host.clock = data["race401_clock"]
    for sample in data.get("race401_samples", []):
        if sample["client"].startswith(f"{record.run}/"):
            _note(sample)
