"""
What each part of the fix does, as a table that people read: kept beside this file, shown by every form.

`race401 ablate` finds it by exploring and writes it; a report only reads it.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec

from race401.harness.tokens.policy import UNSEEN

KEPT = Path(__file__).with_name("ablation.json")
TITLE = "What each part of the fix does"


class Effect(msgspec.Struct, frozen=True):
    """One line of a cell."""

    verb: str  # prevents, causes: violations; saves, costs: what no app sees; needs, hidden by, not needed: parts
    text: str


class Part(msgspec.Struct, frozen=True):
    """One row: a part, and what it does in each client; without effects where it was not asked."""

    name: str
    knob: str
    about: str
    cells: list[list[Effect]]


class Group(msgspec.Struct, frozen=True):
    """The parts that belong together."""

    title: str
    answer: list[str]  # what it shows, in sentences
    parts: list[Part]


class Ablation(msgspec.Struct, frozen=True):
    """The whole table, with what its reader has to know first."""

    method: str
    clients: list[str]  # the heads of the cells
    conditions: list[tuple[str, str]]  # name, and what happens
    faults: list[tuple[str, str]]  # in short, and in a sentence
    groups: list[Group]

    @property
    def left_out(self) -> list[str]:
        """The knobs that exploring cannot show, each with the reason."""
        return [f"{knob} is left out: {why}" for knob, why in UNSEEN.items()]


@cache
def stored_table() -> Ablation:
    """Return the table that the package holds."""
    return msgspec.json.decode(KEPT.read_bytes(), type=Ablation)


def to_json(table: Ablation) -> bytes:
    """Return what `stored_table` reads."""
    return msgspec.json.format(msgspec.json.encode(table), indent=1) + b"\n"


def markdown(table: Ablation) -> str:
    """Return it as a page of Markdown."""
    return "\n".join(_page(table)) + "\n"


def _page(table: Ablation) -> Iterator[str]:
    yield from (f"# {TITLE}", "")
    for group in table.groups:
        yield from (f"**{group.title}**", "", *(f"* {line}" for line in group.answer), "")
    yield from (table.method, "")
    yield from ("## The conditions", "", "| condition | what happens |", "|---|---|")
    yield from (f"| {name} | {about} |" for name, about in table.conditions)
    yield from ("", "## What can go wrong", "", "| in the table | that is |", "|---|---|")
    yield from (f"| {short} | {sentence} |" for short, sentence in table.faults)
    for group in table.groups:
        places = asked(group)
        yield from ("", f"## {group.title}", "")
        yield f"| part | {' | '.join(table.clients[n] for n in places)} |"
        yield f"|{'---|' * (len(places) + 1)}"
        for part in group.parts:
            cells = (
                "<br>".join(f"**{each.verb}** {each.text}" if each.verb else each.text for each in part.cells[n])
                for n in places
            )
            yield f"| **{part.name}**<br>{part.about}<br>`{part.knob}` | {' | '.join(cells)} |"
    yield from ("", *(f"* {line}" for line in table.left_out))


def asked(group: Group) -> list[int]:
    """Return the numbers of the cells that any part of the group has."""
    return [n for n in range(len(group.parts[0].cells)) if any(part.cells[n] for part in group.parts)]
