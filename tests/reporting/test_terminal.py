"""Rows that fit: what commands print in terminals of 80, 120 and 200 columns, with colour and without."""

import os
import pty
import re
import struct
import subprocess
import sys
import termios
from fcntl import ioctl
from pathlib import Path

import pytest
from bounds import HANG
from ledgers import reproduced
from played import played
from runfolders import run_in, stored, worse

from race401.harness.judge.compare import compare
from race401.harness.judge.evidence import load
from race401.harness.judge.summary import summarise
from race401.harness.judge.thresholds import Thresholds
from race401.harness.judge.verdict import judge
from race401.harness.reporting import comparison, console, terminal

WIDTHS = (80, 120, 200)
PAINT = re.compile(r"\x1b\[[0-9;]*m")


def unpainted(text: str) -> list[str]:
    """The lines without their colours."""
    return [PAINT.sub("", line.rstrip("\r")) for line in text.split("\n")]


def too_long(text: str, columns: int) -> list[str]:
    """Lines that a terminal would wrap, but for the commands that somebody may copy."""
    return [line for line in unpainted(text) if len(line) > columns and "  again: " not in line]


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("name", ["burst", "tabs", "sign_out"])
def test_no_row_of_a_verdict_is_wrapped(name: str, columns: int) -> None:
    """Nine columns, and six: a table for each condition where one for all is too wide."""
    run = played(name)
    verdict = judge(run.evidence())
    text = console.render(verdict, run.manifest, width=columns, color=True)
    assert too_long(text, columns) == []
    heads = [line for line in unpainted(text) if line.split()[-3:] == ["before", "after", "hardened"]]
    conditions = len(run.manifest["conditions"])
    assert len(heads) == (conditions if columns == min(WIDTHS) or (name, columns) == ("burst", 120) else 1)


def test_a_table_that_fits_stays_whole() -> None:
    """Clean twin: one condition, two policies."""
    run = reproduced()
    lines = console.render(judge(run.evidence()), run.manifest, width=80).splitlines()
    assert [line.split() for line in lines[2:4]] == [["rfc9700", "rfc9700"], ["before", "after"]]


@pytest.mark.parametrize("columns", WIDTHS)
def test_no_row_of_a_comparison_is_wrapped(columns: int, tmp_path: Path) -> None:
    """It shows what changed and counts the rest."""
    folders = [Path(run_in(str(tmp_path / name), run)) for name, run in (("a", reproduced()), ("b", worse()))]
    before, now = [(e.manifest, judge(e)) for e in map(load, folders)]
    result = compare(summarise(*before), summarise(*now), Thresholds())
    text = comparison.render(result, width=columns, color=True)
    assert too_long(text, columns) == []
    assert "caller-401s" in text
    assert re.search(r"\d+ of \d+ measures did not change", text)


def in_a_terminal(columns: int, *words: str, **environment: str) -> str:
    """What `race401 WORDS` prints where standard output is a terminal of so many columns."""
    leader, follower = pty.openpty()
    ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "NO_COLOR"}}
    command = [sys.executable, "-m", "race401.harness", *words]
    with subprocess.Popen(command, stdout=follower, stderr=follower, env={**kept, **environment}) as process:
        os.close(follower)
        said = b""
        while chunk := _read(leader):
            said += chunk
        process.wait(HANG)
    os.close(leader)
    return said.decode()


def _read(leader: int) -> bytes:
    """What is there; nothing once nobody writes any more, which Linux says by an error."""
    try:
        return os.read(leader, 65_536)
    except OSError:
        return b""


@pytest.mark.parametrize("columns", [80, 200])
def test_no_row_of_a_command_is_wrapped(columns: int, tmp_path: Path) -> None:
    """Through a pseudo-terminal, which says how wide it is and is coloured."""
    run = str(stored(tmp_path))
    explored = ("explore", "--policy", "pre-fix", "--callers", "2")
    for words in (("judge", run), explored, ("worlds",), ("--help",)):
        text = in_a_terminal(columns, *words)
        assert too_long(text, columns) == [], words
        assert words != explored or "\x1b[1;31mviolation" in text


def test_no_colour_where_nobody_wants_it(tmp_path: Path) -> None:
    """NO_COLOR, as https://no-color.org has it."""
    assert "\x1b" not in in_a_terminal(80, "judge", str(stored(tmp_path)), NO_COLOR="1")


def test_an_exploration_tells_violations_first_and_equal_stories_once() -> None:
    """Two violations at the end of one schedule are told by one story and one token."""
    text = "\n".join(unpainted(in_a_terminal(200, "explore", "--policy", "pre-fix", "--callers", "2")))
    weights = re.findall(r"^(violation|cost) ", text, re.MULTILINE)
    assert weights == sorted(weights, reverse=True)
    assert weights.count("violation") > text.count("the shortest way there")
    tokens = re.findall(r"replay\s+(\S+)", text)
    assert len(tokens) == len(set(tokens))


STORY = "  6  call 1          goes on with what it read, and then sends POST /token"


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("short", ["short"]),
        (STORY, [STORY[: STORY.index(" sends")], " " * 21 + "sends POST /token"]),
        ("violation  lost: " + "word " * 9, ["violation  lost:" + " word" * 8, " " * 11 + "word"]),
        ("  again: replay " + "x" * 60, ["  again: replay", "  " + "x" * 60]),
    ],
)
def test_a_line_hangs_under_its_text(line: str, lines: list[str]) -> None:
    """And a token is left whole."""
    assert terminal.fitted(line, 59) == lines
