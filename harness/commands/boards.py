"""The cards of a list of clients: those that are stored, or all of them made anew."""

import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from race401.harness.card import show
from race401.harness.card.making import NoDriver, make, merged
from race401.harness.card.mock import Mocks
from race401.harness.card.race import Race
from race401.harness.card.races import RACES
from race401.harness.card.record import Card, keep, load, slug
from race401.harness.commands.errors import CommandError
from race401.harness.reporting import progress, terminal
from race401.mock_api.rules.worlds import WORLDS


@dataclass(frozen=True, slots=True)
class Board:
    """The cards that there are, and the commands without one, each with the reason."""

    cards: list[Card]
    missing: list[str]


COMMON = "rfc9700"  # where every client races, beside the world that it is made for


def made_board(commands: list[str], folder: Path, races: Sequence[Race]) -> Board:
    """Run every client through these races, keep its cards, and return them.

    A race that is not run stays in its card as it was. In the common world those with a world of their own are not
    run again.
    """
    board, everywhere = Board([], []), [race for race in races if race.world is None]
    with Mocks() as mocks:
        for n, command in enumerate(commands, start=1):
            client = f"client {n} of {len(commands)}"
            first, *rest = shlex.split(command)
            program = sys.executable if first == "python" else shutil.which(first)
            if program is None:
                board.missing.append(f"{command}: {first} is not installed")
                continue
            try:
                card = make([program, *rest], races, None, WORLDS, (), _on_progress(client, races), mocks)
                _say(card)
                own = _store(card, command, folder)
                board.cards.append(own)
                if own.world != COMMON:
                    said = _on_progress(f"{client}, in {COMMON}", everywhere)
                    there = make([program, *rest], everywhere, COMMON, WORLDS, (), said, mocks)
                    _say(there)
                    board.cards.append(_store(merged(_anywhere(own), there), command, folder))
            except NoDriver as error:
                board.missing.append(f"{command}: {error}")
    return board


def _anywhere(card: Card) -> Card:
    """Return the card with those races alone that have a world of their own."""
    names = {race.name for race in RACES if race.world is not None}
    return msgspec.structs.replace(card, results=[result for result in card.results if result.race in names])


def _store(card: Card, command: str, folder: Path) -> Card:
    """Keep and return the card, with what the one that is kept says of other races; raises NoDriver if none is."""
    path = folder / f"{slug(card)}.json"
    if len(card.results) < len(RACES):
        if not path.exists():
            raise NoDriver(f"there is no card of it in {card.world} yet to take the other races from")
        card = merged(load(path), card)
    card = msgspec.structs.replace(card, command=command)
    keep(card, path)
    return card


def _say(card: Card) -> None:
    """Say what was run, and how long that took: not what other races said before."""
    if card.results:
        progress.clear()
        print(terminal.fit(show.summary(card)), flush=True)


def _on_progress(client: str, races: Sequence[Race]) -> Callable[[int, Race], None]:
    """Return what shows how far this client is."""
    return lambda done, _: progress.show(f"{client}: {done} of {len(races)} races are over")


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
