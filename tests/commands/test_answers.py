"""`--json` and `--quiet`: one shape and one line, of each command with a verdict, as docs/json.md has it."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from actions import ROOT
from probed import sign_in
from runfolders import run_in, worse

from race401.harness.__main__ import main
from race401.harness.card.mock import Mock
from race401.harness.judge.findings import Value
from race401.harness.load import help  # noqa: A004 - it is what the word says
from race401.harness.reporting import answer
from race401.harness.reporting.answer import Answer

HEAD = ["format", "kind", "verdict", "exit_code", "sentence", "findings"]
DOCS = (ROOT / "docs" / "json.md").read_text()
SAMPLES = ROOT / "tests" / "incident" / "samples"
DRIVER = [sys.executable, str(ROOT / "drivers" / "template.py")]


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs, in the folder that commands are called in."""
    run_in(str(tmp_path / "a"))
    run_in(str(tmp_path / "b"), worse())
    monkeypatch.chdir(tmp_path)


def ran(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """The exit code, and what is on standard output."""
    code = main(list(words))
    return code, capsys.readouterr().out


CASES = [
    ("judge", "a"),
    ("judge", "b"),
    ("compare", "a", "b"),
    ("explore", "--policy", "pre-fix"),
    ("explore", "--policy", "hardened"),
    ("explore", "--max-states", "3"),
    ("diagnose", str(SAMPLES / "mission.har"), "--page", "page.html"),
    ("watch", str(SAMPLES / "race401-tokens.log")),
]


@pytest.mark.usefixtures("folders")
@pytest.mark.parametrize("words", CASES, ids=" ".join)
def test_both_forms_say_the_same_and_exit_as_the_text_does(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """JSON alone on standard output, with the documented head and what is documented beside it; then one line."""
    code, text = ran(capsys, *words)
    in_json, printed = ran(capsys, *words, "--json")
    told = json.loads(printed)
    assert list(told)[: len(HEAD)] == HEAD
    assert (told["format"], told["kind"], told["exit_code"], in_json) == (1, words[0], code, code)
    assert {"PASS": 0, "FAIL": 1, "UNKNOWN": 3}[told["verdict"]] == code
    assert all(set(each) == {"check", "value", "sentence", "condition", "role", "rows"} for each in told["findings"])
    assert documented(words[0]) == set(list(told)[len(HEAD) :])
    assert ran(capsys, *words, "--quiet") == (code, told["sentence"] + "\n")
    assert told["sentence"].startswith(f"{told['verdict']}: ")
    assert text != printed


def documented(kind: str) -> set[str]:
    """The fields that the page names for this kind."""
    (line,) = re.findall(rf"^\| `{kind}` \| (.*) \|$", DOCS, re.MULTILINE)
    return set(re.findall(r"`(\w+)`", line)) - {"went"}


def test_a_card_has_the_shape(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """And is still the card; a race is a finding."""
    words = ("card", "--race", "concurrent-expiry", "--keep", str(tmp_path))
    code, printed = ran(capsys, *words, "--json", "--", *DRIVER)
    told = json.loads(printed)
    assert list(told)[: len(HEAD)] == HEAD
    assert (told["kind"], told["exit_code"]) == ("card", code)
    assert [each["check"] for each in told["findings"]] == ["concurrent-expiry"]
    assert told["results"][0]["race"] == "concurrent-expiry"


def test_a_probe_has_the_shape(capsys: pytest.CaptureFixture[str]) -> None:
    """Its time was too short for all questions: UNKNOWN, and the line says so."""
    with Mock(()) as mock:
        words = ("probe", f"{mock.url}/rfc9700/oauth/token", "--sign-in", sign_in(mock, "rfc9700"), "--budget", "1")
        code, printed = ran(capsys, *words, "--json")
    told: dict[str, Any] = json.loads(printed)
    assert list(told)[: len(HEAD)] == HEAD
    assert (told["kind"], told["verdict"], told["exit_code"], code) == ("probe", "UNKNOWN", 3, 3)
    assert {"rows", "server", "dialect"} <= set(told)


def test_what_is_not_judged_has_no_verdict() -> None:
    """As an ablation."""
    reply = Answer("ablate", None, "what each part does", beside={"rows": []})
    assert json.loads(reply.json())["verdict"] is None
    assert json.loads(reply.json())["exit_code"] == 0
    assert answer.render(reply, "line", str) == "what each part does"


def test_a_sentence_says_its_value_once() -> None:
    """A verdict's has it already."""
    assert Answer("judge", Value.FAIL, "FAIL: one 401").line() == "FAIL: one 401"
    assert Answer("card", Value.FAIL, "one lost").line() == "FAIL: one lost"


def test_the_bursts_words_are_ours_where_it_is_called_by_us() -> None:
    """Locust's own `--json` is another: it prints its statistics."""
    words = help.spelled(["burst", "--json", "-u", "9", "--quiet", "--help-all"])
    assert words == ["burst", "--verdict-as=json", "-u", "9", "--verdict-as=line", "--help"]
