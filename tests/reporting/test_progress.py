"""How far something long is: on a terminal one line that goes away, elsewhere nothing."""

from pathlib import Path

import pytest
from actions import ROOT
from terminals import RACE401, Terminal, in_a_terminal, unpainted

from race401.harness.reporting import progress


def test_an_exploration_says_how_far_it_is() -> None:
    """Once it has so many states that somebody waits; and clears the line before it answers."""
    text = in_a_terminal(
        80, "explore", "--policy", "pre-fix", "--callers", "3", "--sign-out", "--max-states", "40000"
    )
    shown = [row for row in unpainted(text) if row.startswith("exploring: ")]
    assert shown[-1].split()[1] != "1"
    assert text.rindex("exploring") < text.rindex(progress.CLEAR) < text.index("pre-fix in rfc9700")


def test_a_card_says_how_many_races_are_over(tmp_path: Path) -> None:
    """The driver of the fix, in two races."""
    words = ("card", "--race", "concurrent-expiry", "--race", "late-401", "--keep", str(tmp_path), "--")
    driver = (RACE401[0], str(ROOT / "drivers" / "template.py"))
    text = Terminal(80, (*RACE401, *words, *driver)).rest()
    assert "1 of 2 races are over, " in text
    assert "2 of 2 races are over, " in text


LATE = """
from race401.harness.reporting import progress
from race401.harness.reporting.streams import print_to
import sys
progress.show("6 of 6 s")
print_to("the verdict", sys.stdout)
"""


def test_what_is_printed_takes_the_line_away() -> None:
    """Nobody else has yet: on a busy machine the verdict stood behind it, in one row."""
    text = Terminal(80, (RACE401[0], "-c", LATE)).rest()
    assert text.endswith(f"6 of 6 s{progress.CLEAR}the verdict\r\n")


def test_nothing_is_said_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    progress.show("1 of 2")
    progress.clear()
    assert capsys.readouterr().err == ""
