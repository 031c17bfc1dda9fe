"""`race401 ablate`: which part of the fix does what, by exploring every schedule with and without it."""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from race401.harness.commands.outputs import keep
from race401.harness.explore.core.ablation import CONDITIONS, UNSEEN, Cell, Condition, Row, ablate
from race401.harness.explore.core.findings import KINDS
from race401.harness.explore.core.scenario import Scenario
from race401.harness.explore.core.search import Search
from race401.harness.explore.core.stage import Stage
from race401.mock_api import issuer
from race401.mock_api.worlds import WORLDS

ABOUT = "take each part out of the fix, or put it in alone, and explore what that changes (about 2 minutes)"
TITLES = {
    ("without", "fixed"): "The fix without one of its parts",
    ("alone", "pre-fix"): "One part of the fix alone",
    ("without", "hardened"): "HARDENED without one of its parts",
    ("alone", "fixed"): "The fix and one part of HARDENED",
}
HEADS = ("part", "becomes", "then there is", "and there is no more", "why nothing changes")
WIDTH = 150  # columns, where the terminal does not say


def add(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table as Markdown")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows as JSON")


def run(given: Namespace) -> int:
    """Explore, and show the table; nothing is judged, so the exit code is 0."""
    rows = ablate(explore)
    console = Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)
    for title, mine in _parts(rows):
        table = Table(*HEADS, title=title, title_justify="left", show_lines=True)
        for row in mine:
            table.add_row(*cells(row))
        console.print(table)
    console.print("\n".join(notes()))
    if given.markdown:
        keep(given.markdown, markdown(rows))
    if given.json:
        keep(given.json, json.dumps([_plain(row) for row in rows], indent=1) + "\n")
    return 0


def explore(condition: Condition, scenario: Scenario) -> Iterable[str]:
    """Return what is wrong in any schedule of the scenario."""
    world = WORLDS[condition.world]
    if condition.lifetime is not None:
        world = replace(world, lifetime=condition.lifetime)
    return Search(Stage(scenario, world, issuer)).run().found


def cells(row: Row) -> tuple[str, ...]:
    """Return the row's texts."""
    why = ""
    if not row.appears and not row.disappears:
        partner = ", ".join(row.partners)
        hidden = f"hidden by {partner}" if row.direction == "without" else f"does something only with {partner}"
        why = hidden if partner else "no single other part explains it: what it does is not wrong in any of these"
    value = row.value if isinstance(row.value, str) else json.dumps(row.value)
    return row.knob, value, _told(row.appears), _told(row.disappears), why


def _told(cell: Cell) -> str:
    """Return the faults of a cell, the violations first, each with where it shows."""
    places: dict[str, list[str]] = {}
    for where, kind in sorted(cell):
        places.setdefault(kind, []).append(where)
    kinds = sorted(places, key=lambda kind: (KINDS[kind].weight == "cost", kind))
    return "; ".join(f"{_named(kind)} in {', '.join(places[kind])}" for kind in kinds)


def _named(kind: str) -> str:
    return f"({kind})" if KINDS[kind].weight == "cost" else kind


def notes() -> Iterator[str]:
    """Yield what a reader of the table has to know."""
    yield "Two callers in each condition; every order of every step. In brackets: a cost, nothing that an app sees."
    for condition in CONDITIONS:
        happens = ", ".join(f"{name} {value}" for name, value in condition.happens.items())
        life = f", tokens live {condition.lifetime:.0f} s" if condition.lifetime else ""
        yield f"  {condition.name} ({condition.world}): {happens or 'nothing else happens'}{life}"
    for kind, about in KINDS.items():
        yield f"  {_named(kind)}: {about.sentence}"
    yield from (f"  {knob} is left out: {why}" for knob, why in UNSEEN.items() if knob != "name")


def markdown(rows: list[Row]) -> str:
    """Return the table as Markdown."""
    lines: list[str] = []
    for title, mine in _parts(rows):
        lines += [f"## {title}", "", f"| {' | '.join(HEADS)} |", f"|{'---|' * len(HEADS)}"]
        lines += [f"| {' | '.join(cells(row))} |" for row in mine]
        lines.append("")
    return "\n".join([*lines, *(f"- {note.strip()}" for note in notes())]) + "\n"


def _parts(rows: list[Row]) -> Iterator[tuple[str, list[Row]]]:
    for (direction, base), title in TITLES.items():
        yield title, [row for row in rows if (row.direction, row.base) == (direction, base)]


def _plain(row: Row) -> dict[str, object]:
    return {**asdict(row), "appears": sorted(row.appears), "disappears": sorted(row.disappears)}
