"""`race401 judge RUN_OR_LEDGER`: judge a stored run, or any ledger, again."""

import shlex
from argparse import ArgumentParser, Namespace
from pathlib import Path

from race401.harness.commands import outputs
from race401.harness.commands.called import called
from race401.harness.commands.errors import CommandError
from race401.harness.judge import checks, evidence, verdict
from race401.harness.reporting import answer, console, markdown, terminal
from race401.harness.reporting.streams import print_line, print_to


def add(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("run", type=Path, nargs="?", help="a run's folder, or a ledger (JSON lines)")
    answer.add(parser)
    parser.add_argument("--checks", action="store_true", help="print what is checked, and judge nothing")
    outputs.add(parser)


def run(given: Namespace) -> int:
    """Print the verdict, and keep it where the run is kept."""
    if given.checks:
        print(terminal.fit(checks.described()))
        return 0
    if given.run is None:
        raise CommandError("nothing to judge; give a run's folder or a ledger")
    evidence = load(given.run)
    result = verdict.judge(evidence)
    problem = None
    if given.run.is_dir() and not evidence.ledger_alone:
        problem = outputs.keep_beside(given.run / "verdict.json", verdict.to_json(result))
    print_line(
        answer.render(
            answer.of_verdict("judge", result),
            given.form,
            lambda: console.render(result, evidence.manifest, width=terminal.width(), color=terminal.has_colour()),
        )
    )
    if problem is not None:
        print_to(problem)
    suite = evidence.manifest.get("scenario", {}).get("name", "ledger")
    outputs.write(
        given,
        suite,
        result.findings,
        markdown.verdict(result, evidence.manifest),
        evidence.manifest.get("started_at"),
    )
    return result.exit_code


def load(path: Path) -> evidence.Evidence:
    """Read what is to be judged."""
    try:
        return evidence.load(path)
    except evidence.EvidenceError as error:
        raise CommandError(_for_diagnose(path) or str(error)) from None


def _for_diagnose(path: Path) -> str | None:
    """Return where to go with a file of an incident; None: it is none."""
    from race401.harness.incident.readers import own_ledgers, recognised

    kind = recognised(path)
    if kind is None or kind is own_ledgers.KIND:
        return None
    return f"{path}: no ledger, but {kind.called}; read it by {called()} diagnose {shlex.quote(str(path))}"
