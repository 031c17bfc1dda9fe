"""Standard output and error, where nobody takes them: closed, a pipe whose reader has gone, a disk that is full."""

import contextlib
import os
import sys
from typing import TextIO

from race401.harness.reporting import progress
from race401.harness.reporting.terminal import fit


def mend() -> None:
    """Have streams that are closed lead nowhere, so that no file of ours is opened in their place."""
    while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:  # noqa: PLR2004 - standard error; the lowest free is taken
        pass
    os.close(opened)
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - it has no path
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - nor has this


def print_to(text: str, stream: TextIO | None = None) -> OSError | None:
    """Print a line, to standard error, fitting a terminal, or to a stream; return why it could not be printed.

    It takes the line of progress away first: whoever keeps that up to date may be late on a busy machine.
    """
    out = sys.stderr if stream is None else stream
    with contextlib.suppress(OSError):
        progress.clear()
    try:
        out.write(f"{fit(text, out) if stream is None else text}\n")
        out.flush()
    except OSError as error:
        silence(out)
        return error
    return None


def print_line(text: str) -> None:
    """Print a line to standard output; raises OSError, but not where a reader has seen enough (`| head`)."""
    if (why := print_to(text, sys.stdout)) is not None and not isinstance(why, BrokenPipeError):
        raise why


def silence(stream: TextIO) -> None:
    """Let what else is written there, at the end of the process too, go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
