"""`race401 card -- CMD`: drive any client through a series of races, and print which it survived."""

import shlex
import sys
import time
from argparse import REMAINDER, ArgumentParser, Namespace
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from race401.harness.card import course, judging, show
from race401.harness.card.driver import Driver, DriverFailed
from race401.harness.card.mock import Mocks
from race401.harness.card.races import RACES, Race
from race401.harness.card.record import Card, Told, keep, slug
from race401.harness.commands.errors import CommandError
from race401.mock_api.worlds import WORLDS

ABOUT = "drive any client through a series of races, and print which it survived"
CARDS = Path("reports/cards")
NOWHERE = "http://127.0.0.1:9"  # nobody asks before `sign-in`
LANES = 3  # races at a time, each with a mock and a driver of its own: they mostly wait


def add(parser: ArgumentParser) -> None:
    """Declare the options."""
    names = ", ".join(race.name for race in RACES)
    parser.add_argument("--race", action="append", metavar="NAME", help=f"only this one; may be repeated: {names}")
    parser.add_argument("--world", choices=tuple(WORLDS), help="default: what the client says it is made for")
    parser.add_argument("--keep", type=Path, default=CARDS, metavar="FOLDER", help=f"where the card goes ({CARDS})")
    parser.add_argument("--json", action="store_true", help="print the card as JSON instead")
    parser.add_argument("command", nargs=REMAINDER, metavar="-- CMD", help="the driver; see docs/your-client.md")


def run(given: Namespace) -> int:
    """Print the card; a whole one is kept too."""
    command = given.command[1:] if given.command[:1] == ["--"] else given.command
    if not command:
        raise CommandError("which program? e.g. race401 card -- python drivers/template.py")
    races = _chosen(given.race)
    began_at = time.monotonic()
    with Mocks() as mocks, ThreadPoolExecutor(LANES) as lanes, TemporaryDirectory(prefix="race401-card-") as folder:
        told = hello(command, Path(folder))
        world = given.world or told.world
        results = list(lanes.map(lambda race: one(race, world, told, mocks, command, Path(folder)), races))
    took = round(time.monotonic() - began_at, 1)
    card = Card(told, shlex.join(command), version("race401"), results, took)
    if given.race is None:
        keep(card, given.keep / f"{slug(told)}.json")
    if given.json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(card)) + b"\n")
    else:
        print(show.card(card, color=sys.stdout.isatty()))
    return card.exit_code


def _chosen(names: Sequence[str] | None) -> list[Race]:
    known = {race.name: race for race in RACES}
    for name in names or ():
        if name not in known:
            raise CommandError(f"unknown race {name!r}; known: {', '.join(known)}")
    return [race for race in RACES if names is None or race.name in names]


def hello(command: Sequence[str], folder: Path) -> Told:
    """Return what the driver says of its client; raises CommandError if it is no driver."""
    try:
        with Driver(command, course.environment(NOWHERE), folder / "hello.log") as driver:
            answer = driver.ask("hello")
    except DriverFailed as failure:
        raise CommandError(f"{shlex.join(command)}: {failure}") from None
    try:
        told = msgspec.json.decode(answer, type=Told)
    except msgspec.DecodeError as error:
        want = '{"client": "its name", "claims": []}'
        raise CommandError(f"{shlex.join(command)} answered `hello` with {answer!r} ({error}); e.g. {want}") from None
    if told.world not in WORLDS:
        raise CommandError(f"the driver names the world {told.world!r}; known: {', '.join(WORLDS)}")
    return told


def one(race: Race, world: str, told: Told, mocks: Mocks, command: Sequence[str], folder: Path) -> judging.Result:
    """Run one race, if the client can be asked to."""
    result = judging.unable(race, world, told.can)
    if result is None:
        with mocks.one(race.settings) as mock:
            result = judging.judge(course.run(race, race.world or world, mock, command, folder), told.claims)
    return result
