"""
`make alarms`: how often the gate is wrong. Twenty pairs of equal runs, on which it must raise no alarm; twenty pairs
in which one part of the fix was removed, each of which it must catch in every condition where that part matters.

A pair has its own seed and its own baseline, so that n pairs are n trials. Parts that the burst cannot show are run
too, and said to be masked, with what masks them.
"""

import argparse
import itertools
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from race401.harness.commands.compare import compared, summary
from race401.harness.judge.compare import Comparison, Went
from race401.harness.judge.findings import Value
from race401.harness.judge.statistics import upper_bound
from race401.harness.judge.thresholds import Thresholds

ROOT = Path(__file__).parents[1]
PAIRS = 20
LOAD = ["-u", "12", "-r", "12", "--pages", "8"]
EVERYWHERE = ("supabase", "slow-clock", "rfc9700")


@dataclass(frozen=True)
class Part:
    """One part of the fix, how it is removed, and where that shows; nowhere: what masks it."""

    knob: str
    matters: tuple[str, ...] = ()
    masked: str = ""
    base: str = "fixed"  # what it is removed from

    @property
    def without(self) -> str:
        """The policy that lacks the part."""
        return f"{self.base}{'+' if ':' in self.base else ':'}{self.knob}"


SHOWN = (
    Part("single_flight=false", EVERYWHERE),
    Part("session_cache=0", EVERYWHERE),
    Part("expiry_margin=60", ("slow-clock",)),
    Part("retry_on_401=false", ("slow-clock",), base="fixed:expiry_margin=60"),
)
MASKED = (
    Part("retry_on_401=false", masked="the margin of 120 s is wider than the clock is slow: no 401 to retry"),
    Part("invalidate_on_401=false", masked="no request of the fixed client is answered 401"),
    Part("invalidate_on_refresh_error=false", masked="no refresh fails, since one flight refreshes"),
    Part("clear_on_sign_out=false", masked="nobody signs out"),
)


@dataclass(frozen=True)
class Pair:
    """One trial: what the baseline ran, what the other run ran, and the part that it lacks (None: equal runs)."""

    seed: int
    before: str
    now: str
    part: Part | None


def pairs(n: int) -> Iterator[Pair]:
    """Yield the trials."""
    for seed in range(1, n + 1):
        yield Pair(seed, "fixed", "fixed", None)
    for seed, part in zip(range(1, n + 1), itertools.cycle(SHOWN), strict=False):
        yield Pair(seed, part.base, part.without, part)
    for seed, part in enumerate(MASKED, 1):
        yield Pair(seed, part.base, part.without, part)


def burst(reports: Path, name: str, seed: int, subject: str) -> Path:
    """Run the burst with fixed work; return the run's folder."""
    command = [sys.executable, "-m", "locust", "-f", "scenarios/burst.py", "--headless", "--skip-log-setup", *LOAD]
    command += ["--seed", str(seed), "--policies", f"pre-fix,{subject}", "--reports", str(reports), "--run-id", name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode not in {0, 1, 3}:
        raise SystemExit(f"the burst ended with {done.returncode}:\n{done.stderr}")
    return reports / name


def trial(reports: Path, number: int, pair: Pair) -> Comparison:
    """Run a pair and compare it, as the gate does."""
    before = burst(reports, f"{number}-before", pair.seed, pair.before)
    now = burst(reports, f"{number}-now", pair.seed, pair.now)
    return compared(summary(before), summary(now), Thresholds())


def caught(result: Comparison) -> set[str]:
    """Return the conditions in which something got worse."""
    return {change.condition for change in result.changes if change.went is Went.WORSE}


def right(pair: Pair, result: Comparison) -> bool:
    """Return whether the gate said what it should."""
    if pair.part is None or not pair.part.matters:
        return result.value is Value.PASS
    return result.value is Value.FAIL and set(pair.part.matters) <= caught(result)


def main(arguments: list[str]) -> int:
    """Run, print, and fail if the gate was ever wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=PAIRS, help="of each kind (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time (default: %(default)s)")
    given = parser.parse_args(arguments)
    trials = list(pairs(given.pairs))
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(given.jobs) as pool:
        results = list(pool.map(lambda job: trial(Path(folder), *job), enumerate(trials)))
    told = list(zip(trials, results, strict=True))
    for pair, result in told:
        if not right(pair, result):
            print(f"wrong: seed {pair.seed}, {pair.before} then {pair.now}: {result.sentence}")
    print(table(told))
    return 0 if all(right(pair, result) for pair, result in told) else 1


def table(told: list[tuple[Pair, Comparison]]) -> str:
    """Return what was measured, by part."""
    equal = [right(*each) for each in told if each[0].part is None]
    shown = [right(*each) for each in told if each[0].part is not None and each[0].part.matters]
    lines = [
        f"equal runs: {equal.count(False)} alarms in {len(equal)} pairs{_bound(equal)}",
        f"one part of the fix removed: {shown.count(False)} missed in {len(shown)} pairs{_bound(shown)}",
        "",
        f"{'from':<24}{'removed':<35}{'pairs':>5}  {'caught in (pairs)':<44}",
    ]
    for part in (*SHOWN, *MASKED):
        mine = [result for pair, result in told if pair.part is part]
        where = [f"{name} ({n})" for name in EVERYWHERE if (n := sum(name in caught(result) for result in mine))]
        lines.append(
            f"{part.base:<24}{part.knob:<35}{len(mine):>5}  "
            f"{', '.join(where) or ('masked here: ' + part.masked if part.masked else 'nowhere')}"
        )
    return "\n".join(lines)


def _bound(trials: list[bool]) -> str:
    """Return the exact bound of being wrong, where it never was."""
    return f" (so at most {upper_bound(len(trials)):.1%}, at 95 %)" if trials and all(trials) else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
