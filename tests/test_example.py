"""The example of somebody else's guarded client: in its own tests the naive version fails, the shipped one passes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from bounds import HANG
from locustruns import ROOT
from test_wheel import UV, dist, installed, said

EXAMPLE = ROOT / "examples" / "guarded-client"
ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # the plugins of this environment take seconds to load
PYTEST = [sys.executable, "-m", "pytest", "-qrN", "-p", "race401.harness.pytest_plugin", "-p", "no:cacheprovider"]
RACES, SCENES = 5, 2  # tests of the example: judged by the ledger, and explored

__all__ = ["dist", "installed"]


def test_its_guard_tells_the_naive_client_from_the_shipped_one() -> None:
    runs = [
        subprocess.Popen([*PYTEST, *options], cwd=EXAMPLE, env=os.environ | ALONE, stdout=subprocess.PIPE, text=True)
        for options in ([], ["--client", "naive"])
    ]
    shipped, naive = (run.communicate(timeout=HANG)[0] for run in runs)
    assert [run.returncode for run in runs] == [0, 1], shipped + naive
    assert f"{RACES + SCENES} passed" in shipped
    assert f"{RACES + SCENES} failed" in naive
    assert naive.count("\nFAIL: [rfc9700] the client:") == RACES, naive
    assert naive.count("to play this schedule alone, again: race401_explore(..., replay='0.')") == SCENES, naive


@pytest.mark.slow
def test_it_runs_on_the_installed_wheel(installed: Path) -> None:
    """By the entry point, as in somebody else's environment."""
    environment = installed.parents[1]
    said(
        [UV, "pip", "install", "--quiet", "--python", environment, "-c", ROOT / "requirements-dev.lock", "pytest"],
        ROOT,
    )
    run: list[str | Path] = [environment / "bin" / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    assert f"{RACES + SCENES} passed" in said(run, EXAMPLE)
    assert f"{RACES + SCENES} failed" in said([*run, "--client", "naive"], EXAMPLE, expected=1)


def bare(text: str) -> str:
    """The text without indentation and empty lines: the formatter has its own mind about those in a page."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def test_the_page_shows_what_is_run() -> None:
    page = (ROOT / "docs" / "guard.md").read_text()
    files = [bare(path.read_text()) for path in EXAMPLE.rglob("*.*") if path.suffix in (".py", ".yml")]
    blocks = [
        bare(part)
        for block in re.findall(r"```(?:python|yaml)\n(.*?)```", page, re.DOTALL)
        for part in block.split("\n\n\n")
    ]
    assert len(blocks) == 5
    assert [block for block in blocks if not any(block in text for text in files)] == []
