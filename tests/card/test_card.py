"""Score cards of real programs: the template, the driver's life, and the pages made from cards."""

import json
import re
import sys
from importlib.util import find_spec
from pathlib import Path

import msgspec
import pytest

from race401.harness.__main__ import main
from race401.harness.card import scoreboard, show
from race401.harness.card.driver import Driver, DriverFailed, last_words
from race401.harness.card.exercised import EXERCISED
from race401.harness.card.judging import RaceOutcome, Result
from race401.harness.card.making import hello
from race401.harness.card.races import ABILITIES, CLAIMS, RACES
from race401.harness.card.record import Card, Introduction, keep, load, slug
from race401.ledger.entry import Entry

ROOT = Path(__file__).parents[2]
DRIVERS = ROOT / "drivers"
MINE = [path for path in DRIVERS.glob("*/*") if path.suffix in (".py", ".mjs") and path.stem != "protocol"]
SILENT = "import sys, json\nfor line in sys.stdin:\n  "


def python(script: str) -> list[str]:
    """A driver that is this script."""
    return [sys.executable, "-c", script]


def a_card(client: str = "a client", **outcomes: RaceOutcome) -> Card:
    """A card with these outcomes."""
    results = [
        Result(name.replace("_", "-"), "rfc9700", o, "what happened", 3, ideal=1) for name, o in outcomes.items()
    ]
    told = Introduction(client, "1.0", claims=["single_flight"], explains={"late-401": "lib.py:1 `a < b`: because"})
    return Card(told, "python driver.py", "0", results, 1.0)


# --- the driver ---


def test_a_driver_answers_line_by_line_and_quits(tmp_path: Path) -> None:
    with Driver(python(SILENT + "print(line.strip().upper(), flush=True)"), {}, tmp_path / "log") as driver:
        assert (driver.ask("hello"), driver.ask("begin /a /b")) == ("HELLO", "BEGIN /A /B")


NODE = """node:internal/modules/cjs/loader:1210
  throw err;
  ^

Error: Cannot find module '/my_driver.mjs'
    at Module._resolveFilename (node:internal/modules/cjs/loader:1207:15) {
  code: 'MODULE_NOT_FOUND',
  requireStack: []
}

Node.js v20.20.2
"""
PYTHON = """Traceback (most recent call last):
  File "driver.py", line 1, in <module>
    raise Boom
Boom: no
"""


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (NODE, "Error: Cannot find module '/my_driver.mjs'"),
        (PYTHON, "Boom: no"),
        ("  all\n  indented\n", "indented"),
        ("\n", ""),
    ],
    ids=["node", "python", "indented", "nothing"],
)
def test_the_last_words_are_those_that_say_why(log: str, words: str) -> None:
    assert last_words(log) == words


def test_a_driver_that_ends_is_told_with_its_last_words(tmp_path: Path) -> None:
    with (
        pytest.raises(DriverFailed, match=r"it ended at `sign-in` \(exit 7\): no such library"),
        Driver(
            python("import sys; input(); print('no such library', file=sys.stderr); sys.exit(7)"),
            {},
            tmp_path / "log",
        ) as d,
    ):
        d.ask("sign-in")


def test_an_answer_that_is_not_ok_is_no_answer(tmp_path: Path) -> None:
    with (
        pytest.raises(DriverFailed, match=r"it answered `begin` with 'a stray line', not `ok`"),
        Driver(python(SILENT + "print('a stray line', flush=True)"), {}, tmp_path / "log") as driver,
    ):
        driver.tell("begin /a")


def test_a_driver_without_an_answer_is_given_up_and_gone(tmp_path: Path) -> None:
    with (
        pytest.raises(DriverFailed, match=r"no answer to `end` within 0\.1 s"),
        Driver(python(SILENT + "pass"), {}, tmp_path / "log") as d,
    ):
        d.ask("end", within=0.1)
    assert d.exit_code == 0, "quit was not heard, the end of its input was"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["no-such-program"], "no-such-program: no-such-program cannot be started: No such file or directory"),
        (python("print('hi'); input()"), """it answered `hello` with 'hi'"""),
        (python("print('{}'); input()"), "Object missing required field `client`"),
        (
            python("""print('{"client": "x", "world": "mars"}'); input()"""),
            "it names the world 'mars'; known: supabase",
        ),
    ],
)
def test_what_is_no_driver_is_refused(command: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["card", "--", *command]) == 2
    assert said in capsys.readouterr().err


def test_wrong_usage_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["card"]) == 2
    assert main(["card", "--race", "mars", "--", "true"]) == 2
    assert "unknown race 'mars'; known: concurrent-expiry, slow-refresh" in capsys.readouterr().err


# --- a card ---


def outcomes(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, tuple[str, str]]:
    """The card's essence, from the command line."""
    main(["card", "--json", *arguments])
    return msgspec.json.decode(capsys.readouterr().out, type=Card).essence()


def test_a_naive_client(capsys: pytest.CaptureFixture[str]) -> None:
    """The template loses the burst and survives the late 401."""
    races = ["--race", "concurrent-401s", "--race", "late-401"]
    naive = outcomes(capsys, *races, "--", sys.executable, str(DRIVERS / "template.py"))
    assert naive["concurrent-401s"][0] == RaceOutcome.NOT_CLAIMED
    assert naive["concurrent-401s"][1].startswith("4 of 5 calls failed; the session was lost")
    assert naive["late-401"] == (RaceOutcome.SURVIVED, "2 exchanges where 1 would do, 2 401s on the wire")


@pytest.mark.slow
def test_a_whole_card(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Our fix as reported: it survives all that it claims but the sign-out, as the README says."""
    driver = [sys.executable, str(DRIVERS / "python/race401_policy.py"), "fixed"]
    card = outcomes(capsys, "--keep", str(tmp_path), "--", *driver)
    unclaimed = {"refresh-fails", "three-tabs"}
    assert {race for race, (outcome, _) in card.items() if outcome == RaceOutcome.LOST} == {"sign-out"}
    assert {race for race, (outcome, _) in card.items() if outcome == RaceOutcome.NOT_CLAIMED} == unclaimed
    assert {race for race, (outcome, _) in card.items() if outcome == RaceOutcome.SURVIVED} == (
        {race.name for race in RACES} - unclaimed - {"sign-out"}
    )


@pytest.mark.slow
def test_the_hardened_policy_survives_every_race(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    driver = [sys.executable, str(DRIVERS / "python/race401_policy.py"), "hardened"]
    card = outcomes(capsys, "--keep", str(tmp_path), "--", *driver)
    assert {race for race, (outcome, _) in card.items() if outcome == RaceOutcome.SURVIVED} == {r.name for r in RACES}


@pytest.mark.slow
@pytest.mark.parametrize("driver", [["template.py"], ["python/race401_policy.py", "fixed"]], ids=lambda d: d[-1])
def test_the_same_card_twenty_times(driver: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    command = [sys.executable, str(DRIVERS / driver[0]), *driver[1:]]
    cards = [outcomes(capsys, "--keep", str(tmp_path), "--", *command) for _ in range(20)]
    assert [card for card in cards if card != cards[0]] == []


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ([RaceOutcome.SURVIVED, RaceOutcome.NOT_CLAIMED], 0),
        ([RaceOutcome.SURVIVED, RaceOutcome.LOST, RaceOutcome.BROKE], 1),
        ([RaceOutcome.SURVIVED, RaceOutcome.BROKE], 3),
        ([RaceOutcome.SURVIVED, RaceOutcome.SILENT], 3),
        ([RaceOutcome.NOT_EXERCISED], 3),
    ],
)
def test_the_exit_code(found: list[RaceOutcome], code: int) -> None:
    assert a_card(**{f"race_{n}": outcome for n, outcome in enumerate(found)}).exit_code == code


def test_the_terminal_tells_the_story_of_what_was_lost() -> None:
    card = a_card(late_401=RaceOutcome.LOST, sign_out=RaceOutcome.SURVIVED)
    card.results[0].story = ["0.000 s  GET /contacts"]
    text = show.card(card)
    assert "late-401: a 401 arrives after its token was replaced\n  0.000 s  GET /contacts\n" in text
    assert "  why: lib.py:1 `a < b`: because\n  again: race401 card --race late-401 -- python driver.py" in text
    assert text.endswith("a client: of 2 races 1 survived, 1 lost; it took 1 s")


def test_what_to_run_again_works_as_it_stands() -> None:
    """It calls race401 as the reader did, and races in the same world."""
    card = a_card(late_401=RaceOutcome.LOST)
    assert "  again: .venv/bin/race401 card --race late-401 -- " in show.card(card, called=".venv/bin/race401")
    card.results[0].world = "supabase"
    assert "  again: race401 card --race late-401 --world supabase -- python driver.py" in show.card(card)
    card.results[0].race = "lost-answer"  # which has a world of its own
    assert "  again: race401 card --race lost-answer -- python driver.py" in show.card(card)


def test_a_card_is_kept_and_read_again(tmp_path: Path) -> None:
    card = a_card("A client (async)", late_401=RaceOutcome.LOST)
    path = tmp_path / "cards" / f"{slug(card.introduction)}.json"
    keep(card, path)
    assert path.name == "a-client-async.json"
    assert load(path) == card


# --- the scoreboard ---


def test_who_cannot_be_asked_is_told_from_who_lost() -> None:
    lost = a_card(sign_out=RaceOutcome.NOT_CLAIMED).results[0]
    assert scoreboard.cell(lost) == "-"
    lost.entries = [*lost.entries, Entry(1, "w", *(None,) * 4, "GET", "/", 0, 0, 401, *(None,) * 4)]
    assert scoreboard.cell(lost) == "○"


def test_the_board_ranks_clients_and_says_what_it_costs() -> None:
    worse, better = a_card("worse", late_401=RaceOutcome.LOST), a_card("better", late_401=RaceOutcome.SURVIVED)
    text = scoreboard.markdown([worse, better], ["node x.mjs: node is not installed"])
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert [row.split(" | ")[0] for row in rows[1:]] == ["| better 1.0", "| worse 1.0"]
    assert "| ✓ 3 |" in rows[1]
    assert "| ✗ |" in rows[2]
    assert "* **worse 1.0, late-401**: what happened. lib.py:1 `a < b`: because." in text
    assert "Not run: node x.mjs: node is not installed." in text
    assert text.startswith(scoreboard.BEGIN)
    assert text.endswith(scoreboard.END + "\n")


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
    (readme := tmp_path / "README.md").write_text(f"before\n{scoreboard.BEGIN}\nold\n{scoreboard.END}\nafter\n")
    where.append(f"--readme={readme}")
    pages = [f"--markdown={tmp_path / 'board.md'}", f"--html={tmp_path / 'board.html'}"]
    assert main(["scoreboard", *where, *pages]) == 0
    assert "not run: node other.mjs: there is no card of it" in capsys.readouterr().out
    assert "a client 1.0" in (tmp_path / "board.md").read_text()
    assert re.fullmatch(r"before\n<!-- .*\| a client 1\.0 .* -->\nafter\n", readme.read_text(), re.DOTALL)
    (tmp_path / "cards/b.json").write_text("{}")
    assert main(["scoreboard", *where, *pages]) == 2
    assert "b.json is no score card" in capsys.readouterr().err


def test_the_readmes_table_has_its_legend_and_no_losses() -> None:
    cards = [a_card(late_401=RaceOutcome.LOST)]
    text = scoreboard.placed(f"a\n{scoreboard.BEGIN}\n{scoreboard.END}\nb\n", cards)
    assert text == f"a\n{scoreboard.BEGIN}\n\n{scoreboard.table(cards)}\n\n{scoreboard.END}\nb\n"
    assert text == scoreboard.placed(text, cards), "again is the same"
    assert scoreboard.LEGEND in text
    assert "What was lost" not in text


@pytest.mark.parametrize("text", ["", "no markers\n", scoreboard.BEGIN, scoreboard.END + scoreboard.BEGIN])
def test_a_file_without_both_markers_is_left_alone(text: str) -> None:
    assert scoreboard.placed(text, [a_card(late_401=RaceOutcome.LOST)]) == text


def test_clients_that_cannot_run_here_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "clients.txt").write_text("no-such-program x\n")
    where = [f"--cards={tmp_path}", f"--clients={tmp_path / 'clients.txt'}"]
    assert main(["scoreboard", "--run", *where]) == 2
    assert "holds no card" in capsys.readouterr().err


# --- what is said of real clients ---


def test_every_driver_is_short_and_on_the_list() -> None:
    listed = (DRIVERS / "clients.txt").read_text()
    for path in MINE:
        assert len(path.read_text().splitlines()) < 64, path
        assert path.name in listed


def test_the_page_names_every_race_and_every_claim() -> None:
    page = (ROOT / "docs/your-client.md").read_text()
    for race in RACES:
        assert f"| `{race.name}` | {race.about} |" in page or race.name == "concurrent-expiry"
    assert all(f"| `{claim}` | {says} |" in page for claim, says in CLAIMS.items())


NUMBER = {13: "thirteen", 14: "fourteen", 15: "fifteen", 16: "sixteen", 17: "seventeen"}


@pytest.mark.parametrize("page", ["README.md", "docs/your-client.md"])
def test_a_page_that_numbers_the_races_says_how_many_there_are(page: str) -> None:
    assert f"{NUMBER[len(RACES)]} races" in (ROOT / page).read_text()


def test_every_race_covers_what_the_ledger_can_show() -> None:
    """And every claim and ability that it names is explained to whoever writes a driver."""
    for race in RACES:
        assert race.covers in EXERCISED
        assert race.claim is None or race.claim in CLAIMS
        assert race.ability is None or race.ability in ABILITIES


def told_by(path: Path, tmp_path: Path) -> Introduction:
    """What a driver says of its client."""
    extra = ["fixed"] if path.stem == "race401_policy" else []
    return hello(["node" if path.suffix == ".mjs" else sys.executable, str(path), *extra], tmp_path)


def source(path: str, driver: Path) -> Path:
    """A file of the library, below site-packages or node_modules."""
    if driver.suffix == ".mjs":
        return driver.parent / "node_modules" / path
    module = find_spec(path.partition("/")[0])
    assert module is not None
    assert module.submodule_search_locations
    return Path(module.submodule_search_locations[0]).parent / path


@pytest.mark.slow
@pytest.mark.elsewhere
@pytest.mark.parametrize("path", MINE, ids=lambda path: path.stem)
def test_each_reason_is_a_line_of_the_librarys_source(path: Path, tmp_path: Path) -> None:
    if path.suffix == ".mjs" and not (path.parent / "node_modules").exists():
        pytest.skip("the JavaScript clients are not installed: npm ci in drivers/node")
    told = told_by(path, tmp_path)
    assert told.docs
    assert set(told.claims) <= set(CLAIMS)
    for race, why in told.explains.items():
        assert race in {race.name for race in RACES}
        match = re.match(r"(\S+):(\d+) `([^`]+)`", why)
        assert match is not None, why
        assert match[3] in source(match[1], path).read_text().splitlines()[int(match[2]) - 1], f"{path}: {why}"


def test_the_cards_that_are_committed_are_of_the_listed_clients() -> None:
    commands = {json.loads(path.read_text())["command"] for path in (ROOT / "reports/cards").glob("*.json")}
    assert commands <= set((DRIVERS / "clients.txt").read_text().splitlines())


@pytest.mark.parametrize("path", sorted((ROOT / "reports/cards").glob("*.json")), ids=lambda path: path.stem)
def test_a_card_that_is_committed_holds_every_race_and_no_other(path: Path) -> None:
    """So that the scoreboard made from them has no empty column and leaves no race out."""
    assert [result.race for result in load(path).results] == [race.name for race in RACES]
