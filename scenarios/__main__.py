"""`python -m race401.scenarios`: play every scenario, and print one table: what each policy should get, and got."""

import argparse
import importlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from race401.harness.judge import evidence
from race401.harness.judge.apart import apart
from race401.harness.judge.checks import Value
from race401.harness.judge.verdict import EXIT_CODES, worst
from race401.harness.load.scenario import Scenario
from race401.harness.reporting import terminal

HERE = Path(__file__).parent
NAMES = sorted(file.stem for file in HERE.glob("[!_]*.py"))
REPORTS = Path("reports")


@dataclass(frozen=True, slots=True)
class Result:
    """One policy in one scenario."""

    scenario: str
    policy: str
    expected: str
    got: str

    @property
    def value(self) -> Value:
        """PASS: it got what it should get."""
        if self.got == Value.UNKNOWN:
            return Value.UNKNOWN
        return Value.PASS if self.got == self.expected else Value.FAIL


def scenario(name: str) -> Scenario:
    """Return what a locustfile here plays; locust is not imported for that."""
    played: Scenario = importlib.import_module(f"race401.scenarios.{name}").SCENARIO
    return played


def play(name: str, reports: Path) -> list[Result]:
    """Run a scenario headless and return what its policies got; a run that left no evidence is UNKNOWN."""
    load = scenario(name).load
    before = set(reports.glob("*")) if reports.exists() else set()
    words = ["-u", str(load.users), "-r", str(load.users), "-t", f"{load.seconds}s", "--reports", str(reports)]
    done = subprocess.run(  # noqa: S603 - our own locustfiles
        [sys.executable, "-m", "locust", "-f", str(HERE / f"{name}.py"), "--headless", "--skip-log-setup", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    folders = sorted(set(reports.glob("*")) - before)
    if not folders:
        print(done.stderr, file=sys.stderr)
        return [Result(name, "-", "-", Value.UNKNOWN)]
    run = evidence.load(folders[-1])
    got, expected = apart(run), run.manifest["should_get"]
    return [
        Result(name, about["name"], expected[role], got[role]) for role, about in run.manifest["policies"].items()
    ]


def main() -> int:
    """Play, print, and return the exit code of the worst."""
    parser = argparse.ArgumentParser("python -m race401.scenarios", description=__doc__)
    parser.add_argument("scenarios", nargs="*", help=f"which (default: all): {', '.join(NAMES)}")
    parser.add_argument("--reports", type=Path, default=REPORTS, help="the folder that gets a folder for each run")
    given = parser.parse_args()
    if unknown := [name for name in given.scenarios if name not in NAMES]:
        print(f"race401: unknown scenario {unknown[0]!r}; known: {', '.join(NAMES)}", file=sys.stderr)
        return 2
    results: list[Result] = []
    for name in given.scenarios or NAMES:
        print(f"race401: {name} ({scenario(name).load.seconds} s)", file=sys.stderr, flush=True)
        results += play(name, given.reports)
    show(results)
    return EXIT_CODES[worst([result.value for result in results])]


def show(results: list[Result]) -> None:
    """Print the table."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("scenario", "policy", "should get", "got", "result"):
        table.add_column(column, no_wrap=True)
    for result in results:
        table.add_row(result.scenario, result.policy, result.expected, result.got, result.value)
    Console(width=terminal.width(), highlight=False).print(table)


if __name__ == "__main__":
    sys.exit(main())
