"""Where nobody takes what is printed: no traceback, and an exit code that is the verdict's, or says it was lost."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from bounds import HANG
from ledgers import PAGE, reproduced
from runfolders import AFTER, stored

RACE401 = f"{sys.executable} -m race401.harness"


def run(line: str, folder: Path) -> tuple[int, str]:
    """The exit code and what was said, wherever it still could be."""
    errors = folder / "errors"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {{ {line}; }} 2>>{errors}"],
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr + errors.read_text()


FULL = "race401: standard output: No space left on device\n"
PLACES = {
    "| head -1": (1, None),
    "| true": (1, ""),
    ">&-": (1, ""),
    "2>&-": (1, None),
    "2>/dev/full": (1, None),
    ">/dev/full": (3, FULL),
    ">/dev/full 2>&1": (3, ""),
    ">/dev/full 2>&-": (3, ""),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_verdict_that_nobody_takes(tmp_path: Path, place: str) -> None:
    """It fails, as the run does; that it could not be printed at all is UNKNOWN. It is kept in each case."""
    failing = reproduced()
    failing.attempt(AFTER, "2.1", PAGE[0], "expired")
    (tmp_path / "run").mkdir()
    folder = stored(tmp_path / "run", failing)
    code, said = run(f"{RACE401} judge {folder} {place}", tmp_path)
    wanted, words = PLACES[place]
    assert (code, "Traceback" in said) == (wanted, False), said
    assert words is None or said == words
    assert (folder / "verdict.json").exists()


@pytest.mark.parametrize("place", ["2>&-", "2>/dev/full", ">/dev/full 2>/dev/full", ">&- 2>&-"])
def test_wrong_usage_that_nobody_hears_of(tmp_path: Path, place: str) -> None:
    assert run(f"{RACE401} jugde {place}", tmp_path) == (2, "")


def test_a_commands_own_line_that_nobody_hears_of(tmp_path: Path) -> None:
    assert run(f"{RACE401} judge /nowhere/at/all >&- 2>&-", tmp_path) == (2, "")


@pytest.mark.parametrize(("place", "wanted", "words"), [("| true", 0, ""), (">/dev/full", 3, FULL), (">&-", 0, "")])
def test_a_bursts_help_that_nobody_takes(tmp_path: Path, place: str, wanted: int, words: str) -> None:
    """It is printed by the process that becomes locust, and has no traceback either."""
    assert run(f"{RACE401} burst --help {place}", tmp_path) == (wanted, words)
