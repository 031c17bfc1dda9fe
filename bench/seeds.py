"""`make seeds`: the main job, twenty times with twenty seeds; how often it passes, and how far its numbers spread."""

import json
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RUNS = 20
NUMBERS: dict[str, Callable[[dict[str, Any]], float | None]] = {
    "401s that the app saw, % of requests": lambda row: 100 * sum(row["caller_401s"].values()) / row["requests"],
    "sessions lost, % of sessions": lambda row: 100 * row["sessions_lost"] / row["sessions"],
    "exchanges per generation": lambda row: row["exchanges_per_generation"],
    "store reads per request": lambda row: row["store_reads"] / row["sampled"],
    "pages with the incident's signature": lambda row: sum(row["signatures"].values()),
}


def main(arguments: list[str]) -> int:
    """Run, print, and fail unless every run passed."""
    seen: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    passed = 0
    for seed in range(1, RUNS + 1):
        command = [sys.executable, "-m", "locust", "-f", "scenarios/burst.py", "--headless", "--skip-log-setup"]
        command += ["-u", "60", "-r", "60", "-t", "20s", "--seed", str(seed), *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        folder = ROOT / done.stdout.rpartition("evidence: ")[2].strip()
        result = json.loads((folder / "verdict.json").read_text())
        passed += done.returncode == 0
        print(f"seed {seed:2}: {result['sentence']}", flush=True)
        for row in result["rows"]:
            for name, number in NUMBERS.items():
                if (value := number(row)) is not None:
                    seen[row["condition"], row["policy"], name].append(value)
    print(f"\n{passed} of {RUNS} runs PASS; least, median and greatest of the {RUNS}:\n")
    print(f"{'condition':<12}{'policy':<10}{'':<40}{'least':>8}{'median':>8}{'greatest':>10}")
    for (condition, policy, name), values in seen.items():
        spread = f"{min(values):8.2f}{statistics.median(values):8.2f}{max(values):10.2f}"
        print(f"{condition:<12}{policy:<10}{name:<40}{spread}")
    return 0 if passed == RUNS else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
