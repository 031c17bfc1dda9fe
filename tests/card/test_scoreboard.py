"""The scoreboard and its page, made from score cards."""

import re
from pathlib import Path

import pytest
from cards import a_card

from race401.harness.__main__ import main
from race401.harness.card import scoreboard
from race401.harness.card.judging import RaceOutcome
from race401.harness.card.races import RACES
from race401.harness.card.record import keep, load, slug
from race401.harness.commands.boards import stored_board
from race401.harness.reporting.placed import placed

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("outcome", "mark"),
    [
        (RaceOutcome.SURVIVED, "✓"),
        (RaceOutcome.WASTEFUL, "~ 1"),
        (RaceOutcome.LOST, "✗"),
        (RaceOutcome.NOT_CLAIMED, "x"),
        (RaceOutcome.NOT_ASKED, "-"),
    ],
)
def test_each_outcome_has_a_mark_of_its_own(outcome: RaceOutcome, mark: str) -> None:
    """Lost looks lost, and waste is no plain tick."""
    result = a_card(sign_out=outcome).results[0]
    result.exchanges = 1
    assert scoreboard.cell(result) == mark
    assert set(scoreboard.MARKS) == set(RaceOutcome)
    assert all(each in scoreboard.LEGEND for each in scoreboard.MARKS.values())


def test_nobody_is_ranked_across_worlds() -> None:
    """A client that loses in a severe world stands in a table of its own, not below those of a forgiving one."""
    lost, survived = a_card("severe", late_401=RaceOutcome.LOST), a_card("forgiving", late_401=RaceOutcome.SURVIVED)
    survived.world = "supabase"
    text = scoreboard.table([lost, survived])
    assert text.count("| survived |") == 2
    assert text.index("in `rfc9700`") < text.index("severe") < text.index("in `supabase`") < text.index("forgiving")
    assert slug(survived) == "forgiving-in-supabase"
    page = scoreboard.page([lost, survived], [])
    assert page.index(">in rfc9700<") < page.index(">severe") < page.index(">in supabase<") < page.index(">forgiving")


def test_the_board_ranks_clients_and_says_what_it_costs() -> None:
    worse, better = a_card("worse", late_401=RaceOutcome.LOST), a_card("better", late_401=RaceOutcome.SURVIVED)
    text = scoreboard.markdown([worse, better], ["node x.mjs: node is not installed"])
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert [row.split(" | ")[0] for row in rows[1:]] == ["| better 1.0", "| worse 1.0"]
    assert "| 1 of 1, late-401 ✓ 3 |  |" in rows[1]
    assert "| late-401 ✗ |" in rows[2]
    assert {row.count("|") for row in rows} == {6}, "a column for each race is wider than a page"
    assert "* **worse 1.0, late-401**: what happened. lib.py:1 `a < b`: because." in text
    assert "Not run: node x.mjs: node is not installed." in text


def test_the_page_is_one_file_with_every_cell() -> None:
    page = scoreboard.page([a_card(late_401=RaceOutcome.LOST)], [])
    assert "http" not in re.sub(r'http-equiv|content="[^"]*"', "", page)
    why = "lib.py:1 `a &lt; b`: because"
    assert f'<td class="lost" title="lost: what happened. {why}" aria-label="lost">✗</td>' in page
    assert page.count('<th scope="col"') == len(RACES)
    assert "<p>lib.py:1 <code>a &lt; b</code>: because</p>" in page
    assert "Not run" not in page


def test_the_committed_page_says_what_the_stored_cards_say() -> None:
    """Word for word; what stands around the tables is written by hand."""
    clients = [line for line in (ROOT / "drivers/clients.txt").read_text().splitlines() if not line.startswith("#")]
    board, page = stored_board(clients, ROOT / "reports/cards"), (ROOT / "docs/scoreboard.md").read_text()
    assert placed(page, "clients", scoreboard.markdown(board.cards, board.missing)) == page


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("# Mine\n\n<!-- a: begin -->\n\nold\n<!-- a: end -->\nand more\n", "# Mine\n\n{}and more\n"),
        ("# Mine\n\n<!-- a: begin -->\n\nold\n", "{}"),
        ("# Mine\n\n<!-- b: begin -->\n\nold\n<!-- b: end -->\n", "{}"),
        ("", "{}"),
    ],
    ids=["both markers", "one", "of another", "no page"],
)
def test_a_part_goes_between_its_markers(text: str, after: str) -> None:
    part = "<!-- a: begin -->\n\nnew\n<!-- a: end -->\n"
    assert placed(text, "a", "new\n") == after.format(part)
    assert placed(part, "a", "new\n") == part


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


DRIVER = """
import sys
for line in sys.stdin:
    hello = '{"client": "planted", "world": "supabase", "protocol": 1}'
    print(hello if line == "hello\\n" else "ok", flush=True)
"""


def test_one_race_is_made_anew_and_the_others_stay_as_they_were(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In both worlds: its own, and the one in which all clients race. What is said is of that race alone."""
    (tmp_path / "driver.py").write_text(DRIVER)
    command = f"python {tmp_path / 'driver.py'}"
    (tmp_path / "clients.txt").write_text(command + "\n")
    for world in ("supabase", "rfc9700"):
        card = a_card("planted", **{race.name.replace("-", "_"): RaceOutcome.SURVIVED for race in RACES})
        card.introduction.world, card.world, card.command = "supabase", world, command
        keep(card, tmp_path / "cards" / f"{slug(card)}.json")
    where = [f"--{name}={tmp_path / file}" for name, file in (("cards", "cards"), ("clients", "clients.txt"))]
    pages = [f"--markdown={tmp_path / 'board.md'}", f"--html={tmp_path / 'board.html'}"]
    assert main(["scoreboard", "--run", "--only", "driver", "--race", "late-401", *where, *pages]) == 0
    assert capsys.readouterr().out.count("planted: of 1 race 1 ") == 2
    for name, world in (("planted", "supabase"), ("planted-in-rfc9700", "rfc9700")):
        made = load(tmp_path / "cards" / f"{name}.json")
        outcomes = {result.race: result.outcome for result in made.results}
        assert list(outcomes) == [race.name for race in RACES]
        assert {race for race, each in outcomes.items() if each is not RaceOutcome.SURVIVED} == {"late-401"}
        assert (made.world, made.results[-1].world) == (world, "rfc9700")
    assert main(["scoreboard", "--run", "--only", "nobody", *where]) == 2


def test_one_race_alone_makes_no_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "driver.py").write_text(DRIVER)
    (tmp_path / "clients.txt").write_text(f"python {tmp_path / 'driver.py'}\n")
    where = [f"--cards={tmp_path / 'cards'}", f"--clients={tmp_path / 'clients.txt'}"]
    keep(a_card("another"), tmp_path / "cards/another.json")
    pages = [f"--markdown={tmp_path / 'board.md'}", f"--html={tmp_path / 'board.html'}"]
    assert main(["scoreboard", "--run", "--race", "late-401", *where, *pages]) == 0
    assert "there is no card of it in supabase yet" in capsys.readouterr().out
    assert [path.name for path in (tmp_path / "cards").iterdir()] == ["another.json"]
