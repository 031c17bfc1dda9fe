"""`race401 watch LOGFILE`: read what a client logged of its tokens, and say how it goes."""

import os
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from race401.harness.commands.errors import CommandError
from race401.harness.judge.health import Health, Line, State, sentence
from race401.harness.judge.verdict import EXIT_CODES
from race401.harness.reporting import answer, terminal
from race401.harness.reporting.answer import Answer

LOOK_EVERY = 0.2  # s, where a log is followed


def add(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("log", help="a log, plain or of JSON lines; - is standard input")
    answer.add(parser)
    parser.add_argument("--follow", action="store_true", help="go on reading as the log grows, until Ctrl-C")


def run(given: Namespace) -> int:
    """Tell each change of state if the log is live; then the counts, the verdict and the exit code."""
    health, live = Health(), given.follow or given.log == "-"
    try:
        _follow(health, _lines(given.log, given.follow), live=live and given.form == "text")
    except KeyboardInterrupt:
        if not live:
            raise
    except OSError as error:
        raise CommandError(f"{given.log}: {error.strerror}") from None
    counts = {line.strip(": ("): n for line in Line if (n := health.counts[line])}
    beside = {"state": health.state, "lines": health.lines, "counts": counts}
    text = "\n".join([*(f"{n:6}  {line}" for line, n in counts.items()), terminal.fit(sentence(health))])
    print(answer.render(Answer("watch", health.value, sentence(health), beside=beside), given.form, lambda: text))
    return EXIT_CODES[health.value]


def _follow(health: Health, lines: Iterator[str], *, live: bool) -> None:
    printed: State | None = None
    for text in lines:
        if health.read(text) is not None and live and health.state is not printed:
            printed = health.state
            print(f"line {health.lines}: {printed}", flush=True)


def _lines(log: str, follow: bool) -> Iterator[str]:
    """Yield the log's lines; what is no text in them is replaced, not refused."""
    if log == "-":
        sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]
        yield from sys.stdin
        return
    with Path(log).open(errors="replace") as file:
        yield from _growing(file) if follow else file


def _growing(file: TextIO) -> Iterator[str]:
    """Yield whole lines as they come; a log that became shorter was begun anew."""
    part = ""
    while True:
        if text := file.readline():
            part += text
            if part.endswith("\n"):
                yield part
                part = ""
            continue
        if os.fstat(file.fileno()).st_size < file.tell():
            file.seek(0)
        time.sleep(LOOK_EVERY)
