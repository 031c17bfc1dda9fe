"""README.md: what it shows is so, runs as printed, and fits where it is read."""

import re
import subprocess
import sys

import pytest
from actions import ROOT
from bounds import HANG
from theirs import run_here

from race401.harness.card.mock import Mock
from race401.harness.judge import evidence
from race401.harness.judge.verdict import judge
from race401.harness.reporting import incident, picture

README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FITS = 90  # columns of a code block in the 774 px that GitHub gives a page
WIDE = re.compile(r"^(\|.*)$", re.MULTILINE)
MOST_COLUMNS = 4


def after(heading: str) -> list[tuple[str, str]]:
    """The blocks below a heading: each its language and its text."""
    return BLOCK.findall(README.split(f"\n## {heading}\n")[1].split("\n## ")[0])


def too_wide(text: str) -> list[str]:
    """Lines of code, and rows of tables, that a page on GitHub would have to be scrolled for."""
    code = [line for _, block in BLOCK.findall(text) for line in block.splitlines() if len(line) > FITS]
    rows = [row for row in WIDE.findall(text) if row.replace(r"\|", "").count("|") - 1 > MOST_COLUMNS]
    return code + rows


def test_nothing_is_wider_than_github_shows() -> None:
    assert too_wide(README) == []
    assert "OWNER" not in README


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"```\n{'x' * 90}\n```\n", 0),
        (f"```\n{'x' * 91}\n```\n", 1),
        ("| a | b | c | d |\n", 0),
        ("| a | b | c | d | e |\n", 1),
        (f"{'x' * 200}\n", 0),
    ],
)
def test_what_is_too_wide_is_found(text: str, found: int) -> None:
    """Planted, with near misses: prose is wrapped, and a row of four columns too."""
    assert len(too_wide(text)) == found


def test_what_it_leads_to_is_there() -> None:
    """Files and folders; anchors are checked by `make docs`."""
    led = re.findall(r"\]\(([^)#]+)[^)]*\)|src=\"([^\"]+)\"", README)
    assert [path for pair in led for path in pair if path and not (ROOT / path).exists()] == []


def test_its_picture_is_the_samples() -> None:
    """Made anew from the stored run it is the same file; `race401 report reports/sample --picture` writes it."""
    told = evidence.load(ROOT / "reports/sample")
    scenes = incident.choose(told, judge(told).rows)
    made = picture.render(scenes, told.manifest)
    assert made == (ROOT / "docs/race.svg").read_text()
    assert "Five refreshes: one 200 and four 401" in made
    assert "One refresh: five 200" in made


def masked(text: str) -> str:
    """What differs from run to run: instants, and how long something took."""
    return re.sub(r"(?m)\d{4}-\S+Z$|(?<=age: )\d+|(?<=expires in: )\d+", "…", text)


def test_the_token_manager_runs_as_printed() -> None:
    """With what it logs, and the status that it prints; only the mock's address is another."""
    (_, code), (_, printed) = after("The token manager in your own client")
    with Mock(("--lifetime", "90")) as served:
        done = subprocess.run(
            [sys.executable, "-c", code.replace("http://127.0.0.1:8401", served.url)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
            timeout=HANG,
        )
    assert masked(done.stdout) == masked(printed)


@pytest.mark.parametrize(("policy", "code"), [("FIXED", 0), ("PRE_FIX", 1)])
def test_the_guard_runs_as_printed(pytester: pytest.Pytester, policy: str, code: int) -> None:
    """It passes; with the client before the fix it fails by the line that is shown."""
    (_, test), (_, fails) = after("A guard in your own tests")
    pytester.makepyfile(test_guard=test.replace("FIXED", policy))
    done = run_here(pytester)
    assert done.ret == code
    assert (fails.strip() in done.stdout.str()) is bool(code)
