"""`race401 replay TOKEN`: tell one schedule again, step by step; the core's own code takes each step."""

from argparse import ArgumentParser, Namespace
from dataclasses import replace

from race401.harness.commands import own_worlds
from race401.harness.commands.errors import CommandError
from race401.harness.explore.core.findings import KINDS
from race401.harness.explore.core.schedule import NoSuchStep, Step, Walk, walk
from race401.harness.explore.core.stage import Stage
from race401.harness.explore.core.story import sentences
from race401.harness.explore.core.token import BadToken, decode
from race401.harness.reporting import terminal
from race401.harness.tokens.policy import POLICIES
from race401.mock_api.rules import issuer


def add(parser: ArgumentParser) -> None:
    """Declare the argument."""
    parser.add_argument("token", help="as `race401 explore` prints it")
    own_worlds.add(parser)


def run(given: Namespace) -> int:
    """Tell the story; exit 1 if it has a violation."""
    try:
        scenario, name, lifetime, choices = decode(given.token, POLICIES)
    except BadToken as error:
        raise CommandError(str(error)) from None
    worlds = own_worlds.known(given.worlds)
    if name not in worlds:
        raise CommandError(
            f"the token's world is {name!r}, which this race401 does not have; one of your own needs --worlds FILE"
        )
    stage = Stage(scenario, replace(worlds[name], lifetime=lifetime), issuer)
    print(terminal.fit(f"{scenario.policy.name} in {name}, {len(choices)} steps"))
    try:
        steps = list(walk(stage, choices))
    except NoSuchStep as error:
        raise CommandError(f"the token does not fit this version of the core: {error}") from None
    for line in sentences(stage, steps):
        _announce(line)
    marks = [mark for step in steps for mark in step.move.marks] + list(_ending(stage, steps))
    return 1 if any(KINDS[mark].weight == "violation" for mark in marks) else 0


def _ending(stage: Stage, steps: list[Step]) -> tuple[str, ...]:
    """Say what is wrong about the end, if it is one."""
    walking = Walk(stage)
    for step in steps:
        walking.take(step)
    marks = walking.ending()
    for mark in marks:
        _announce(f"     {'in the end':<15} ^ {KINDS[mark].sentence}")
    return marks


def _announce(line: str) -> None:
    """Print a line of the story, what a step does wrong in colour."""
    colour = "cost" if line.lstrip().partition(" ^ ")[1] else "plain"
    for part in terminal.fit(line).split("\n"):
        print(terminal.painted(part, colour, on=terminal.has_colour()))
