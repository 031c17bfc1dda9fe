"""`race401 bless RUN`: make a run the baseline that later runs are compared with."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from race401.harness.commands import outputs
from race401.harness.commands.compare import summary
from race401.harness.commands.errors import CommandError
from race401.harness.judge import comparable
from race401.harness.judge import summary as summaries
from race401.harness.judge.checks import Value
from race401.harness.judge.compare import compare
from race401.harness.judge.summary import BASELINE, Summary
from race401.harness.judge.thresholds import Thresholds
from race401.harness.reporting import comparison, terminal

LEFT = 3  # exit code: asked, and answered with no


def add(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("run", type=Path, help="the folder of a run that passed, with fixed pages")
    parser.add_argument(
        "--baseline", type=Path, default=BASELINE, metavar="FILE", help=f"the file to write (default: {BASELINE})"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(given: Namespace) -> int:
    """Show the difference, ask, and write the baseline."""
    new = summary(given.run)
    if new.verdict is not Value.PASS:
        raise CommandError(f"only a run that passed can be a baseline; this one: {new.sentence}")
    if new.pages is None:
        raise CommandError("a timed run can be no baseline: it comes as far as the machine lets it; run with --pages")
    print(_difference(given.baseline, new))
    if not (given.yes or _agreed(f"bless {new.run} as {given.baseline}? [y/N] ")):
        print(f"{given.baseline} is left as it was")
        return LEFT
    outputs.keep(given.baseline, summaries.to_json(new))
    print(f"blessed: {given.baseline}")
    return 0


def _difference(path: Path, new: Summary) -> str:
    """Return what the baseline would become, beside what it is."""
    if not path.exists():
        return terminal.fit(f"{path} does not exist yet.\n{new.sentence}")
    old = summary(path)
    if reasons := comparable.incomparable(old, new):
        made = (f"  {reason}" for reason in reasons)
        return terminal.fit("\n".join(["the baseline was made otherwise:", *made, new.sentence]))
    return comparison.render(compare(old, new, Thresholds()), width=terminal.width(), color=terminal.has_colour())


def _agreed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise CommandError("nobody is there to ask; say --yes to bless without being asked")
    return input(question).strip().lower() in {"y", "yes"}
