"""The cards of a list of clients: those that are stored, or all of them made anew."""

import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from race401.harness.card import show
from race401.harness.card.making import NoDriver, make
from race401.harness.card.races import RACES, Race
from race401.harness.card.record import Card, keep, load, slug
from race401.harness.commands.errors import CommandError
from race401.harness.reporting import progress, terminal
from race401.mock_api.rules.worlds import WORLDS


@dataclass(frozen=True, slots=True)
class Board:
    """The cards that there are, and the commands without one, each with the reason."""

    cards: list[Card]
    missing: list[str]


def made_board(commands: list[str], folder: Path) -> Board:
    """Run every client, keep its card, and return them."""
    board = Board([], [])
    for n, command in enumerate(commands, start=1):
        first, *rest = shlex.split(command)
        program = sys.executable if first == "python" else shutil.which(first)
        if program is None:
            board.missing.append(f"{command}: {first} is not installed")
            continue
        try:
            card = msgspec.structs.replace(
                make([program, *rest], RACES, None, WORLDS, on_progress=_on_progress(n, len(commands))),
                command=command,
            )
        except NoDriver as error:
            board.missing.append(f"{command}: {error}")
        else:
            keep(card, folder / f"{slug(card.introduction)}.json")
            progress.clear()
            print(terminal.fit(show.summary(card)), flush=True)
            board.cards.append(card)
    return board


def _on_progress(n: int, clients: int) -> Callable[[int, Race], None]:
    """Return what shows how far the nth of so many clients is."""
    return lambda done, _: progress.show(f"client {n} of {clients}: {done} of {len(RACES)} races are over")


def stored_board(commands: list[str], folder: Path) -> Board:
    """Return the cards that the folder holds."""
    cards = []
    for path in sorted(folder.glob("*.json")):
        try:
            cards.append(load(path))
        except ValueError as error:
            raise CommandError(f"{path} is no score card: {error}") from None
    known = {card.command for card in cards}
    return Board(cards, [f"{command}: there is no card of it" for command in commands if command not in known])
