"""`race401 worlds`: what each world of the mock does to a refresh token that is used again, found by running it."""

import asyncio
import json
import textwrap
from argparse import ArgumentParser, Namespace
from pathlib import Path

from race401.harness.commands.errors import CommandError

WIDEST, LEAST = 1_000, 20  # columns: of a table, and of a text beside its name


def add(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--worlds", type=Path, metavar="FILE", help="list the worlds of this TOML file too")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print them as JSON instead of a table")
    form.add_argument("--markdown", action="store_true", help="print the table as Markdown; docs/worlds.md has it")


def run(given: Namespace) -> int:
    """Print the worlds."""
    # with what signs: wrong usage should not wait for it
    from race401.harness.commands.reuses import HEAD, describe
    from race401.mock_api.rules.world_files import WorldFileError, load
    from race401.mock_api.rules.worlds import WORLDS

    try:
        worlds = WORLDS if given.worlds is None else load(given.worlds)
    except WorldFileError as error:
        raise CommandError(str(error)) from None
    rows = {name: asyncio.run(describe(world)) for name, world in worlds.items()}
    if given.json:
        described = {name: {"summary": worlds[name].summary, **row} for name, row in rows.items()}
        print(json.dumps(described, indent=2))
    elif given.markdown:
        print(markdown(HEAD, rows))
    else:
        _print_table(HEAD, rows)
    return 0


def markdown(head: list[str], rows: dict[str, dict[str, str]]) -> str:
    """Return the table as Markdown."""
    lines = [head, ["---"] * len(head), *([f"`{name}`", *row.values()] for name, row in rows.items())]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _print_table(head: list[str], rows: dict[str, dict[str, str]]) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    from race401.harness.reporting import terminal

    first, *uses = head
    table = Table(Column(first, no_wrap=True), *uses)
    for name, row in rows.items():
        table.add_row(name, *row.values())
    console = Console(width=terminal.width(), highlight=False)
    if console.measure(table, options=console.options.update(width=WIDEST)).maximum <= console.width:
        console.print(table)
        return
    indent = max(map(len, uses)) + 4
    for name, row in rows.items():
        print(terminal.painted(name, "strong", on=terminal.has_colour()))
        for use, text in zip(uses, row.values(), strict=True):
            lines = textwrap.wrap(text, max(console.width - indent, LEAST)) or [""]
            print(f"  {use:<{indent - 4}}  {lines[0]}", *(f"{'':<{indent}}{line}" for line in lines[1:]), sep="\n")
