"""Worlds of a user's own, from a file, for the commands that play in one: `--worlds FILE`, as `serve` takes it."""

import difflib
import shlex
from argparse import ArgumentParser
from pathlib import Path

from race401.harness.commands.errors import CommandError
from race401.mock_api.rules.worlds import WORLDS, World


def add(parser: ArgumentParser) -> None:
    """Declare the option."""
    parser.add_argument(
        "--worlds", type=Path, metavar="FILE", help="worlds of your own, in TOML; race401 probe writes one"
    )


def known(path: Path | None) -> dict[str, World]:
    """Return the shipped worlds, and those of the file."""
    if path is None:
        return WORLDS
    from race401.mock_api.rules.world_files import WorldFileError, load  # with what reads keys: most need none

    try:
        return load(path)
    except WorldFileError as error:
        raise CommandError(f"--worlds {error}") from None


def option(path: Path | None) -> str:
    """Return the words that give the file again, with a space before them."""
    return "" if path is None else f" --worlds {shlex.quote(str(path))}"


def named(name: str, worlds: dict[str, World]) -> World:
    """Return the world of this name."""
    if name in worlds:
        return worlds[name]
    near = difflib.get_close_matches(name, worlds, 1)
    meant = f"did you mean {near[0]}?" if near else f"known: {', '.join(worlds)}"
    raise CommandError(f"--world {name}: there is no such world; {meant}")
