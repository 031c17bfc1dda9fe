"""The forms that a job takes a result in: options that `judge` and `compare` share."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path

from race401.harness.commands.errors import CommandError
from race401.harness.judge.checks import Finding
from race401.harness.reporting import annotations, junit


def add(parser: ArgumentParser) -> None:
    """Declare the options."""
    forms = parser.add_argument_group("for a job")
    forms.add_argument(
        "--junit", type=Path, metavar="FILE", help="write JUnit XML, a case for each check and condition"
    )
    forms.add_argument(
        "--markdown", type=Path, metavar="FILE", help="write Markdown, for a job's summary or a comment"
    )
    forms.add_argument("--annotations", action="store_true", help="print GitHub's ::error and ::warning lines")


def write(given: Namespace, suites: Mapping[str, list[Finding]], as_markdown: str, at: float | None = None) -> None:
    """Write what was asked for; `as_markdown` is the result so, `at` when the run began."""
    if given.junit is not None:
        keep(given.junit, junit.render(suites, at))
    if given.markdown is not None:
        keep(given.markdown, as_markdown)
    if given.annotations:
        sys.stdout.write(annotations.render([finding for findings in suites.values() for finding in findings]))


def keep(path: Path, content: bytes | str) -> None:
    """Write a file of results."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from None


def keep_beside(path: Path, content: bytes) -> str | None:
    """Write what nobody asked for; return why it could not be, to be said behind what is printed."""
    try:
        path.write_bytes(content)
    except OSError as error:
        return f"race401: {path} is not kept: {error.strerror}"
    return None
