"""The scoreboard and its page, made from score cards."""

import re
from pathlib import Path

import pytest
from cards import a_card

from race401.harness.__main__ import main
from race401.harness.card import scoreboard
from race401.harness.card.judging import RaceOutcome
from race401.harness.card.races import RACES
from race401.harness.card.record import keep
from race401.ledger.entry import Entry


def test_who_cannot_be_asked_is_told_from_who_lost() -> None:
    lost = a_card(sign_out=RaceOutcome.NOT_CLAIMED).results[0]
    assert scoreboard.cell(lost) == "-"
    lost.entries = [*lost.entries, Entry(1, "w", *(None,) * 4, "GET", "/", 0, 0, 401, *(None,) * 4)]
    assert scoreboard.cell(lost) == "○"


def test_the_board_ranks_clients_and_says_what_it_costs() -> None:
    worse, better = a_card("worse", late_401=RaceOutcome.LOST), a_card("better", late_401=RaceOutcome.SURVIVED)
    text = scoreboard.markdown([worse, better], ["node x.mjs: node is not installed"])
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert [row.split(", ")[0] for row in rows[1:]] == ["| better 1.0", "| worse 1.0"]
    assert "| late-401 3 |  |" in rows[1]
    assert "| late-401 ✗ |" in rows[2]
    assert {row.count("|") for row in rows} == {6}, "a column for each race is wider than a page"
    assert "* **worse 1.0, late-401**: what happened. lib.py:1 `a < b`: because." in text
    assert "Not run: node x.mjs: node is not installed." in text


def test_the_page_is_one_file_with_every_cell() -> None:
    page = scoreboard.page([a_card(late_401=RaceOutcome.LOST)], [])
    assert "http" not in re.sub(r'http-equiv|content="[^"]*"', "", page)
    assert '<td class="lost" title="lost: what happened" aria-label="lost">✗</td>' in page
    assert page.count('<th scope="col"') == len(RACES)
    assert "<p>lib.py:1 <code>a &lt; b</code>: because</p>" in page
    assert "Not run" not in page


def test_the_board_is_written_from_stored_cards(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep(a_card(late_401=RaceOutcome.LOST), tmp_path / "cards/a.json")
    (tmp_path / "clients.txt").write_text("# a comment\npython driver.py\nnode other.mjs\n")
    where = [f"--{name}={tmp_path / file}" for name, file in (("cards", "cards"), ("clients", "clients.txt"))]
    pages = [f"--markdown={tmp_path / 'board.md'}", f"--html={tmp_path / 'board.html'}"]
    assert main(["scoreboard", *where, *pages]) == 0
    assert "not run: node other.mjs: there is no card of it" in capsys.readouterr().out
    assert "a client 1.0" in (tmp_path / "board.md").read_text()
    (tmp_path / "cards/b.json").write_text("{}")
    assert main(["scoreboard", *where, *pages]) == 2
    assert "b.json is no score card" in capsys.readouterr().err


def test_clients_that_cannot_run_here_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "clients.txt").write_text("no-such-program x\n")
    where = [f"--cards={tmp_path}", f"--clients={tmp_path / 'clients.txt'}"]
    assert main(["scoreboard", "--run", *where]) == 2
    assert "holds no card" in capsys.readouterr().err
