"""What a line says to run next works from where its reader stands."""

import sys
from pathlib import Path

import pytest

from race401.harness.commands.called import called


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The script of an installation."""
    script = tmp_path / "bin" / "race401"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    return script


@pytest.mark.parametrize(("path", "words"), [("bin", "race401"), ("elsewhere", "bin/race401")])
def test_the_name_alone_where_the_shell_finds_it(
    script: Path, monkeypatch: pytest.MonkeyPatch, path: str, words: str
) -> None:
    """With the venv active it is on the path; without, its reader called it by its place."""
    monkeypatch.chdir(script.parent.parent)
    monkeypatch.setenv("PATH", str(script.parent.parent / path))
    monkeypatch.setattr(sys, "argv", ["bin/race401", "card"])
    assert called() == words


def test_another_race401_on_the_path_is_not_meant(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(script.parent))
    monkeypatch.setattr(sys, "argv", ["other/race401", "card"])
    assert called() == "other/race401"


@pytest.mark.parametrize(
    ("argv", "words"),
    [("harness/__main__.py", f"{sys.executable} -m race401.harness"), ("bin/pytest", "race401")],
)
def test_other_ways_to_call_it(monkeypatch: pytest.MonkeyPatch, argv: str, words: str) -> None:
    monkeypatch.setattr(sys, "argv", [argv])
    assert called() == words
