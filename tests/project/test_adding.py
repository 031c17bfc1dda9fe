"""To add a knob, a world's setting or a race: one field or value, in a copy of the package, and it is everywhere."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from race401.harness.fixtures.server import SETTINGS
from race401.mock_api.rules.worlds import OPTIONS

ROOT = Path(__file__).parents[2]
KNOB = '    impatient: bool = knob(False, unseen="planted")\n    """Planted."""\n'
SETTING = '    grudge: float = option(0.0, "how long it bears one, in s", least=2.0)\n    """Planted."""\n'
RACE = """    Race(
        "nothing-happens",
        "one call, and no race",
        (SignIn(), Burst(1)),
        covers="condition",
        ideal=0,
    ),
"""


class Copy:
    """The package's source in another folder, to be changed and run."""

    def __init__(self, folder: Path) -> None:
        self.package = folder / "race401"
        for room in (each.name for each in (ROOT / "src/race401").iterdir() if each.is_dir()):
            shutil.copytree(ROOT / room, self.package / room, ignore=shutil.ignore_patterns("__pycache__"))
        self.folder = folder

    def insert(self, path: str, before: str, text: str) -> None:
        """Put a text before another, which stands in the file once."""
        file = self.package / path
        source = file.read_text()
        assert source.count(before) == 1
        file.write_text(source.replace(before, text + before))

    def python(self, *words: str, code: int = 0) -> str:
        """Run Python with these words over the copy; return what it printed."""
        env = {**os.environ, "PYTHONPATH": str(self.folder), "COLUMNS": "150"}
        done = subprocess.run(
            [sys.executable, *words], capture_output=True, text=True, env=env, cwd=self.folder, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def race401(self, *words: str, code: int = 0) -> str:
        """Run the command."""
        return self.python("-m", "race401.harness", *words, code=code)


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """A fresh copy."""
    return Copy(tmp_path / "src")


def test_a_knob_is_one_field(copy: Copy) -> None:
    """Policies are turned by it, manifests hold it, and the ablation says why it is not seen, without exploring."""
    copy.insert("harness/tokens/policy.py", "    # --- the background auto-refresh ---", KNOB)
    shown = copy.python(
        "-c",
        "from race401.harness.tokens.named import policy; from race401.harness.tokens.policy import knobs;"
        "print(knobs(policy('fixed:impatient=true')))",
    )
    assert "'impatient': True" in shown
    assert "impatient is left out: planted" in copy.race401("ablate", "--kept")


def test_a_worlds_setting_is_one_field(copy: Copy) -> None:
    """The command line of the mock has it, and world files, with one rule for what is right."""
    copy.insert("mock_api/rules/worlds.py", "    latency: float = 0.0\n", SETTING)
    assert "how long it bears one, in s" in copy.race401("serve", "--help")
    wrong = "must be a number of seconds, 2 or more"
    assert f"--grudge 1: {wrong}" in copy.race401("serve", "--grudge", "1", code=2)
    file = copy.folder / "worlds.toml"
    file.write_text("[mine]\ngrudge = 1\n")
    assert f"[mine] grudge = 1: {wrong}" in copy.race401("worlds", "--worlds", str(file), code=2)
    file.write_text("[mine]\ngrudge = 2\n")
    assert "mine" in json.loads(copy.race401("worlds", "--json", "--worlds", str(file)))


def test_a_race_is_one_value(copy: Copy) -> None:
    """A card runs it, by its name and among all, and says what it is about."""
    copy.insert("harness/card/races.py", '    Race(\n        "three-tabs",\n', RACE)
    assert "nothing-happens" in copy.race401("card", "--help")
    driver = str(ROOT / "drivers/template.py")
    card = json.loads(copy.race401("card", "--json", "--race", "nothing-happens", "--", sys.executable, driver))
    (result,) = card["results"]
    assert (result["race"], result["outcome"]) == ("nothing-happens", "survived")


def test_a_scenario_is_one_file(copy: Copy) -> None:
    """`make scenarios` plays it with the others, and a locustfile of that name is there for locust."""
    folder = copy.package / "scenarios"
    (folder / "planted.py").write_text((folder / "late_401.py").read_text().replace('"late-401"', '"planted"'))
    names = (
        "from race401.scenarios.__main__ import NAMES, scenario; print(NAMES, list(scenario('planted').conditions))"
    )
    shown = copy.python("-c", names)
    assert "'planted'" in shown
    assert shown.rstrip().endswith("['planted']")


def test_the_fixtures_know_the_options_of_the_mock() -> None:
    """They may not import it; `worlds` names a file besides."""
    assert set(SETTINGS) == {*OPTIONS, "worlds"}
