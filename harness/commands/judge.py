"""`race401 judge RUN_OR_LEDGER`: judge a stored run, or any ledger, again."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from race401.harness.commands.errors import CommandError
from race401.harness.judge import evidence, verdict
from race401.harness.reporting import console

ABOUT = "judge a stored run, or a ledger alone, again; writes verdict.json into a run's folder"


def add(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("run", type=Path, help="a run's folder, or a ledger (JSON lines)")
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON instead of a table")


def run(given: Namespace) -> int:
    """Print the verdict, and keep it where the run is kept."""
    told = load(given.run)
    result = verdict.judge(told)
    if given.run.is_dir() and not told.alone:
        keep(given.run / "verdict.json", verdict.to_json(result))
    if given.json:
        sys.stdout.buffer.write(verdict.to_json(result))
    else:
        print(console.render(result, told.manifest, color=sys.stdout.isatty()))
    return result.exit_code


def load(path: Path) -> evidence.Evidence:
    """Read what is to be judged."""
    try:
        return evidence.load(path)
    except evidence.EvidenceError as error:
        raise CommandError(str(error)) from None


def keep(path: Path, content: bytes | str) -> None:
    """Write a file of results."""
    try:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from None
