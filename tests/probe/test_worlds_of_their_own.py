"""A world that a probe wrote is explored, replayed and raced in, as a shipped one is."""

import json
import shlex
import sys
from pathlib import Path

import pytest
from actions import ROOT
from modelled import modelled

from race401.harness.__main__ import main
from race401.harness.probe.settings import toml
from race401.mock_api.rules.worlds import WORLDS

DRIVER = [sys.executable, str(ROOT / "drivers" / "python" / "race401_policy.py"), "hardened"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The world of `rfc9700`'s card, under a name of its own."""
    path = tmp_path / "mine.toml"
    path.write_text(toml("mine", modelled(WORLDS["rfc9700"])))
    return path


def test_it_is_explored_and_its_schedules_replayed(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed as the way to replay one works as it is."""
    code = main(["explore", "--policy", "pre-fix", "--world", "mine", "--worlds", str(file), "--brief"])
    out = capsys.readouterr().out
    assert code == 1
    assert out.startswith("pre-fix in mine: ")
    again = next(line for line in out.splitlines() if "again:" in line).partition(" replay ")[2]
    assert main(["replay", *shlex.split(again)]) == 1
    assert "pre-fix in mine, " in capsys.readouterr().out


def test_a_client_races_in_it(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The mock that a card starts has it, too."""
    words = ["card", "--race", "concurrent-expiry", "--world", "mine", "--worlds", str(file), "--json"]
    main([*words, "--keep", str(tmp_path), "--", *DRIVER])
    (result,) = json.loads(capsys.readouterr().out)["results"]
    assert result["world"] == "mine"
    assert result["exchanges"] > 0


@pytest.mark.parametrize("command", ["explore", "card"])
def test_a_world_that_is_none_gets_one_line(command: str, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what may have been meant; so does a file that is none."""
    driver = ["--", "true"] if command == "card" else []
    assert main([command, "--world", "mien", "--worlds", str(file), *driver]) == 2
    assert "--world mien: there is no such world; did you mean mine?" in capsys.readouterr().err
    assert main([command, "--worlds", str(file.parent / "none.toml"), *driver]) == 2
    assert "No such file" in capsys.readouterr().err
