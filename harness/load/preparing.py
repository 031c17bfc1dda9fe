"""Before a run: refuse what can't work, have a mock to talk to, and hold the web form to what holds here."""

import gevent
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

import contextlib
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

from race401.harness.load import lifecycle, limits, options, ui
from race401.harness.load.browser import Browser
from race401.harness.load.lifecycle import UNKNOWN
from race401.harness.load.mock import Mock, MockDidNotStart, die_with_parent
from race401.harness.load.options import Plan, Refused
from race401.harness.load.retention import retain_less
from race401.harness.load.state import forget_folder, name_of_run, options_of, served_worlds, state

STOP_TIMEOUT = 15.0  # s for a page that was begun to end

die_with_parent()


def prepare(environment: Environment, **_: Any) -> None:
    """Refuse what can't work, then have a mock to talk to. Workers take the master's word for both."""
    environment.stop_timeout = environment.stop_timeout or STOP_TIMEOUT
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it has a line for every request
    gevent.signal_handler(signal.SIGINT, _interrupt, gevent.get_hub().parent)
    state.kinds = [kind for kind in environment.user_classes if issubclass(kind, Browser)]
    limits.raise_open_files()
    if isinstance(environment.runner, WorkerRunner):
        lifecycle.send_last_reports(environment)
        return
    retain_less(environment)
    environment.process_exit_code = UNKNOWN  # until a verdict says otherwise
    if isinstance(environment.runner, MasterRunner):
        environment.runner.register_message("race401_done", lambda **_: lifecycle.browser_done(environment))
    given = options_of(environment)
    try:
        plan = options.read(vars(given), state.scenario)
        if given.headless or given.autostart:
            options.check_load(plan)
            _check_limits(environment, plan)
        _choose(environment, plan)
        if environment.host:
            state.host = environment.host.rstrip("/")
            served_worlds(plan, given.control_key)
            _folder(given)
        else:
            _embed(environment, _folder(given))
    except Refused as refusal:
        _refuse(str(refusal))
    if environment.web_ui is not None:
        _check_the_form(environment)
        ui.attach(environment, lifecycle.rows)


def _check_limits(environment: Environment, plan: Plan) -> None:
    """Our own mock has all connections in one process; ports are spent where browsers are."""
    given, elsewhere = options_of(environment), isinstance(environment.runner, MasterRunner)
    here = not elsewhere or given.processes is not None
    if here or not environment.host:
        limits.check(plan, limits.raise_open_files(), limits.local_ports() if here else None)


def _folder(given: Any) -> Path:
    """Return the first run's folder, newly made."""
    given.run_id = given.run_id or name_of_run(given.seed)
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
        state.mock = Mock(state.spool, state.scenario.mock)
    except MockDidNotStart as error:
        raise Refused(str(error)) from None
    state.host = environment.host = state.mock.url
    gevent.spawn(_watch, environment, state.mock)


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
            plan = options.read(vars(options_of(environment)) | form | load, state.scenario)
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


def _refuse(message: str) -> NoReturn:
    print(f"race401: {message}", file=sys.stderr)
    if state.mock is not None:
        with contextlib.suppress(OSError):
            state.mock.stop()
    with contextlib.suppress(OSError):
        forget_folder()
    raise SystemExit(2)
