"""`race401` itself: its help, its answers to wrong usage, and what it imports for them."""

import ast
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from actions import ROOT

from race401.harness.__main__ import main
from race401.harness.commands import COMMANDS

FOLDER = ROOT / "harness" / "commands"
IMPORTED = """
import sys
before = set(sys.modules)
from race401.harness.__main__ import main
for words in sys.argv[1:]:
    try:
        main(words.split())
    except SystemExit:
        pass
    print("\\nimported:", *sorted(set(sys.modules) - before))
"""
OWN = {"race401", "race401.harness", "race401.harness.__main__"}
OWN |= {"race401.harness.commands", "race401.harness.commands.errors"}
OWN |= {f"race401.harness.reporting{name}" for name in ("", ".progress", ".streams", ".terminal")}


def beyond(*commands: str) -> dict[str, set[str]]:
    """What each of these makes a fresh interpreter import, beyond Python's own modules and the command line's few.

    They run in turn, in one process: what one imports, the later ones have, too.
    """
    done = subprocess.run([sys.executable, "-c", IMPORTED, *commands], capture_output=True, text=True, check=True)
    lines = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("imported:")]
    own = [{name for name in line if name.split(".")[0] not in sys.stdlib_module_names} - OWN for line in lines]
    return dict(zip(commands, own, strict=True))


HELPS = ["", "--help", "--version", "jugde", "--bogus", "judge-not --help"]


@pytest.fixture(scope="module")
def helped() -> dict[str, set[str]]:
    """What was imported when each of these had answered."""
    return beyond(*HELPS)


@pytest.mark.parametrize("words", HELPS)
def test_help_and_wrong_usage_import_no_command(words: str, helped: dict[str, set[str]]) -> None:
    """Nor any library: they cost what starting Python costs."""
    assert helped[words] == set()


SLOW = {
    "click",
    "cryptography",
    "fastapi",
    "httpx",
    "jinja2",
    "joserfc",
    "locust",
    "pydantic",
    "starlette",
    "uvicorn",
}
HANDS_ON = {"burst"}  # every word goes to locust


SOME = "worlds --json"  # needs some of them once it runs, so that the cases could fail


@pytest.fixture(scope="module")
def imported() -> dict[str, set[str]]:
    """By command, asked wrongly: what was imported when it had answered. At the end one that does its work."""
    return beyond(*(f"{name} --bogus" for name in COMMANDS if name not in HANDS_ON), SOME)


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in HANDS_ON])
def test_a_commands_own_wrong_usage_imports_that_command_and_no_slow_library(
    name: str, imported: dict[str, set[str]]
) -> None:
    """What it needs beyond its options, it imports when it runs."""
    own = imported[f"{name} --bogus"]
    assert f"race401.harness.commands.{name}" in own
    assert not {module.split(".")[0] for module in own} & SLOW


def test_an_import_of_a_slow_library_would_be_seen(imported: dict[str, set[str]]) -> None:
    assert "joserfc" in {module.split(".")[0] for module in imported[SOME]}


def listed(told: str) -> str:
    """Help without its line breaks."""
    return " ".join(told.split())


def test_help_tells_what_each_command_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    told = listed(capsys.readouterr().out)
    assert all(f"{name} {about}" in told for name, about in COMMANDS.items())


def test_no_word_at_all_shows_the_help_and_is_no_pass(capsys: pytest.CaptureFixture[str]) -> None:
    """In a script, `race401 $WHAT` with WHAT unset has judged nothing."""
    assert main([]) == 2
    assert "COMMAND" in capsys.readouterr().out


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("race401 0.")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["jugde"], "race401: there is no command 'jugde'; did you mean judge?"),
        (["Judge"], "race401: there is no command 'Judge'; did you mean judge?"),
        (["xyzzy"], f"race401: there is no command 'xyzzy'; there are {', '.join(COMMANDS)}"),
        ([""], f"race401: there is no command ''; there are {', '.join(COMMANDS)}"),
        (["--bogus"], "race401: unrecognized arguments: --bogus; see race401 --help"),
        (
            ["explore", "--polcy", "x"],
            "race401 explore: unrecognized arguments: --polcy x; did you mean --policy? see race401 explore --help",
        ),
        (
            ["judge", "--jsn=x"],
            "race401 judge: unrecognized arguments: --jsn=x; did you mean --json? see race401 judge --help",
        ),
        (["judge", "--bogus"], "race401 judge: unrecognized arguments: --bogus; see race401 judge --help"),
        (["replay"], "race401 replay: the following arguments are required: token; see race401 replay --help"),
    ],
)
def test_wrong_usage_gets_one_line_and_a_2(words: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what is wrong, and what is right or where that stands."""
    try:
        code: Any = main(words)
    except SystemExit as ended:
        code = ended.code
    said = capsys.readouterr()
    assert (code, said.err, said.out) == (2, line + "\n", "")


def modules(folder: Path) -> set[str]:
    """The modules that are commands: they have both `add` and `run`."""
    trees = {path.stem: ast.parse(path.read_text()) for path in folder.glob("*.py")}
    functions = {
        name: {each.name for each in tree.body if isinstance(each, ast.FunctionDef)} for name, tree in trees.items()
    }
    return {name for name, found in functions.items() if {"add", "run"} <= found}


def test_every_command_is_in_the_table_and_every_line_of_it_is_a_command(tmp_path: Path) -> None:
    """A module whose line was forgotten is found; one that only helps others is none."""
    assert modules(FOLDER) == set(COMMANDS)
    (tmp_path / "forgotten.py").write_text("def add(parser): ...\ndef run(given): ...\n")
    (tmp_path / "helps.py").write_text("def add(parser): ...\n")
    assert modules(tmp_path) == {"forgotten"}


def test_every_command_says_more_in_its_own_help() -> None:
    """Its docstring is what that begins with."""
    trees = {name: ast.parse((FOLDER / f"{name}.py").read_text()) for name in COMMANDS}
    assert all((ast.get_docstring(tree) or "").startswith(f"`race401 {name}") for name, tree in trees.items())


def table() -> str:
    """The commands as the reference has them."""
    return "".join(f"| `{name}` | {about} |\n" for name, about in COMMANDS.items())


def test_the_reference_has_the_table_word_for_word() -> None:
    assert f"|---|---|\n{table()}\n" in (ROOT / "docs" / "reference.md").read_text()


def test_a_command_is_added_by_its_module_and_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Then help lists it, a near miss names it, it runs, its exit code counts, and the reference wants its line."""
    hello = ModuleType("race401.harness.commands.hello", "`race401 hello NAME`: greet.")
    vars(hello).update(add=lambda parser: parser.add_argument("name"), run=lambda given: sys.stdout.write(given.name))
    monkeypatch.setitem(sys.modules, hello.__name__, hello)
    monkeypatch.setitem(COMMANDS, "hello", "greet somebody")
    assert main(["hello", "Ada"]) == len("Ada")
    assert main(["helo"]) == 2
    main([])
    said = capsys.readouterr()
    assert said.out.startswith("Ada")
    assert "hello greet somebody" in listed(said.out)
    assert "did you mean hello?" in said.err
    assert "| `hello` | greet somebody |\n" in table()
    with pytest.raises(SystemExit):
        main(["hello", "--help"])
    assert "`race401 hello NAME`: greet." in capsys.readouterr().out
