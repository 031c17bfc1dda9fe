"""`race401 judge RUN_OR_LEDGER ...`: judge stored runs, or any ledgers, again."""

import shlex
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from race401.harness.commands import outputs
from race401.harness.commands.called import called
from race401.harness.commands.errors import CommandError
from race401.harness.judge import checks, evidence, verdict
from race401.harness.reporting import answer, console, markdown, terminal
from race401.harness.reporting.answer import Form
from race401.harness.reporting.streams import print_line, print_to


def add(parser: ArgumentParser) -> None:
    """Declare the options."""
    help_ = "a run's folder, or a ledger (JSON lines); several are judged one by one"
    parser.add_argument("runs", type=Path, nargs="*", metavar="RUN", help=help_)
    answer.add(parser)
    parser.add_argument("--checks", action="store_true", help="print what is checked, and judge nothing")
    outputs.add(parser)


def run(given: Namespace) -> int:
    """Print each verdict, and keep it where the run is kept; the worst of them is the exit code's."""
    if given.checks:
        print(terminal.fit(checks.described()))
        return 0
    if not given.runs:
        raise CommandError("nothing to judge; give a run's folder or a ledger")
    every = {path: load(path) for path in given.runs}
    results = {path: verdict.judge(evidence) for path, evidence in every.items()}
    problems = [problem for path, evidence in every.items() if (problem := _keep(path, evidence, results[path]))]
    if given.form == "text":
        _print(every, results)
    else:
        _print_answers(results, given.form)
    for problem in problems:
        print_to(problem)
    alone = len(every) == 1
    outputs.write(
        given,
        {_suite(path, each, alone=alone): results[path].findings for path, each in every.items()},
        "\n\n".join(markdown.verdict(results[path], each.manifest) for path, each in every.items()),
        next(iter(every.values())).manifest.get("started_at"),
    )
    return verdict.EXIT_CODES[verdict.worst([result.value for result in results.values()])]


def _suite(path: Path, each: evidence.Evidence, *, alone: bool) -> str:
    name: str = each.manifest.get("scenario", {}).get("name", "ledger")
    return name if alone else f"{name} {path}"


def _keep(path: Path, each: evidence.Evidence, result: verdict.Verdict) -> str | None:
    """Keep a run's verdict beside it; return why it could not be."""
    if not path.is_dir() or each.ledger_alone:
        return None
    return outputs.keep_beside(path / "verdict.json", verdict.to_json(result))


def _print_answers(results: Mapping[Path, verdict.Verdict], form: Form) -> None:
    """Print the verdict in this form; several as a JSON list, or a line each behind its path."""
    told = {path: answer.render(answer.of_verdict("judge", result), form, str) for path, result in results.items()}
    if len(told) == 1:
        print_line(*told.values())
    elif form == "json":
        print_line("[\n" + ",\n".join(told.values()) + "\n]")
    else:
        print_line("\n".join(f"{path}: {line}" for path, line in told.items()))


def _print(every: Mapping[Path, evidence.Evidence], results: Mapping[Path, verdict.Verdict]) -> None:
    """Print each verdict, below its path where there are several; each has its own clock and its own numbers."""
    for path, each in every.items():
        if len(every) > 1:
            print_line(f"{path}:")
        print_line(console.render(results[path], each.manifest, width=terminal.width(), color=terminal.has_colour()))
    keys: Counter[str] = Counter(key for each in every.values() for key in {e.key for e in each.entries if e.key})
    if any(n > 1 for n in keys.values()):
        paths = shlex.join(map(str, every))
        print_to(f"recordings under one key were judged one by one; {called()} diagnose {paths} reads them together")


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
