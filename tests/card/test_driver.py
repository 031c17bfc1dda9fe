"""The driver's life: it answers line by line, and how it ends is told."""

from pathlib import Path

import pytest
from cards import SILENT, python

from race401.harness.__main__ import main
from race401.harness.card.driver import Driver, DriverFailed, last_words


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
        driver.command("begin /a")


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
        (["no-such-program"], "no-such-program: it cannot be started: No such file or directory"),
        (python("pass"), "it ended at `hello` (exit 0); a driver answers with one line of JSON"),
        (python("print('hi'); input()"), """it answered `hello` with 'hi'"""),
        (python("print('{}'); input()"), "Object missing required field `client`"),
        (
            python("""print('{"client": "x", "world": "mars"}'); input()"""),
            "it names the world 'mars'; known: supabase",
        ),
        (
            python("""print('{"client": "x", "claims": ["single_flight", "retry-on-401"]}'); input()"""),
            "it claims 'retry-on-401'; known: single_flight, retry_on_401, ",
        ),
        (
            python("""print('{"client": "x", "can": ["signout"]}'); input()"""),
            "it says that it can 'signout'; known: sign_out, tabs, post",
        ),
    ],
)
def test_what_is_no_driver_is_refused(command: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["card", "--", *command]) == 2
    assert said in capsys.readouterr().err
