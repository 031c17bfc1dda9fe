"""How a locustfile becomes a scenario: one class of browsers for each condition and role, and locust's events."""

from locust import events, runners
from locust.env import Environment
from locust.runners import WorkerRunner

import signal
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from race401.harness.load import interrupt, limits, preparing, quiet
from race401.harness.load.browser import Browser
from race401.harness.load.leader import WORKER_SILENT, Leader
from race401.harness.load.options import add_options
from race401.harness.load.plan import ROLES
from race401.harness.load.run import Run
from race401.harness.load.scenario import Scenario
from race401.harness.load.system_browser import SystemBrowser
from race401.harness.load.visitor import Visitor
from race401.harness.load.worker import Worker
from race401.harness.reporting.streams import mend

STOP_TIMEOUT = 15.0  # s for a page that was begun to end


class Process:
    """One locust process, which learns its part when locust has made its runner: it leads, or works for a master."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._part: Leader | Worker | None = None

    @property
    def part(self) -> Leader | Worker:
        """What this process is; nobody asks before it has begun."""
        assert self._part is not None
        return self._part

    def begin(self, environment: Environment, **_: Any) -> None:
        """Take the part, and have everything ready for a run."""
        environment.stop_timeout = environment.stop_timeout or STOP_TIMEOUT
        quiet.keep()
        interrupt.raise_in_main(lambda: self._part is not None and self._part.has_begun)
        limits.raise_open_files()
        runners.HEARTBEAT_LIVENESS = WORKER_SILENT  # before a worker is heard, which is while the mock starts
        if isinstance(environment.runner, WorkerRunner):
            self._part = Worker(environment, self._scenario)
        else:
            self._part = preparing.lead(environment, self._scenario)

    def run_in_hand(self) -> Run | None:
        """Return the run that browsers begin for; None: it did not begin."""
        return self.part.run


def listen(scenario: Scenario, locustfile: dict[str, Any]) -> None:
    """Register everything now, while the locustfile is read.

    `quitting` listeners run in reverse, so that these run after the workers' last reports, and the last one named
    first.
    """
    mend()
    signal.signal(signal.SIGINT, interrupt.end_at_once)
    process = Process(scenario)
    for condition in scenario.parts:
        browser: type[Browser] = Visitor if condition.is_eventful else Browser
        if condition.name in scenario.systems:
            browser = SystemBrowser
        for role in ROLES:
            name = f"{condition.name} {role}".title().replace("-", "").replace(" ", "")
            about = {"part": condition.part, "role": role, "run_in_hand": process.run_in_hand}
            locustfile[name] = type(name, (browser,), {**about, "__module__": locustfile["__name__"]})

    def options(parser: ArgumentParser, **_: Any) -> None:
        add_options(parser, scenario)
        (named,) = (action for action in parser._actions if action.dest == "user_classes")  # noqa: SLF001
        named.type = user_class  # locust would end with 1, which is a FAIL

    def user_class(name: str) -> str:
        if not isinstance(locustfile.get(name), type):
            raise ArgumentTypeError(f"unknown user class {name!r}; see --list, or choose by --policies, --conditions")
        return name

    events.init_command_line_parser.add_listener(options)
    events.init.add_listener(process.begin)
    events.test_start.add_listener(lambda **_: process.part.start())
    events.test_stop.add_listener(lambda **_: process.part.stop())
    events.quitting.add_listener(lambda **_: process.part.write_outputs())
    events.quitting.add_listener(lambda **_: process.part.finish())
    events.quit.add_listener(lambda **_: process.part.end())
