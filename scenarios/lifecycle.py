"""
A run from its options to its verdict: what the locustfile's events do, in every mode that locust has.

Local, master and workers differ in one thing only: a worker judges nothing and reports its samples to the
master. The traps that this order avoids are locust's: `test_stop` comes before the workers' last reports, and
an interrupt reaches the workers too.
"""

import gevent
from locust import events
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

import contextlib
import itertools
import logging
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from race401.harness.judge.checks import Value
from race401.harness.judge.verdict import EXIT_CODES
from race401.scenarios import limits, options, ui
from race401.scenarios.browser import Browser, Run
from race401.scenarios.mock import Mock, MockDidNotStart, die_with_parent, worlds_at
from race401.scenarios.options import Plan, Refused
from race401.scenarios.record import Record
from race401.scenarios.tally import Tally

SCENARIO = {"name": "burst", "version": 1}  # runs of different versions are not comparable
STOP_TIMEOUT = 15.0  # s for a page that was begun to end
REPORTS_ARRIVE = 4.0  # s; locust's workers report every 3 s
PROGRESS_EVERY = 1.0  # s
UNKNOWN, INTERNAL = EXIT_CODES[Value.UNKNOWN], 4  # exit codes

die_with_parent()


class State:
    """What one locust process knows of the run in hand."""

    def __init__(self) -> None:
        self.kinds: list[type[Browser]] = []
        self.mock: Mock | None = None
        self.host = ""  # where the mock is, whatever a form says
        self.folder: Path | None = None  # of the first run
        self.spool: Path | None = None  # where our own mock writes its ledger
        self.record: Record | None = None  # of the run in hand
        self.tally: Tally | None = None  # of that run, and after it until the next
        self.samples: list[dict[str, Any]] = []  # worker: not yet reported
        self.runs = 0
        self.interrupted = False
        self.done = 0  # browsers that have loaded all their pages
        self.ended_at: float | None = None
        self.unfinished: str | None = None
        self.table = ""
        self.stopped = False  # worker: its browsers have ended


state = State()


# --- before the test ------------------------------------------------------------------------------


def prepare(environment: Environment) -> None:
    """Refuse what can't work, then have a mock to talk to. Workers take the master's word for both."""
    environment.stop_timeout = environment.stop_timeout or STOP_TIMEOUT
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it has a line for every request
    gevent.signal_handler(signal.SIGINT, _interrupt, gevent.get_hub().parent)
    state.kinds = [kind for kind in environment.user_classes if issubclass(kind, Browser)]
    limits.raise_open_files()
    if isinstance(environment.runner, WorkerRunner):
        _send_last_reports(environment)
        return
    environment.process_exit_code = UNKNOWN  # until a verdict says otherwise
    if isinstance(environment.runner, MasterRunner):
        environment.runner.register_message("race401_done", lambda **_: _browser_done(environment))
    given = _options(environment)
    try:
        plan = options.read(vars(given))
        if given.headless or given.autostart:
            options.check_load(plan)
            _check_limits(environment, plan)
        _choose(environment, plan)
        if environment.host:
            state.host = environment.host.rstrip("/")
            _worlds(plan)
            _folder(given)
        else:
            _embed(environment, _folder(given))
    except Refused as refusal:
        _refuse(str(refusal))
    if environment.web_ui is not None:
        _check_the_form(environment)
        ui.attach(environment, _rows)


def _check_limits(environment: Environment, plan: Plan) -> None:
    """Our own mock has all connections in one process; ports are spent where browsers are."""
    given, elsewhere = _options(environment), isinstance(environment.runner, MasterRunner)
    here = not elsewhere or given.processes is not None
    if here or not environment.host:
        limits.check(plan, limits.raise_open_files(), limits.local_ports() if here else None)


def _folder(given: Any) -> Path:
    """Return the first run's folder, newly made."""
    given.run_id = given.run_id or _name(given.seed)
    folder: Path = Path(given.reports) / given.run_id
    try:
        folder.mkdir(parents=True, exist_ok=False)
    except FileExistsError:
        raise Refused(f"{folder} exists; give another --run-id") from None
    except OSError as error:
        raise Refused(f"--reports {given.reports}: {error.strerror}") from None
    state.folder = folder
    return folder


def _interrupt(main: Any) -> None:
    """Raise Ctrl-C where locust expects it. Python would raise it in whichever greenlet is running just then."""
    if state.interrupted:
        os._exit(UNKNOWN)  # the mock ends with its standard input
    state.interrupted = True
    begun = state.runs or Browser.run_in_hand is not None
    gevent.kill(main, KeyboardInterrupt() if begun else SystemExit(UNKNOWN))


def _embed(environment: Environment, folder: Path) -> None:
    """Start the mock. It writes its ledger into the first run's folder; those of later runs are cut from it."""
    state.spool = folder / "ledger.jsonl"
    try:
        state.mock = Mock(state.spool)
    except MockDidNotStart as error:
        raise Refused(str(error)) from None
    state.host = environment.host = state.mock.url
    gevent.spawn(_watch, environment, state.mock)


def _worlds(plan: Plan) -> dict[str, dict[str, object]]:
    """Return what the mock serves, which must be all that the conditions want."""
    try:
        worlds = worlds_at(state.host)
    except ValueError as error:
        raise Refused(f"--host {error}; start one with: python -m mock_api") from None
    for condition in plan.conditions:
        if condition.world not in worlds:
            raise Refused(f"--host {state.host} has no world {condition.world!r}; it has: {', '.join(worlds)}")
    return worlds


def _choose(environment: Environment, plan: Plan) -> None:
    """Keep the browsers of the policies and conditions that were asked for."""
    environment.user_classes[:] = [
        kind for kind in state.kinds if kind.role in plan.policies and kind.condition in plan.conditions
    ]


def _check_the_form(environment: Environment) -> None:
    """Hold the web form to what the command line is held to, before locust starts anything."""
    from flask import Response, jsonify, request

    assert environment.web_ui is not None
    app = environment.web_ui.app
    assert app is not None

    @app.before_request
    def check() -> Response | None:
        if request.path != "/swarm" or request.method != "POST":
            return None
        form = request.form.to_dict()
        try:
            load = {"num_users": form.get("user_count", 0), "run_time": _seconds(form.get("run_time", ""))}
            plan = options.read(vars(_options(environment)) | form | load)
            options.check_load(plan)
            _check_limits(environment, plan)
            if not (environment.runner and environment.runner.user_count):
                _choose(environment, plan)
        except Refused as refusal:
            return jsonify({"success": False, "message": str(refusal), "host": environment.host})
        return None


def _seconds(text: str) -> float:
    from locust.util.timespan import parse_timespan

    try:
        return float(parse_timespan(text)) if text else 0.0
    except ValueError:
        raise Refused(f"run time {text!r} is no span of time; write 20, 20s or 1h30m") from None


def _watch(environment: Environment, mock: Mock) -> None:
    """End the run when the mock does."""
    while (ended := mock.ended()) is None:
        gevent.sleep(0.5)
    if state.record is not None and state.ended_at is None:
        state.unfinished = ended
        assert environment.runner is not None
        environment.runner.quit()


def _send_last_reports(environment: Environment) -> None:
    """On a worker: report what is left before the process ends, whatever ended it."""
    environment.events.quitting.add_listener(lambda **_: _flush(environment))


def _flush(environment: Environment) -> None:
    """On a worker: report what is left, now."""
    send = getattr(environment.runner, "_send_stats", None)  # locust's own, and private
    if send is not None:
        send()


# --- the test -------------------------------------------------------------------------------------


def start(environment: Environment) -> None:
    """Open the run's record and tell the browsers. A worker knows the run's name and load from its master."""
    began_at = time.time()  # before anything is asked of anyone: locust's run time counts already
    given = _options(environment)
    if not isinstance(environment.runner, WorkerRunner):
        given.race401_load = {name: getattr(given, name) for name in ("num_users", "spawn_rate", "run_time")}
    plan = options.read(vars(given) | given.race401_load)
    state.stopped, report = False, state.samples.append
    if not isinstance(environment.runner, WorkerRunner):
        finish(environment)  # in the web UI, the run before
        if (record := _begin(environment, plan, began_at)) is None:
            return
        report = record.samples.append
    for kind in state.kinds:
        kind.numbers = itertools.count(1)
    Browser.run_in_hand = Run(
        id=given.run_id,
        plan=plan,
        host=(environment.host or state.host).rstrip("/"),
        last_page_at=began_at + plan.last_page_after,
        report=report,
        done=lambda: _browser_done(environment),
        narrate=given.narrate,
    )


def _begin(environment: Environment, plan: Plan, began_at: float) -> Record | None:
    """Return the run's record, its manifest written; None, with a line said, if that cannot be."""
    given, runner = _options(environment), environment.runner
    assert runner is not None
    if state.runs:
        given.run_id = _name(plan.seed)
    state.runs += 1
    state.done, state.unfinished, state.ended_at, state.table = 0, None, None, ""
    plan = replace(plan, users=runner.target_user_count or plan.users)
    try:
        folder = Path(given.reports) / given.run_id
        record = Record(given.run_id, SCENARIO, plan, state.host, _worlds(plan), folder, state.spool, began_at)
        record.begin()
    except (OSError, Refused) as error:
        print(f"race401: {error}", file=sys.stderr)
        gevent.spawn(runner.stop if environment.web_ui is not None else runner.quit)
        return None
    if isinstance(runner, MasterRunner):
        record.missing_witnesses = set(runner.clients)
    state.record = record
    names = {(c.name, role): f"{c.name} [{p.name}]" for c in plan.conditions for role, p in plan.policies.items()}
    state.tally = Tally(record.run, names, record.samples, record.spool)
    print(f"race401: {plan}; mock at {state.host}", file=sys.stderr)
    if sys.stderr.isatty():
        gevent.spawn(_show_progress, environment, record)
    return record


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


def _rows() -> list[dict[str, Any]]:
    return state.tally.rows() if state.tally is not None else []


def _browser_done(environment: Environment) -> None:
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


def stop(environment: Environment) -> None:
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


def finish(environment: Environment) -> None:
    """Judge the run if it is not judged yet; idempotent, since locust may call twice."""
    record, state.record = state.record, None
    if record is None or isinstance(environment.runner, WorkerRunner):
        return
    _note_the_end(record)
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


def write_outputs(environment: Environment) -> None:
    """Put the table into the files that locust was asked for; again, where locust wrote them too early."""
    if state.tally is None or isinstance(environment.runner, WorkerRunner):
        return
    try:
        ui.write(environment, state.tally.rows())
    except OSError as error:
        print(f"race401: {error.filename}: {error.strerror}", file=sys.stderr)


def end() -> None:
    """Print the table, and stop the mock."""
    _print_table()
    if state.mock is not None:
        state.mock.stop()
    if not state.runs:
        _forget_folder()


def _print_table() -> None:
    if state.table:
        print(state.table, flush=True)
        state.table = ""


def _forget_folder() -> None:
    """Remove the folder of a run that never began."""
    if state.folder is not None:
        (state.folder / "ledger.jsonl").unlink(missing_ok=True)
        state.folder.rmdir()


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
    record.samples.extend(s for s in data.get("race401_samples", []) if s["client"].startswith(f"{record.run}/"))


def _options(environment: Environment) -> Any:
    assert environment.parsed_options is not None
    return environment.parsed_options


def _name(seed: int) -> str:
    return f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{SCENARIO['name']}-{seed}"


def _refuse(message: str) -> NoReturn:
    print(f"race401: {message}", file=sys.stderr)
    if state.mock is not None:
        with contextlib.suppress(OSError):
            state.mock.stop()
    with contextlib.suppress(OSError):
        _forget_folder()
    raise SystemExit(2)
