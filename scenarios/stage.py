"""How a locustfile becomes a scenario: one class of browsers for each condition and role, and locust's events."""

from locust import events

import itertools
import signal
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from race401.scenarios import lifecycle, preparing
from race401.scenarios.browser import Browser
from race401.scenarios.options import ROLES, add_options
from race401.scenarios.run import end
from race401.scenarios.scenario import Scenario
from race401.scenarios.state import state


def stage(scenario: Scenario, locustfile: dict[str, Any], browser: type[Browser] = Browser) -> None:
    """Put the scenario's browsers into a locustfile's names, and have its runs begun, judged and ended.

    The listeners are registered now, while the locustfile is read: `quitting` ones run in reverse, so that these run
    after the workers' last reports, and the last one named first.
    """
    signal.signal(signal.SIGINT, end)
    state.scenario = scenario
    for condition in scenario.conditions.values():
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
