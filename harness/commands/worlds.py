"""`race401 worlds`: what each world of the mock does to a refresh token that is used again, found by running it."""

import asyncio
import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

from race401.harness.commands.errors import CommandError


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
        raise CommandError(f"--worlds {error}") from None
    rows = {name: asyncio.run(describe(world)) for name, world in worlds.items()}
    if given.json:
        described = {name: {"summary": worlds[name].summary, **row} for name, row in rows.items()}
        print(json.dumps(described, indent=2))
    elif given.markdown:
        print(markdown(HEAD, rows))
    else:
        from race401.harness.reporting import blocks, terminal

        cells = {name: list(row.values()) for name, row in rows.items()}
        blocks.show(HEAD, cells, width=terminal.width(), color=terminal.has_colour())
    return 0


def markdown(head: list[str], rows: dict[str, dict[str, str]]) -> str:
    """Return the table as Markdown."""
    lines = [head, ["---"] * len(head), *([f"`{name}`", *row.values()] for name, row in rows.items())]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
