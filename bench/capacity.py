"""
`python bench/capacity.py`: what a browser, a request and a ledger entry cost; docs/capacity.md reckons from it.

Runs of the main job over fasthttp, all with as many requests at the same rate, and more and more browsers. CPU is
the kernel's count, read while every browser runs and its connections are warm; memory is the resident set.
"""

import argparse
import json
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
WARM, ENOUGH = 0.4, 0.9  # of a run's requests: between them it is measured
LOOK_EVERY = 0.2  # s
CONNECTIONS = 3  # of a browser; 5,000 with six each would need 30,000 open files in the mock


@dataclass
class Cost:
    """One run."""

    browsers: int
    requests: int
    errors: Counter[str]  # transport errors, by kind
    generator: float  # s of CPU per request
    server: float
    generator_memory: int  # bytes
    server_memory: int
    entry: float  # bytes on disk
    judged: float  # s per entry, judging included


def main() -> int:
    """Run, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--browsers", type=int, nargs="+", default=[100, 1000, 5000])
    parser.add_argument("--bursts", type=int, default=30_000, help="page bursts of each run, of five requests each")
    parser.add_argument("--rate", type=int, default=300, help="bursts a second")
    given = parser.parse_args()
    costs = []
    for browsers in given.browsers:
        costs.append(cost := measure(browsers, given.bursts // browsers, given.rate))
        print(
            f"{cost.browsers:6} browsers: {cost.requests} requests, {cost.errors.total()} transport errors, "
            f"{cost.generator * 1e6:.0f} us of generator CPU a request, {cost.server * 1e6:.0f} us of server CPU, "
            f"resident {cost.generator_memory / 1e6:.0f} MB and {cost.server_memory / 1e6:.0f} MB, "
            f"{cost.entry:.0f} bytes an entry, {cost.judged * 1e6:.1f} us to judge it"
            + (f"; {dict(cost.errors)}" if cost.errors else ""),
            flush=True,
        )
    first, last = costs[0], costs[-1]
    more = max(1, last.browsers - first.browsers)
    print(f"a request at {last.browsers} against {first.browsers} browsers: {last.generator / first.generator:.2f}")
    print(f"a browser: {(last.generator_memory - first.generator_memory) / more / 1e3:.1f} kB in the generator")
    print(f"its session: {(last.server_memory - first.server_memory) / more / 1e3:.1f} kB in the mock")
    return 0


def measure(browsers: int, pages: int, rate: int) -> Cost:
    """Run so many browsers for so many pages each, and read the kernel's counts meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "locust", "-f", "scenarios/burst.py", "--headless", "--skip-log-setup"]
        command += ["--transport", "fasthttp", "--connections", str(CONNECTIONS), "--arrivals", f"{rate}/s"]
        command += ["-u", str(browsers), "-r", "100", "--pages", str(pages), "--reports", folder, "--run-id", "run"]
        run = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert run.stderr is not None
        told = next((line for line in run.stderr if "mock at" in line), "")
        url = told.rpartition("mock at ")[2].strip()
        generator, server = Served(url, run.pid), Served(url, _child(run.pid))
        looks = [
            (done, generator.cpu(), server.cpu(), resident(run.pid), resident(server.pid))
            for done in _progress(url, browsers * pages * 5)
        ]
        run.communicate()
        (requests, cpu, its_cpu, *_), (later, cpu_later, its_cpu_later, mine, its) = looks[0], looks[-1]
        results = Path(folder, "run")
        samples = [json.loads(line) for line in (results / "samples.jsonl").read_text().splitlines()]
        errors = Counter(sample["error"] for sample in samples if sample["error"] is not None)
        entries, size = _entries(results / "ledger.jsonl")
        judged = _cpu_of([sys.executable, "-m", "race401.harness", "judge", str(results)])
        return Cost(
            browsers,
            len(samples),
            errors,
            (cpu_later - cpu) / (later - requests),
            (its_cpu_later - its_cpu) / (later - requests),
            mine,
            its,
            size / entries,
            judged / entries,
        )


def _progress(url: str, requests: int) -> Iterator[int]:
    """Yield how many entries the ledger has, once when the run is warm and once when it has enough."""
    with httpx.Client(base_url=url, trust_env=False) as client:
        for share in (WARM, ENOUGH):
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
