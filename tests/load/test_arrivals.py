"""The open model, whole: bursts leave on schedule, answered or not, and the verdict stands."""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from bounds import HANG
from locustruns import ROOT, locust

WORK = ["--headless", "-u", "6", "-r", "6", "--pages", "8"]
SLOW = """
from dataclasses import replace
from race401.mock_api.__main__ import main
from race401.mock_api.rules.worlds import WORLDS

WORLDS.update({name: replace(world, latency=1.0) for name, world in WORLDS.items()})
main()
"""
pytestmark = pytest.mark.slow


@contextmanager
def slow_mock() -> Iterator[str]:
    """The address of a mock whose every answer takes 1 s."""
    command = [sys.executable, "-c", SLOW, "--json", "--exit-with-parent"]
    mock = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert mock.stdout is not None
    try:
        yield json.loads(mock.stdout.readline())["url"]
    finally:
        mock.communicate(timeout=HANG)


def pages(folder: Path) -> dict[str, list[list[dict[str, Any]]]]:
    """Each browser's pages in order, each as its samples."""
    seen: dict[str, dict[int, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for line in (folder / "samples.jsonl").read_text().splitlines():
        sample = json.loads(line)
        browser = sample["client"].partition("/")[2]  # without the run's name
        seen[browser][int(sample["attempt"].rpartition("#")[2].partition(".")[0])].append(sample)
    return {browser: [its[page] for page in sorted(its)] for browser, its in seen.items()}


def overtaken(folder: Path) -> int:
    """How many pages began before the page before them had all its answers."""
    return sum(
        min(s["started_at"] for s in page) < max(s["ended_at"] for s in before)
        for its in pages(folder).values()
        for before, page in pairwise(its)
    )


def schedule(folder: Path) -> dict[str, list[float]]:
    """Each browser's intervals between intended starts, in s."""
    meant = {browser: [page[0]["intended_at"] for page in its] for browser, its in pages(folder).items()}
    return {browser: [b - a for a, b in pairwise(at)] for browser, at in meant.items()}


def test_slow_answers_hold_nobody_up(tmp_path: Path) -> None:
    """The same seed draws the same schedule, whatever the server does and whichever client sends."""
    open_model = [*WORK, "--arrivals", "20/s"]
    with slow_mock() as url, locust(tmp_path / "slow", *open_model, "--host", url) as slow:
        assert slow.ended() in (0, 3), slow.out  # some browser's instant may fall between two of its pages
        assert overtaken(slow.folder)
        assert slow.read("manifest.json")["arrivals_per_s"] == 20
    with locust(tmp_path / "fast", *open_model, "--transport", "fasthttp") as fast:
        fast.ended()
        assert fast.read("manifest.json")["transport"] == "fasthttp"
        drawn = schedule(fast.folder)
        assert drawn == {browser: pytest.approx(gaps, abs=1e-4) for browser, gaps in schedule(slow.folder).items()}


def test_the_closed_model_waits_for_its_answers(tmp_path: Path) -> None:
    with slow_mock() as url, locust(tmp_path, *WORK[:-1], "3", "--host", url) as run:
        run.ended()
        assert not overtaken(run.folder)


def test_the_verdict_is_as_exact(tmp_path: Path) -> None:
    with locust(tmp_path, "--headless", "-u", "30", "-r", "30", "--pages", "10", "--arrivals", "30/s") as run:
        assert run.ended() == 0, run.out
        assert [row["requests"] for row in run.read("verdict.json")["rows"]] == [250] * 6
        assert not run.left_over()
