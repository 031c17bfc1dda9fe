"""
The main job: `locust -f scenarios/burst.py`.

Hypothesis: five requests that leave at once, with a token that has just come within the margin (or expired),
cost the client before the fix several exchanges of one token, and in some worlds the session; after the fix
they cost one exchange and nothing else. Half the browsers run the control, half the subject, split evenly
over the conditions; everything that they do is drawn from the seed.
"""

from locust import events
from locust.env import Environment

import itertools
from argparse import ArgumentParser
from typing import Any

from race401.scenarios import lifecycle
from race401.scenarios.browser import Browser
from race401.scenarios.conditions import CONDITIONS
from race401.scenarios.options import add_options

for _condition in CONDITIONS.values():
    for _role in ("control", "subject"):
        _name = _condition.name.title().replace("-", "") + _role.title()
        globals()[_name] = type(
            _name,
            (Browser,),
            {"condition": _condition, "role": _role, "numbers": itertools.count(1), "__module__": __name__},
        )


@events.init_command_line_parser.add_listener
def options(parser: ArgumentParser) -> None:
    """Add the scenario's options to locust's."""
    add_options(parser)


@events.init.add_listener
def begin(environment: Environment, **_: Any) -> None:
    """Check the options, start the mock unless there is one, and watch it."""
    lifecycle.prepare(environment)


@events.test_start.add_listener
def start(environment: Environment, **_: Any) -> None:
    """Begin a run: its name, its folder, what every browser must know."""
    lifecycle.start(environment)


@events.test_stop.add_listener
def stop(environment: Environment, **_: Any) -> None:
    """Note how the run ended; with the web UI, judge it soon after."""
    lifecycle.stop(environment)


@events.quitting.add_listener
def judge(environment: Environment, **_: Any) -> None:
    """Judge the run, and set the exit code by the verdict. Registered at import: runs after the last reports."""
    lifecycle.finish(environment)
    lifecycle.write_outputs(environment)


@events.quit.add_listener
def end(exit_code: int, **_: Any) -> None:  # noqa: ARG001 - locust's signature
    """Print the table, last of all, and stop the mock."""
    lifecycle.end()
