"""`python -m race401.scenarios`: play every scenario, and print one table: what each policy should get, and got."""

import argparse
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

LOADS = {  # users and s: some sessions for each policy in each condition
    "burst": (27, 12),
    "resume": (27, 10),
    "late_401": (9, 10),
    "revoked": (9, 10),
    "sign_out": (18, 10),
    "flaky_auth": (27, 12),
    "lost_answer": (18, 10),
    "tabs": (18, 10),
    "soak": (6, 20),
}
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


def play(name: str, reports: Path) -> list[Result]:
    """Run a scenario headless and return what its policies got; a run that left no evidence is UNKNOWN."""
    users, seconds = LOADS[name]
    before = set(reports.glob("*")) if reports.exists() else set()
    locustfile = Path(__file__).parent / f"{name}.py"
    load = ["-u", str(users), "-r", str(users), "-t", f"{seconds}s", "--reports", str(reports)]
    done = subprocess.run(  # noqa: S603 - our own locustfiles
        [sys.executable, "-m", "locust", "-f", str(locustfile), "--headless", "--skip-log-setup", *load],
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
    parser.add_argument("scenarios", nargs="*", help=f"which (default: all): {', '.join(LOADS)}")
    parser.add_argument("--reports", type=Path, default=REPORTS, help="the folder that gets a folder for each run")
    given = parser.parse_args()
    if unknown := [name for name in given.scenarios if name not in LOADS]:
        print(f"race401: unknown scenario {unknown[0]!r}; known: {', '.join(LOADS)}", file=sys.stderr)
        return 2
    results: list[Result] = []
    for name in given.scenarios or LOADS:
        print(f"race401: {name} ({LOADS[name][1]} s)", file=sys.stderr, flush=True)
        results += play(name, given.reports)
    show(results)
    return EXIT_CODES[worst([result.value for result in results])]


def show(results: list[Result]) -> None:
    """Print the table."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("scenario", "policy", "should get", "got", ""):
        table.add_column(column, no_wrap=True)
    for result in results:
        table.add_row(result.scenario, result.policy, result.expected, result.got, result.value)
    Console(highlight=False).print(table)


if __name__ == "__main__":
    sys.exit(main())
