"""`race401 card -- CMD`: drive any client through a series of races, and print which it survived."""

import shlex
from argparse import REMAINDER, ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from race401.harness.card.race import Race
from race401.harness.card.races import RACES
from race401.harness.commands import own_worlds
from race401.harness.commands.called import called
from race401.harness.commands.errors import CommandError
from race401.harness.judge.findings import Finding, Value
from race401.harness.judge.verdict import VALUES
from race401.harness.reporting import answer
from race401.harness.reporting.answer import Answer
from race401.mock_api.rules.worlds import WORLDS

if TYPE_CHECKING:
    from race401.harness.card.record import Card

MY_CARDS = Path("reports/my-cards")
OURS = ("--race", "--world", "--worlds", "--keep", "--json", "--quiet")


def add(parser: ArgumentParser) -> None:
    """Declare the options."""
    names = ", ".join(race.name for race in RACES)
    parser.add_argument("--race", action="append", metavar="NAME", help=f"only this one; may be repeated: {names}")
    parser.add_argument("--world", metavar="NAME", help=f"{', '.join(WORLDS)} (default: the client's own)")
    own_worlds.add(parser)
    parser.add_argument(
        "--keep",
        type=Path,
        default=MY_CARDS,
        metavar="FOLDER",
        help=f"where the card of all races goes (default: {MY_CARDS})",
    )
    answer.add(parser)
    parser.add_argument("command", nargs=REMAINDER, metavar="-- CMD", help="the driver; see docs/your-client.md")


def run(given: Namespace) -> int:
    """Print the card; one of all races is kept too."""
    # with httpx: wrong usage should not wait for it
    from race401.harness.card import show
    from race401.harness.card.making import NoDriver, make
    from race401.harness.card.mock import MockFailed
    from race401.harness.card.record import keep, slug
    from race401.harness.reporting import progress, terminal
    from race401.harness.reporting.streams import print_to

    command = given.command[1:] if given.command[:1] == ["--"] else given.command
    if not command:
        raise CommandError(f"which program? e.g. {called()} card -- python drivers/template.py")
    if misplaced := [word for word in command if word.partition("=")[0] in OURS]:
        print_to(f"race401: {misplaced[0]} goes to the driver; what race401 is to read stands before {command[0]}")
    races = chosen(given.race)
    settings = () if given.worlds is None else ("--worlds", str(given.worlds))
    worlds = own_worlds.known(given.worlds)
    if given.world is not None:
        own_worlds.named(given.world, worlds)
    try:
        card = make(
            command,
            races,
            given.world,
            worlds,
            settings,
            lambda done, race: progress.show(f"{done} of {len(races)} races are over, {race.name} just now"),
        )
        progress.clear()
    except NoDriver as error:
        raise CommandError(f"{shlex.join(command)}: {error}") from None
    except MockFailed as error:
        raise CommandError(str(error)) from None
    if given.race is None:
        keep(card, given.keep / f"{slug(card)}.json")
    print(
        answer.render(
            Answer("card", VALUES[card.exit_code], show.summary(card), findings(card), msgspec.to_builtins(card)),
            given.form,
            lambda: show.card(card, called=called(), width=terminal.width(), color=terminal.has_colour()),
        )
    )
    return card.exit_code


def findings(card: "Card") -> list[Finding]:
    """Return the races that were run, each as a finding; one that the client cannot run is none."""
    from race401.harness.card.judging import RaceOutcome

    values = {RaceOutcome.LOST: Value.FAIL, RaceOutcome.SILENT: Value.UNKNOWN, RaceOutcome.BROKE: Value.UNKNOWN}
    return [
        Finding(
            result.race,
            Value.FAIL if result.disproved else values.get(result.outcome, Value.PASS),
            "; ".join([result.sentence, *result.disproved]),
            result.world,
        )
        for result in card.results
        if result.outcome is not RaceOutcome.NOT_EXERCISED
    ]


def chosen(names: Sequence[str] | None) -> list[Race]:
    """Return the races of these names, in the card's order; None: all."""
    known = {race.name: race for race in RACES}
    for name in names or ():
        if name not in known:
            raise CommandError(f"unknown race {name!r}; known: {', '.join(known)}")
    return [race for race in RACES if names is None or race.name in names]
