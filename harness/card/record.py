"""A score card as it is kept: one JSON file a client, with the evidence of what it lost."""

from pathlib import Path

import msgspec

from race401.harness.card.judging import RaceOutcome, Result
from race401.harness.card.races import RACES


class Introduction(msgspec.Struct):
    """What a driver says of its client, in answer to `hello`."""

    client: str
    version: str = ""
    language: str = ""
    docs: str = ""
    world: str = "rfc9700"  # that the client is made for
    can: list[str] = []  # see race.ABILITIES
    claims: list[str] = []  # see race.CLAIMS
    explains: dict[str, str] = {}  # the line of its documentation or source that explains a loss, by race
    protocol: int = 1  # 2: `end SECONDS` answers what each call came to


class Card(msgspec.Struct):
    """What the races say about one client."""

    introduction: Introduction = msgspec.field(name="told")
    command: str
    race401: str
    results: list[Result]
    took_s: float
    world: str = ""  # in which it raced, where a race has none of its own

    @property
    def exit_code(self) -> int:
        """0: nothing was lost that it claims, and no claim disproved; 1: something was; 3: nothing is known."""
        outcomes = {result.outcome for result in self.results}
        if RaceOutcome.LOST in outcomes or any(result.disproved for result in self.results):
            return 1
        survived = outcomes & {RaceOutcome.SURVIVED, RaceOutcome.WASTEFUL}
        return 3 if outcomes & {RaceOutcome.BROKE, RaceOutcome.SILENT} or not survived else 0

    def essence(self) -> dict[str, tuple[str, str]]:
        """Return what must be the same each time: outcome and sentence of each race."""
        return {result.race: (result.outcome.value, result.sentence) for result in self.results}


def keep(card: Card, path: Path) -> None:
    """Write the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(card), indent=1) + b"\n")


def load(path: Path) -> Card:
    """Read the file; raises ValueError if it is no card."""
    return msgspec.json.decode(path.read_bytes(), type=Card)


def again(card: Card, result: Result) -> str:
    """Return the words after `race401` that run this race again, where it was run."""
    usual = {card.introduction.world, *(race.world for race in RACES if race.name == result.race)}
    world = "" if result.world in usual else f" --world {result.world}"
    return f"card --race {result.race}{world} -- {card.command}"


def slug(card: Card) -> str:
    """Return the file's name: the client's, and the world's if that is not the one that it is made for."""
    name = card.introduction.client
    if card.world not in ("", card.introduction.world):
        name += f" in {card.world}"
    letters = [letter if letter.isalnum() else "-" for letter in name.lower()]
    return "-".join(part for part in "".join(letters).split("-") if part)
