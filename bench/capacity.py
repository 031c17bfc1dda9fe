"""
`python bench/capacity.py`: what a browser, a request and a ledger entry cost; docs/capacity.md reckons from it.

Runs of the main job over fasthttp with more and more browsers, all of them with as many pages a browser at the same
rate. What a browser costs once (its start, its sign-in, its connections) is told apart from what each request costs
while every browser runs and its connections are warm. CPU is the kernel's count, memory the resident set.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from servers import Served

ROOT = Path(__file__).parents[1]
WARM, ENOUGH = 0.4, 0.85  # of a run's requests: between them it is measured; by then each browser has had four pages
DRAINS = 6  # s more than the pages take: the last few of them are for what was begun
ONE_RUN = 25_000  # requests that are enough to measure; of fewer, several runs are made
TURNS = 5  # at most
SPAWNED = 100  # browsers a second
LOOK_EVERY = 0.2  # s
CONNECTIONS = 3  # of a browser; 5,000 with six each would need 30,000 open files in the mock


@dataclass
class Cost:
    """One run, or several of the same."""

    browsers: int
    requests: int
    errors: Counter[str]  # transport errors, by kind
    generator: float  # s of CPU per request, warm
    server: float
    once: float  # s of CPU per browser in the generator, for its start, sign-in and connections
    server_once: float
    generator_memory: int  # bytes
    server_memory: int
    entry: float  # bytes on disk
    judged: float  # s per entry, judging included
    load: float  # of the machine, by its own average over a minute


def main() -> int:
    """Run, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--browsers", type=int, nargs="+", default=[100, 1000, 5000])
    parser.add_argument("--pages", type=int, default=10, help="of each browser, on average; of five requests each")
    parser.add_argument("--rate", type=int, default=200, help="pages a second, of all browsers")
    given = parser.parse_args()
    costs = []
    for browsers in given.browsers:
        turns = min(TURNS, max(1, ONE_RUN // (browsers * given.pages * 5)))
        runs = [measure(browsers, given.pages, given.rate) for _ in range(turns)]
        costs.append(cost := middle(runs))
        print(describe(cost, turns), flush=True)
    first, last = costs[0], costs[-1]
    more = max(1, last.browsers - first.browsers)
    print(f"a request at {last.browsers} against {first.browsers} browsers: {last.generator / first.generator:.2f}")
    print(f"a browser: {(last.generator_memory - first.generator_memory) / more / 1e3:.1f} kB in the generator")
    print(f"its session: {(last.server_memory - first.server_memory) / more / 1e3:.1f} kB in the mock")
    return 0


def describe(cost: Cost, turns: int) -> str:
    """Return what was measured, in words."""
    lines = [
        f"{cost.browsers} browsers, {turns} runs: {cost.requests} requests, {cost.errors.total()} transport errors",
        *(f"  {n} {kind}" for kind, n in cost.errors.items()),
        f"  CPU a request: generator {cost.generator * 1e6:.0f} us, mock {cost.server * 1e6:.0f} us",
        f"  CPU a browser, once: generator {cost.once * 1e3:.2f} ms, mock {cost.server_once * 1e3:.2f} ms",
        f"  resident: generator {cost.generator_memory / 1e6:.0f} MB, mock {cost.server_memory / 1e6:.0f} MB",
        f"  an entry: {cost.entry:.0f} bytes on disk, {cost.judged * 1e6:.1f} us to judge",
        f"  the machine's load average meanwhile: {cost.load:.1f}",
    ]
    return "\n".join(lines)


def middle(runs: list[Cost]) -> Cost:
    """Return the run whose request cost the median, with the requests and errors of all."""
    chosen = sorted(runs, key=lambda run: run.generator)[len(runs) // 2]
    chosen.requests = sum(run.requests for run in runs)
    chosen.errors = sum((run.errors for run in runs), Counter())
    return chosen


def measure(browsers: int, pages: int, rate: int) -> Cost:
    """Run so many browsers for about so many pages each, and read the kernel's counts meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "locust", "-f", "scenarios/burst.py", "--headless", "--skip-log-setup"]
        command += ["--transport", "fasthttp", "--connections", str(CONNECTIONS), "--arrivals", f"{rate}/s"]
        lasts = browsers / SPAWNED + browsers * pages / rate + DRAINS
        command += ["-u", str(browsers), "-r", str(SPAWNED), "-t", f"{lasts:.0f}s"]
        command += ["--reports", folder, "--run-id", "run"]
        run = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert run.stderr is not None
        announcement = next((line for line in run.stderr if "mock at" in line), "")
        url = announcement.rpartition("mock at ")[2].strip()
        generator, server = Served(url, run.pid), Served(url, _child(run.pid))
        looks = [
            (done, generator.cpu(), server.cpu(), resident(run.pid), resident(server.pid))
            for done in _progress(url, browsers * pages * 5)
        ]
        load = os.getloadavg()[0]
        run.communicate()
        begun, warm, later = looks
        each, its_each = ((later[of] - warm[of]) / (later[0] - warm[0]) for of in (1, 2))
        once, its_once = (
            (warm[of] - begun[of] - cost * (warm[0] - begun[0])) / browsers for of, cost in ((1, each), (2, its_each))
        )
        results = Path(folder, "run")
        samples = [json.loads(line) for line in (results / "samples.jsonl").read_text().splitlines()]
        errors = Counter(sample["error"] for sample in samples if sample["error"] is not None)
        entries, size = _entries(results / "ledger.jsonl")
        judged = _cpu_of([sys.executable, "-m", "race401.harness", "judge", str(results)])
        return Cost(
            browsers,
            len(samples),
            errors,
            each,
            its_each,
            once,
            its_once,
            later[3],
            later[4],
            size / entries,
            judged / entries,
            load,
        )


def _progress(url: str, requests: int) -> Iterator[int]:
    """Yield how many entries the ledger has: as the run begins, once it is warm, and once it has enough."""
    with httpx.Client(base_url=url, trust_env=False) as client:
        for share in (0, WARM, ENOUGH):
            while (done := _seen(client)) < share * requests:
                time.sleep(LOOK_EVERY)
            yield done


def _seen(client: httpx.Client) -> int:
    book = client.get("/_race401").json()["ledger"]
    return int(book["entries"]) + int(book["dropped"])


def _child(pid: int) -> int:
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)


def resident(pid: int) -> int:
    """Return the bytes of memory that the process has in use."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def _entries(ledger: Path) -> tuple[int, int]:
    lines = ledger.read_bytes()
    return lines.count(b"\n"), len(lines)


def _cpu_of(command: list[str]) -> float:
    """Return s of CPU that a command took, its start included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    sys.exit(main())
