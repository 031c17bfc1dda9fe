"""The line that says how far something long is: on standard error, where that is a terminal, and gone in the end."""

import sys

from race401.harness.reporting.terminal import columns_of

CLEAR = "\r\x1b[K"  # back to the line's beginning, and nothing on it
USUAL = 80  # columns of a terminal that does not say


class _Line:
    there = False  # there is one standard error, and so one line


def show(text: str) -> None:
    """Put the line there instead of the one before; never longer than the terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"{CLEAR}{cut(text, columns_of(sys.stderr))}")
        sys.stderr.flush()
        _Line.there = bool(text)


def clear() -> None:
    """Take it away, if it is there."""
    if _Line.there:
        show("")


def cut(text: str, columns: int) -> str:
    """Return as much of the text as one row holds: the last column stays free, since some terminals wrap after it."""
    return text[: (columns or USUAL) - 1]
