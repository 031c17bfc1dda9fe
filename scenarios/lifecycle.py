"""A run from its options to its verdict: what the locustfile's events do, in every mode that locust has.

Local, master and workers differ in one thing only: a worker judges nothing and reports its samples to the
master. The traps that this order avoids are locust's: `test_stop` comes before the workers' last reports, and
an interrupt reaches the workers too.
"""

import gevent
from locust import events
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

import contextlib
import platform
import sys
import time
from argparse import ArgumentParser
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

import httpx
import msgspec

from race401.harness.judge import evidence, verdict
from race401.harness.reporting import console
from race401.harness.tokens.policy import POLICIES, knobs
from race401.scenarios.browser import NO_PAGE_IN_THE_LAST, PAGE, Browser, Run
from race401.scenarios.conditions import CONDITIONS, Condition
from race401.scenarios.mock import Mock, MockDidNotStart, die_with_parent, worlds_at

SCENARIO = {"name": "burst", "version": 1}  # runs of different versions are not comparable
ARRIVALS = ("together", "first-then-rest")
IDLE = 2.0  # s between two pages, on average; shorter in a short run
SHORTEST = 5.0  # s of run time that hold a page before the decisive instant and one after it
STOP_TIMEOUT = 15.0  # s for a page that was begun to end
REPORTS_ARRIVE = 4.0  # s; locust's workers report every 3 s

die_with_parent()


def add_options(parser: ArgumentParser) -> None:
    """Declare the scenario's options; `--help` and the web form show them."""
    add: Any = parser.add_argument  # locust's own arguments (include_in_web_ui) are not known to argparse's groups
    add(
        "--policies",
        default="pre-fix,fixed",
        help=f"the control and the subject, or the subject alone; known: {', '.join(POLICIES)}",
    )
    add("--conditions", default=",".join(CONDITIONS), help=f"known: {', '.join(CONDITIONS)}")
    add("--arrival", default="together", help=f"how a page's requests leave: {' or '.join(ARRIVALS)}")
    add("--seed", type=int, default=401, help="draws every decisive instant and idle time")
    add("--pages", type=int, default=0, help="fixed work: every browser loads N pages and stops")
    add("--reports", default="reports", help="the folder that gets a folder for each run")
    add("--narrate", action="store_true", help="log the token's life (logger race401.tokens)")
    add("--run-id", default="", include_in_web_ui=False, help="the run's name (default: time and seed)")
    add("--run-for", type=float, default=0.0, include_in_web_ui=False, help="set by the master")


class Refused(Exception):
    """The run can't work by its own options; the message names what is wrong and what would be right."""


class State:
    """What one locust process knows of the run in hand."""

    def __init__(self) -> None:
        self.mock: Mock | None = None
        self.worlds: dict[str, dict[str, object]] = {}
        self.run: Run | None = None
        self.folder = Path()
        self.manifest: dict[str, Any] = {}
        self.samples: list[dict[str, Any]] = []
        self.direct = False  # the mock writes its ledger into the run's folder
        self.begun = 0
        self.done = 0
        self.unfinished: str | None = None
        self.ended_at: float | None = None
        self.table = ""
        self.workers: set[str] = set()  # master: whose last report has not come; worker: unused
        self.stopped = False  # worker: its browsers have ended


state = State()


# --- before the test ------------------------------------------------------------------------------


def prepare(environment: Environment) -> None:
    """Refuse what can't work, then have a mock to talk to. Workers take the master's word for both."""
    environment.stop_timeout = environment.stop_timeout or STOP_TIMEOUT
    if isinstance(environment.runner, WorkerRunner):
        _send_last_reports(environment)
        return
    environment.process_exit_code = 3  # until a verdict says otherwise
    if isinstance(environment.runner, MasterRunner):
        environment.runner.register_message("race401_done", lambda **_: _browser_done(environment))
    try:
        _check(environment)
        user_classes(environment)
        if environment.host:
            state.worlds = _existing(environment.host)
        else:
            _embed(environment)
    except Refused as refusal:
        _refuse(str(refusal))


def _check(environment: Environment) -> None:
    options = _options(environment)
    _policies(options.policies)
    _conditions(options.conditions)
    if options.arrival not in ARRIVALS:
        raise Refused(f"unknown arrival {options.arrival!r}; known: {', '.join(ARRIVALS)}")
    if options.pages < 0:
        raise Refused(f"--pages {options.pages}: a browser loads at least one page")
    if not options.headless and not options.autostart:
        return  # the web form says how many and how long
    if options.num_users is not None and options.num_users < 1:
        raise Refused(f"-u {options.num_users}: a run needs at least one browser, and 6 for every role and condition")
    if not options.pages and options.run_time and options.run_time < SHORTEST:
        raise Refused(
            f"-t {options.run_time}s holds no burst that could show anything: no page begins in the last "
            f"{NO_PAGE_IN_THE_LAST:.0f} s, and one is needed on each side of the decisive instant; "
            f"give -t {SHORTEST:.0f}s or longer"
        )


def _policies(text: str) -> dict[str, str]:
    """Return policy names by role."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in POLICIES:
            raise Refused(f"unknown policy {name!r}; known: {', '.join(POLICIES)}")
    if len(names) == 1:
        return {"subject": names[0]}
    if len(names) == 2:  # noqa: PLR2004 - control and subject
        return dict(zip(("control", "subject"), names, strict=True))
    raise Refused(f"--policies takes a control and a subject, or a subject alone, not {len(names)} names")


def _conditions(text: str) -> list[Condition]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in CONDITIONS:
            raise Refused(f"unknown condition {name!r}; known: {', '.join(CONDITIONS)}")
    if not names:
        raise Refused(f"--conditions is empty; known: {', '.join(CONDITIONS)}")
    return [condition for condition in CONDITIONS.values() if condition.name in names]


def _existing(host: str) -> dict[str, dict[str, object]]:
    try:
        worlds = worlds_at(host.rstrip("/"))
    except ValueError as error:
        raise Refused(f"--host {error}; start one with: python -m mock_api") from None
    for condition in CONDITIONS.values():
        if condition.world not in worlds:
            raise Refused(f"--host {host} has no world {condition.world!r}; it has: {', '.join(worlds)}")
    return worlds


def _embed(environment: Environment) -> None:
    """Start the mock. It writes its ledger into the first run's folder; for later runs it is asked for theirs."""
    options = _options(environment)
    if not options.run_id:
        options.run_id = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{SCENARIO['name']}-{options.seed}"
    folder = Path(options.reports) / options.run_id
    try:
        folder.mkdir(parents=True, exist_ok=False)
    except FileExistsError:
        raise Refused(f"{folder} exists; give another --run-id") from None
    except OSError as error:
        raise Refused(f"--reports {options.reports}: {error.strerror}") from None
    try:
        state.mock = Mock(folder / "ledger.jsonl")
    except MockDidNotStart as error:
        raise Refused(str(error)) from None
    state.direct = True
    environment.host = state.mock.url
    state.worlds = worlds_at(state.mock.url)
    gevent.spawn(_watch, environment, state.mock)


def _watch(environment: Environment, mock: Mock) -> None:
    """End the run when the mock does."""
    while (ended := mock.ended()) is None:
        gevent.sleep(0.5)
    if state.ended_at is None and state.run is not None:
        state.unfinished = ended
        assert environment.runner is not None
        environment.runner.quit()


def _send_last_reports(environment: Environment) -> None:
    """On a worker: report what is left before the process ends, whatever ended it."""

    def flush(**_: Any) -> None:
        send = getattr(environment.runner, "_send_stats", None)
        if send is not None:
            send()

    environment.events.quitting.add_listener(flush)


# --- the test -------------------------------------------------------------------------------------


def start(environment: Environment) -> None:
    """Name the run and tell the browsers; a worker has been told the name by its master."""
    options = _options(environment)
    if not isinstance(environment.runner, WorkerRunner):
        try:
            _check(environment)
            _name(environment)
        except Refused as refusal:  # the web form goes round the command line's checks
            print(f"race401: {refusal}", file=sys.stderr)
            gevent.spawn(environment.runner.quit)  # type: ignore[union-attr]
            return
    state.stopped = False
    roles = {role: POLICIES[name] for role, name in _policies(options.policies).items()}
    run_for = float(options.run_for)
    idle = max(0.4, min(IDLE, (run_for - NO_PAGE_IN_THE_LAST) / 8)) if run_for else IDLE
    if options.pages:
        idle = 1.0
    state.run = Browser.run_ = Run(
        id=options.run_id,
        seed=options.seed,
        arrival=options.arrival,
        pages=options.pages or None,
        idle=idle,
        last_page_at=time.time() + run_for - NO_PAGE_IN_THE_LAST if run_for else float("inf"),
        policies=roles,
        report=state.samples.append,
        done=lambda: _browser_done(environment),
        narrate=options.narrate,
    )


def user_classes(environment: Environment) -> None:
    """Keep the browsers of the roles and conditions that were asked for."""
    options = _options(environment)
    roles, conditions = _policies(options.policies), {c.name for c in _conditions(options.conditions)}
    wanted = [
        kind
        for kind in environment.user_classes
        if issubclass(kind, Browser) and kind.role in roles and kind.condition.name in conditions
    ]
    environment.user_classes[:] = wanted


def _name(environment: Environment) -> None:
    """Begin the run's folder and manifest."""
    options = _options(environment)
    _finish_if_pending(environment)
    if state.begun or not options.run_id:
        options.run_id = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{SCENARIO['name']}-{options.seed}"
    state.direct = state.direct and not state.begun
    state.begun += 1
    options.run_for = 0.0 if options.pages else float(options.run_time or 0)
    state.folder = Path(options.reports) / options.run_id
    state.folder.mkdir(parents=True, exist_ok=True)
    state.samples.clear()
    state.done, state.unfinished, state.ended_at = 0, None, None
    state.manifest = _manifest(environment)
    runner = environment.runner
    state.workers = set(runner.clients) if isinstance(runner, MasterRunner) else set()
    print(
        f"race401: {state.manifest['users']} browsers, conditions {', '.join(state.manifest['conditions'])}, "
        f"policies {', '.join(p['name'] for p in state.manifest['policies'].values())}, "
        f"{f'{options.pages} pages each' if options.pages else f'{options.run_time or 0:.0f} s'}; "
        f"mock at {environment.host}",
        file=sys.stderr,
    )


def _manifest(environment: Environment) -> dict[str, Any]:
    options = _options(environment)
    roles = _policies(options.policies)
    conditions = _conditions(options.conditions)
    return {
        "race401": version("race401"),
        "run": options.run_id,
        "scenario": SCENARIO,
        "seed": options.seed,
        "arrival": options.arrival,
        "pages": options.pages or None,
        "run_time_s": float(options.run_time) if options.run_time else None,
        "users": getattr(environment.runner, "target_user_count", 0) or options.num_users or 0,
        "page": list(PAGE),
        "worlds": {c.world: state.worlds.get(c.world, {}) for c in conditions},
        "policies": {role: knobs(POLICIES[name]) for role, name in roles.items()},
        "conditions": {
            c.name: {
                "world": c.world,
                "about": c.about,
                "skew_s": c.skew,
                "at_expiry": c.at_expiry,
                "expects": {role: asdict(getattr(c, role)) for role in roles},
            }
            for c in conditions
        },
        "decisive_instants": {},
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("locust", "httpx", "fastapi", "uvicorn", "gevent", "joserfc")},
        },
        "started_at": time.time(),
        "ended_at": None,
        "finished": False,
        "unfinished_because": None,
        "missing_witnesses": [],
    }


def _browser_done(environment: Environment) -> None:
    """Count a browser that has loaded all its pages; the last one ends the run."""
    runner = environment.runner
    assert runner is not None
    if isinstance(runner, WorkerRunner):
        runner.send_message("race401_done", {})
        return
    state.done += 1
    if state.done >= state.manifest["users"]:
        state.ended_at = time.time()
        gevent.spawn_later(REPORTS_ARRIVE if isinstance(runner, MasterRunner) else 0.2, runner.quit)


def stop(environment: Environment) -> None:
    """Note when the run ended, and whether that was its end."""
    state.stopped = True
    if isinstance(environment.runner, WorkerRunner) or state.run is None:
        return
    if state.ended_at is None:
        state.ended_at = time.time()
        state.unfinished = state.unfinished or _cut_short(environment)
    if not _options(environment).headless:
        gevent.spawn_later(REPORTS_ARRIVE, _judge_and_print, environment)


def _cut_short(environment: Environment) -> str | None:
    options, ran = _options(environment), time.time() - state.manifest["started_at"]
    if options.pages:
        return f"{state.done} of {state.manifest['users']} browsers had loaded their {options.pages} pages"
    if options.run_time and ran < options.run_time - 0.5:
        return f"stopped after {ran:.0f} of {options.run_time:.0f} s"
    return None


# --- after the test -------------------------------------------------------------------------------


def finish(environment: Environment) -> None:
    """Judge what is not judged yet; idempotent, since locust may call twice."""
    if isinstance(environment.runner, WorkerRunner):
        return
    try:
        _finish_if_pending(environment)
    except Exception as error:  # noqa: BLE001 - an error of ours must not pass for a verdict
        environment.process_exit_code = 4
        print(f"race401: internal error while judging: {type(error).__name__}: {error}", file=sys.stderr)


def end() -> None:
    """Print the table, and stop the mock."""
    if state.table:
        print(state.table, flush=True)
        state.table = ""
    if state.mock is not None:
        state.mock.stop()


def _judge_and_print(environment: Environment) -> None:
    finish(environment)
    if state.table:
        print(state.table, flush=True)
        state.table = ""


def _finish_if_pending(environment: Environment) -> None:
    run, state.run = state.run, None
    if run is None:
        return
    stop_seen = state.ended_at is not None
    if not stop_seen:
        state.ended_at, state.unfinished = time.time(), state.unfinished or _cut_short(environment)
    state.manifest |= {
        "ended_at": state.ended_at,
        "finished": state.unfinished is None,
        "unfinished_because": state.unfinished,
        "missing_witnesses": sorted(state.workers),
        "decisive_instants": {
            name: {
                number: round(run.instant(name, number), 3)
                for number in sorted({s["client"].rsplit("/", 1)[1] for s in state.samples})
            }
            for name in state.manifest["conditions"]
        },
    }
    if not state.direct:
        _fetch_ledger(environment, run.id)
    _write(state.folder / "manifest.json", msgspec.json.format(msgspec.json.encode(state.manifest), indent=2))
    _write(state.folder / "samples.jsonl", b"".join(msgspec.json.encode(s) + b"\n" for s in state.samples))
    result = verdict.judge(evidence.load(state.folder))
    _write(state.folder / "verdict.json", verdict.to_json(result))
    state.table = console.render(result, state.manifest, color=sys.stdout.isatty()) + f"\n\nevidence: {state.folder}/"
    environment.process_exit_code = result.exit_code


def _fetch_ledger(environment: Environment, run_id: str) -> None:
    """Ask the mock for this run's entries."""
    try:
        answer = httpx.get(
            f"{environment.host}/_race401/ledger", params={"client": f"{run_id}/"}, timeout=30, trust_env=False
        ).raise_for_status()
        _write(state.folder / "ledger.jsonl", answer.content)
        if answer.headers.get("X-Race401-Dropped", "0") != "0":
            state.manifest["unfinished_because"] = "the mock no longer held the whole ledger"
            state.manifest["finished"] = False
    except httpx.HTTPError as error:
        _write(state.folder / "ledger.jsonl", b"")
        state.manifest["unfinished_because"] = f"the mock did not hand over its ledger ({type(error).__name__})"
        state.manifest["finished"] = False


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        print(f"race401: {path} could not be written: {error.strerror}", file=sys.stderr)


# --- workers --------------------------------------------------------------------------------------


@events.report_to_master.add_listener
def _to_master(data: dict[str, Any], **_: Any) -> None:
    data["race401_samples"], state.samples[:] = list(state.samples), []
    data["race401_last"] = state.stopped


@events.worker_report.add_listener
def _from_worker(client_id: str, data: dict[str, Any], **_: Any) -> None:
    if data.get("race401_last"):
        state.workers.discard(client_id)
    samples = data.get("race401_samples", [])
    run = state.manifest.get("run")
    state.samples.extend(s for s in samples if s["client"].startswith(f"{run}/"))


def _options(environment: Environment) -> Any:
    assert environment.parsed_options is not None
    return environment.parsed_options


def _refuse(message: str) -> NoReturn:
    print(f"race401: {message}", file=sys.stderr)
    if state.mock is not None:
        with contextlib.suppress(OSError):
            state.mock.stop()
    raise SystemExit(2)
