"""What a terminal takes: how wide it is, whether it has colour, and lines that fit it. Imports nothing slow."""

import contextlib
import os
import re
import shutil
import sys
import textwrap
from typing import TextIO

PIPED = 100  # columns of a file or a pipe, unless COLUMNS says otherwise
LEAST = 40  # columns; narrower ones are taken for this
COLOURS = {"bad": "1;31", "cost": "33", "good": "1;32", "strong": "1", "soft": "2", "plain": "0"}
# A line begins with its name, or with a number and a name; what follows hangs there.
HANG = re.compile(r"\s*\S+:? {2,}(?:\S.{0,14}? {2,})?|\s*")


def width() -> int:
    """Return the columns of the terminal that standard output is, or of what is no terminal."""
    return max(LEAST, shutil.get_terminal_size((PIPED, 24)).columns)


def has_colour() -> bool:
    """Whether standard output is a terminal that is to be coloured; see https://no-color.org."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def fit(text: str, stream: TextIO | None = None) -> str:
    """Return the text in lines that fit the terminal that the stream is, standard output unless told otherwise.

    A file or a pipe gets it as it is: who searches it looks for whole lines.
    """
    room = columns_of(sys.stdout if stream is None else stream)
    if not room:
        return text
    return "\n".join(part for line in text.split("\n") for part in fitted(line, max(LEAST, room)))


def columns_of(stream: TextIO) -> int:
    """Return the columns of the terminal that the stream is; 0 where it is none, or one that does not say."""
    with contextlib.suppress(OSError, ValueError):  # closed, or no stream of the system's
        if stream.isatty():
            told = os.environ.get("COLUMNS", "")
            return int(told) if told.isdecimal() else os.get_terminal_size(stream.fileno()).columns
    return 0


def fitted(line: str, columns: int) -> list[str]:
    """Return the line in lines of so many columns, those after the first under the text of the first.

    A word that is longer, as a token is, is left whole: somebody may copy it.
    """
    if len(line) <= columns:
        return [line]
    name = HANG.match(line)
    hang = len(name[0]) if name is not None and len(name[0]) < columns // 2 else 4
    return textwrap.wrap(
        line,
        columns,
        subsequent_indent=" " * hang,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


def painted(text: str, colour: str, *, on: bool) -> str:
    """Return the text in one of COLOURS, where colour is on."""
    return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m" if on and text else text
