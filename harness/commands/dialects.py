"""`race401 dialects`: how systems say what all of them say, as `race401 proxy --dialect` reads it."""

import json
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path

from race401.harness.commands.errors import CommandError
from race401.ledger.dialects.dialect import Dialect
from race401.ledger.dialects.files import DialectError, load
from race401.ledger.dialects.presets import DIALECTS

HEAD = ["dialect", "a refresh", "its token in", "brings", "refusals"]


def add(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--dialects", type=Path, metavar="FILE", help="list the dialects of this TOML file too")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print them as JSON instead of a table")
    form.add_argument("--markdown", action="store_true", help="print the table as Markdown; docs/dialects.md has it")


def run(given: Namespace) -> int:
    """Print the dialects."""
    try:
        dialects = DIALECTS if given.dialects is None else DIALECTS | load(given.dialects)
    except DialectError as error:
        raise CommandError(str(error)) from None
    if given.json:
        print(json.dumps({name: asdict(dialect) for name, dialect in dialects.items()}, indent=2))
    elif given.markdown:
        print(markdown(dialects))
    else:
        from race401.harness.reporting import blocks, terminal

        rows = {name: described(dialect) for name, dialect in dialects.items()}
        blocks.show(HEAD, rows, width=terminal.width(), color=terminal.has_colour())
    return 0


def described(dialect: Dialect) -> list[str]:
    """Return what a dialect says, in the columns of HEAD after its name."""
    places = "|".join(dialect.refresh_in)
    refusals = [f"{status} of the API" for status in dialect.unauthorized]
    refusals += [f"{code} in an answer of {', '.join(dialect.code_paths)}" for code in dialect.codes]
    refusals += [f"{error} in a 2xx of the token endpoint" for error in dialect.errors]
    return [
        ", ".join(dialect.token_paths + dialect.exchange_paths),
        f"{places}: {', '.join(dialect.refresh)}",
        ", ".join(dict.fromkeys(dialect.new_access + dialect.new_refresh)),
        "; ".join(refusals),
    ]


def markdown(dialects: dict[str, Dialect]) -> str:
    """Return the table as Markdown."""
    rows = [[f"`{name}`", *(f"`{cell}`" for cell in described(each))] for name, each in dialects.items()]
    cells = [HEAD, ["---"] * len(HEAD), *([cell.replace("|", " or ") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)
