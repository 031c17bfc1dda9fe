"""What one locust process knows of the run in hand, and the few things that all of a run's life asks of it."""

import gevent
from locust.env import Environment

import time
from pathlib import Path
from typing import Any

from race401.harness.load.browser import Browser
from race401.harness.load.hosts import HostClock
from race401.harness.load.mock import Mock, worlds_at
from race401.harness.load.options import Plan, Refused
from race401.harness.load.record import Record
from race401.harness.load.scenario import Scenario
from race401.harness.load.tally import Tally


class State:
    """What one locust process knows of the run in hand."""

    def __init__(self) -> None:
        self.scenario: Scenario  # the locustfile says which
        self.kinds: list[type[Browser]] = []
        self.mock: Mock | None = None
        self.host = ""  # where the mock is, whatever a form says
        self.folder: Path | None = None  # of the first run
        self.spool: Path | None = None  # where our own mock writes its ledger
        self.record: Record | None = None  # of the run in hand
        self.tally: Tally | None = None  # of that run, and after it until the next
        self.clock = HostClock()  # in the run in hand
        self.samples: list[dict[str, Any]] = []  # worker: not yet reported
        self.runs = 0
        self.watch: gevent.Greenlet | None = None  # of the memory
        self.interrupted = False
        self.done = 0  # browsers that have loaded all their pages
        self.ended_at: float | None = None
        self.unfinished: str | None = None
        self.table = ""
        self.stopped = False  # worker: its browsers have ended


state = State()


def options_of(environment: Environment) -> Any:
    """Return what the command line, and later the web form, said."""
    assert environment.parsed_options is not None
    return environment.parsed_options


def name_of_run(seed: int) -> str:
    """Return a name for a run that begins now."""
    return f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{state.scenario.name}-{seed}"


def served_worlds(plan: Plan, key: str | None) -> dict[str, dict[str, object]]:
    """Return what the mock serves, which must be all that the conditions want."""
    try:
        worlds = worlds_at(state.host, key)
    except ValueError as error:
        raise Refused(f"--host {error}; start one with: race401 serve") from None
    for condition in plan.conditions:
        if condition.world not in worlds:
            raise Refused(f"--host {state.host} has no world {condition.world!r}; it has: {', '.join(worlds)}")
    return worlds


def forget_folder() -> None:
    """Remove the folder of a run that never began."""
    if state.folder is not None:
        (state.folder / "ledger.jsonl").unlink(missing_ok=True)
        state.folder.rmdir()
