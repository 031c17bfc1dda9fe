"""Rows that fit: what commands print in terminals of 80, 120 and 200 columns, with colour and without."""

import contextlib
import re
import signal
from argparse import Namespace
from pathlib import Path

import httpx
import pytest
from actions import ROOT
from ledgers import reproduced
from modelled import modelled
from played import played
from runfolders import run_in, stored, worse
from terminals import RACE401, Terminal, each_in_a_terminal, in_a_terminal, too_long, unpainted

from race401.harness.__main__ import Parser
from race401.harness.card import show
from race401.harness.card.record import load as load_card
from race401.harness.commands import COMMANDS
from race401.harness.commands.explore import add_scenario, scenario_of
from race401.harness.explore.core.schedule import choices_of
from race401.harness.explore.core.search import Search
from race401.harness.explore.core.stage import Stage
from race401.harness.explore.core.token import encode
from race401.harness.judge.compare import compare
from race401.harness.judge.evidence import load
from race401.harness.judge.summary import summarise
from race401.harness.judge.thresholds import Thresholds
from race401.harness.judge.verdict import judge
from race401.harness.probe import show as probe_show
from race401.harness.reporting import comparison, console, progress, terminal
from race401.harness.tokens.policy import POLICIES
from race401.mock_api.rules import issuer
from race401.mock_api.rules.worlds import WORLDS

WIDTHS = (80, 120, 200)


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


EXPLORED = ("explore", "--policy", "pre-fix", "--callers", "2")
OWN_TERMINAL = {"burst", "card", "completion", "probe", "proxy", "serve"}  # a test of their own, or for no terminal


def asked(*words: str) -> Namespace:
    """What these words ask the explorer for."""
    parser = Parser()
    add_scenario(parser)
    return parser.parse_args(words)


def ran(folder: Path) -> list[tuple[str, ...]]:
    """Every command that ends soon, as people run it."""
    for name, run in (("a", reproduced()), ("b", worse())):
        run_in(str(folder / name), run)
    (folder / "burst").mkdir()
    stored(folder / "burst", played("burst"))
    (folder / "clients").write_text("")
    (folder / "cards").symlink_to(ROOT / "reports" / "cards")
    (folder / "samples").symlink_to(ROOT / "tests" / "incident" / "samples")
    scenario, world = scenario_of(asked(*EXPLORED[1:]))
    search = Search(Stage(scenario, world, issuer))
    path = max((each.path for each in search.run().found.values()), key=len)
    token = encode(scenario, world.name, world.lifetime, choices_of(search.stage, path), POLICIES)
    pages = ("--markdown=board.md", "--html=board.html")
    return [
        ("judge", "burst"),
        ("judge", "b/ledger.jsonl"),
        ("judge", "--checks"),
        ("diagnose", "samples/mission.har"),
        ("report", "burst"),
        ("compare", "a", "b"),
        ("bless", "a", "--yes", "--baseline", "baseline.json"),
        ("watch", "samples/race401-tokens.log"),
        ("scoreboard", "--cards=cards", "--clients=clients", *pages),
        ("worlds",),
        ("dialects",),
        EXPLORED,
        ("replay", token),
        ("ablate", "--kept"),
        ("judge", "burst", "--quiet"),
    ]


WRONG = [("jugde",), ("judge", "--bogus"), ("card", "--race", "mars", "--", "true"), ("judge", "no/such/run " * 9)]


def test_no_row_of_a_command_is_wrapped(tmp_path: Path) -> None:
    """Through a pseudo-terminal, which says how wide it is and is coloured; help and what goes wrong, too."""
    commands = ran(tmp_path)
    assert {words[0] for words in commands} == set(COMMANDS) - OWN_TERMINAL
    helped = [("--help",), *((name, "--help") for name in COMMANDS if name != "burst")]
    asked = [*commands, *helped, *WRONG]
    for words, (text, code) in zip(asked, each_in_a_terminal(80, asked, tmp_path), strict=True):
        assert too_long(text, 80) == [], words
        assert (code == 2) is (words in WRONG), text
        assert words != EXPLORED or "\x1b[1;31mviolation" in text


@pytest.mark.parametrize("columns", [120, 200])
def test_what_draws_tables_fits_wider_terminals_too(columns: int, tmp_path: Path) -> None:
    drawn = [words for words in ran(tmp_path) if words[0] in {"judge", "compare", "dialects", "explore", "ablate"}]
    for words, (text, _) in zip(drawn, each_in_a_terminal(columns, drawn, tmp_path), strict=True):
        assert too_long(text, columns) == [], words


def test_a_row_that_is_wrapped_would_be_seen() -> None:
    """Planted: one column too many, in colour, or as a line that was there before."""
    assert too_long("\x1b[1m" + "x" * 80 + "\x1b[0m\r\n", 80) == []
    assert too_long("\x1b[1m" + "x" * 81 + "\x1b[0m\r\n", 80) == ["x" * 81]
    assert too_long("\r\x1b[K" + "x" * 81 + "\r\x1b[Kdone", 80) == ["x" * 81]


@pytest.mark.parametrize("columns", WIDTHS)
def test_no_row_of_a_card_is_wrapped(columns: int) -> None:
    """A client's, with all its stories, and a server's."""
    for path in sorted((ROOT / "reports" / "cards").glob("*.json")):
        assert too_long(show.card(load_card(path), width=columns, color=True), columns) == [], path
    assert too_long(probe_show.card(modelled(WORLDS["toctou"]), columns, color=True), columns) == []


@pytest.mark.parametrize("words", [("serve", "--port", "0"), ("proxy", "--target", "http://127.0.0.1:9")])
def test_no_row_of_what_serves_is_wrapped(words: tuple[str, ...], tmp_path: Path) -> None:
    """From its address to its last counts."""
    more = ("--ledger", str(tmp_path / "l")) if words[0] == "proxy" else ()
    with Terminal(80, (*RACE401, *words, *more)) as screen:
        (url,) = re.findall(
            r"^race401 \w+ at (\S+)", screen.until("requests: 0" if more == () else "Ctrl-C ends it.")
        )
        with contextlib.suppress(httpx.ReadError):  # from behind the proxy nobody answers
            httpx.get(f"{url}/contacts", trust_env=False)  # it serves by now
        screen.process.send_signal(signal.SIGINT)
        said = unpainted(screen.rest())
    copied = ("judge it: ", str(tmp_path))  # a command, and a path, however long that is
    text = "\n".join(line for line in said if not any(each in line for each in copied))
    assert too_long(text, 80) == []
    assert "requests: 1" in text


def test_no_row_of_the_burst_is_wrapped() -> None:
    """Its help here; its verdict above; its line of progress, however much there is to say."""
    assert too_long(in_a_terminal(80, "burst", "--help"), 80) == []
    assert len(progress.cut("x" * 500, 80)) == 79
    assert len(progress.cut("x" * 500, 0)) == 79


@pytest.mark.slow
def test_no_row_of_a_burst_that_runs_is_wrapped(tmp_path: Path) -> None:
    """From its first line to the report's address, the progress line included."""
    load = ("burst", "-u", "9", "-r", "9", "-t", "6s", "--reports", str(tmp_path))
    text = in_a_terminal(80, *load)
    rows = [row for row in too_long(text, 80) if str(tmp_path) not in row]  # a path, to copy
    assert rows == []
    assert "401s that the app saw" in text


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
