"""How a locustfile becomes a scenario: one class of browsers for each condition and role, and locust's events."""

from locust import events

import itertools
import signal
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from race401.harness.load import lifecycle, preparing
from race401.harness.load.browser import Browser
from race401.harness.load.interrupt import end_at_once
from race401.harness.load.options import ROLES, add_options
from race401.harness.load.scenario import Scenario
from race401.harness.load.state import state
from race401.harness.load.visitor import Visitor


def listen(scenario: Scenario, locustfile: dict[str, Any]) -> None:
    """Register everything now, while the locustfile is read.

    `quitting` listeners run in reverse, so that these run after the workers' last reports, and the last one named
    first.
    """
    signal.signal(signal.SIGINT, end_at_once)
    state.scenario = scenario
    for condition in scenario.conditions.values():
        browser = Visitor if condition.is_eventful else Browser
        for role in ROLES:
            name = f"{condition.name} {role}".title().replace("-", "").replace(" ", "")
            about = {"condition": condition, "role": role, "numbers": itertools.count(1)}
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
    events.init.add_listener(preparing.prepare)
    events.test_start.add_listener(lifecycle.start)
    events.test_stop.add_listener(lifecycle.stop)
    events.quitting.add_listener(lifecycle.write_outputs)
    events.quitting.add_listener(lifecycle.finish)
    events.quit.add_listener(lifecycle.end)
