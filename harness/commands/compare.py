"""`race401 compare BASELINE CURRENT`: say what changed between two runs, and fail if it got worse."""

from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

from race401.harness.commands import outputs
from race401.harness.commands.errors import CommandError
from race401.harness.commands.judge import load
from race401.harness.judge import comparable, thresholds, verdict
from race401.harness.judge import compare as judge_compare
from race401.harness.judge import summary as summaries
from race401.harness.judge.compare import Comparison
from race401.harness.judge.summary import Summary
from race401.harness.judge.thresholds import SETTINGS, Thresholds, WrongSetting
from race401.harness.reporting import answer, comparison, markdown, terminal
from race401.harness.reporting.answer import Answer

REASONS = 5  # that one line names
PYPROJECT = Path("pyproject.toml")


def add(parser: ArgumentParser) -> None:
    """Declare the options: one for each threshold."""
    parser.add_argument("baseline", type=Path, help="a run's folder, or a file that `race401 bless` wrote")
    parser.add_argument("current", type=Path, help="a run's folder")
    parser.add_argument(
        "--config", type=Path, metavar="FILE.toml", help="settings (default: [tool.race401] of ./pyproject.toml)"
    )
    answer.add(parser)
    outputs.add(parser)
    settings = parser.add_argument_group("thresholds")
    for name, setting in SETTINGS.items():
        about = f"{setting.metadata['about']} (default: {setting.default})"
        settings.add_argument(f"--{name}", metavar="N", help=about.replace("%", "%%"))


def run(given: Namespace) -> int:
    """Print the comparison."""
    limits = _thresholds(given)
    result = compared(summary(given.baseline), summary(given.current), limits)
    print(
        answer.render(
            Answer("compare", result.value, result.sentence, result.findings, _beside(result)),
            given.form,
            lambda: comparison.render(result, width=terminal.width(), color=terminal.has_colour()),
        )
    )
    outputs.write(given, {"compare": result.findings}, markdown.comparison(result))
    return result.exit_code


def _beside(result: Comparison) -> dict[str, Any]:
    return {"changes": [asdict(change) for change in result.changes], "differences": result.differences}


def compared(before: Summary, now: Summary, limits: Thresholds) -> Comparison:
    """Compare; refuse runs that did different things."""
    if reasons := comparable.incomparable(before, now):
        more = f"; and {len(reasons) - REASONS} fields more" if len(reasons) > REASONS else ""
        raise CommandError(f"not comparable: {'; '.join(reasons[:REASONS])}{more}")
    return judge_compare.compare(before, now, limits)


def summary(path: Path) -> Summary:
    """Return a stored run in short, judged anew; or a baseline, as it was blessed."""
    if path.is_file() and path.suffix == ".json":
        try:
            return summaries.read(path)
        except summaries.SummaryError as error:
            raise CommandError(str(error)) from None
    evidence = load(path)
    if evidence.ledger_alone:
        raise CommandError(f"{path} is a ledger alone: nothing says how it was made; give a run's folder")
    return summaries.summarise(evidence.manifest, verdict.judge(evidence))


def _thresholds(given: Namespace) -> Thresholds:
    """Return the defaults, changed by the file and then by the command line."""
    try:
        file = given.config or (PYPROJECT if PYPROJECT.exists() else None)
        from_the_file = thresholds.from_file(file) if file is not None else {}
        words = {name: getattr(given, name.replace("-", "_")) for name in SETTINGS}
        from_the_line = {name: thresholds.number(word) for name, word in words.items() if word is not None}
        settings: dict[str, Any] = from_the_file | thresholds.given(from_the_line, "the command line")
        return Thresholds(**settings)
    except WrongSetting as wrong:
        raise CommandError(str(wrong)) from None
