"""`race401 scoreboard`: clients by races, from stored score cards; `--run` makes the cards anew first."""

import shlex
import shutil
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from pathlib import Path

import msgspec

from race401.harness.card import scoreboard, show
from race401.harness.card.making import NoDriver, make
from race401.harness.card.races import RACES
from race401.harness.card.record import Card, keep, load, slug
from race401.harness.commands.errors import CommandError
from race401.mock_api.rules.worlds import WORLDS

CARDS = Path("reports/cards")
README = Path("README.md")


@dataclass(frozen=True, slots=True)
class Board:
    """The cards that there are, and the commands without one, each with the reason."""

    cards: list[Card]
    missing: list[str]


def add(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--run", action="store_true", help="run every client of the list, and keep its card")
    parser.add_argument(
        "--clients", type=Path, default=Path("drivers/clients.txt"), help="the list: a command a line"
    )
    parser.add_argument("--cards", type=Path, default=CARDS, help=f"where cards are kept ({CARDS})")
    parser.add_argument("--markdown", type=Path, default=Path("docs/scoreboard.md"))
    parser.add_argument("--html", type=Path, default=Path("docs/scoreboard.html"))
    parser.add_argument(
        "--readme", type=Path, default=README, help="the table goes between its markers, if it has them (README.md)"
    )


def run(given: Namespace) -> int:
    """Write both pages and the README's table. A loss is the client's, so that the exit code is 0."""
    try:
        commands = [line for line in given.clients.read_text().splitlines() if line and not line.startswith("#")]
    except OSError as error:
        raise CommandError(f"{given.clients}: {error.strerror}") from None
    board = _made(commands, given.cards) if given.run else _stored(commands, given.cards)
    if not board.cards:
        raise CommandError(f"{given.cards} holds no card; --run makes them")
    for path, text in ((given.markdown, scoreboard.markdown), (given.html, scoreboard.page)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(board.cards, board.missing))
        print(f"written: {path}")
    _place(given.readme, board.cards)
    for name in board.missing:
        print(f"not run: {name}")
    return 0


def _place(readme: Path, cards: list[Card]) -> None:
    """Put the table into the file, if it has the markers; the default one need not be there."""
    try:
        text = readme.read_text()
    except OSError as error:
        if readme == README:
            return
        raise CommandError(f"{readme}: {error.strerror}") from None
    placed = scoreboard.placed(text, cards)
    if placed != text:
        readme.write_text(placed)
        print(f"written: {readme}")


def _made(commands: list[str], folder: Path) -> Board:
    board = Board([], [])
    for command in commands:
        first, *rest = shlex.split(command)
        program = sys.executable if first == "python" else shutil.which(first)
        if program is None:
            board.missing.append(f"{command}: {first} is not installed")
            continue
        try:
            card = msgspec.structs.replace(make([program, *rest], RACES, None, WORLDS), command=command)
        except NoDriver as error:
            board.missing.append(f"{command}: {error}")
        else:
            keep(card, folder / f"{slug(card.told)}.json")
            print(show.summary(card), flush=True)
            board.cards.append(card)
    return board


def _stored(commands: list[str], folder: Path) -> Board:
    cards = []
    for path in sorted(folder.glob("*.json")):
        try:
            cards.append(load(path))
        except ValueError as error:
            raise CommandError(f"{path} is no score card: {error}") from None
    known = {card.command for card in cards}
    return Board(cards, [f"{command}: there is no card of it" for command in commands if command not in known])
