"""Scenarios: written from a diagnosis, played by locust; what they leave is diagnosed as what they were made from."""

import importlib.util
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from bounds import HANG
from diagnosing import standing_as
from incidents import BUILDERS
from naive import played
from recording import written
from shares import every
from theirs import left_open

from race401.harness.__main__ import main
from race401.harness.incident import scenario
from race401.harness.incident.circumstances import Circumstances
from race401.harness.incident.diagnosis import diagnose
from race401.harness.incident.gathering import gather
from race401.harness.incident.mechanisms import BY_NAME
from race401.harness.incident.readers.reader import How
from race401.harness.load.scenario import Scenario
from race401.mock_api.rules.worlds import WORLDS

LOADS = [name for name, mechanism in BY_NAME.items() if mechanism.play]
SCRIPTS = [name for name in BY_NAME if name not in LOADS]
NOT_TOLD = {"clock-skew", "rate-limit-storm"}  # a ledger has no clock of a client, and no `Retry-After`


def file_of(folder: Path, name: str, how: Circumstances | None = None) -> Path:
    """The locustfile of a mechanism."""
    source = scenario.source(BY_NAME[name], how or Circumstances(), "a.har")
    file = folder / f"{name}.py"
    file.write_text(source)
    return file


def loaded(file: Path) -> Scenario:
    """What it plays, as data."""
    spec = importlib.util.spec_from_file_location(f"played_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    played: Scenario = module.SCENARIO
    return played


@pytest.mark.parametrize("name", LOADS)
def test_it_is_a_scenario_with_what_was_seen(tmp_path: Path, name: str) -> None:
    """A world that there is, a client that shows it and one that does not, and the numbers of the incident."""
    how = Circumstances(lifetime=900.0, left=44.0, behind=77.0, wait=9.0)
    played = loaded(file_of(tmp_path, name, how))
    (condition,) = played.conditions.values()
    assert condition.world in WORLDS
    assert condition.control.is_a_race
    assert not condition.subject.is_a_race
    assert played.mock == ("--lifetime", "900")
    assert condition.left in (None, 44.0, 450.0)
    assert condition.skew in (0.0, -77.0)


def played_and_diagnosed(folder: Path, name: str) -> None:
    """The verdict is PASS: the race showed, and the fix holds. The ledger shows the mechanism."""
    words = [
        "--headless",
        "--skip-log-setup",
        "-u",
        "6",
        "-r",
        "6",
        "-t",
        "10s",
        "--reports",
        str(folder / "reports"),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "locust", "-f", str(file_of(folder, name)), *words],
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
    )
    assert "PASS" in done.stdout, done.stdout + done.stderr
    (run,) = (folder / "reports").iterdir()
    found = diagnose(gather([run / "ledger.jsonl"], How()))
    assert name in standing_as(found, "shown") or name in NOT_TOLD


@pytest.mark.slow
@pytest.mark.parametrize("name", LOADS)
def test_played_it_shows_what_it_was_made_from(tmp_path: Path, name: str) -> None:
    """By locust, as people would."""
    played_and_diagnosed(tmp_path, name)


def script_of(folder: Path, name: str, client: str) -> Path:
    """A script with such a client."""
    file = folder / f"{client}.py"
    file.write_text(played(name, client))
    return file


def ledger_of(folder: Path, name: str, client: str) -> Path:
    """What it leaves, run here: the process that starts mocks is this one's."""
    file = script_of(folder, name, client)
    with left_open():
        runpy.run_path(str(file), run_name="__main__")
    return file.with_suffix(".jsonl")


@pytest.mark.parametrize("name", every(3, [(name,) for name in SCRIPTS]))
def test_a_script_shows_what_it_was_made_from_and_with_a_sound_client_nothing(tmp_path: Path, name: str) -> None:
    """What no client has under load, a small one in the script has; a change of keys is seen with any."""
    shown = standing_as(diagnose(gather([ledger_of(tmp_path, name, "naive")], How())), "shown")
    assert name in shown
    sound = standing_as(diagnose(gather([ledger_of(tmp_path, name, "sound")], How())), "shown")
    assert sound <= {name} & {"key-change"}  # the server's own doing, whoever calls


def test_a_script_is_run_by_python_and_says_how_to_diagnose_it(tmp_path: Path) -> None:
    """It imports all that it needs."""
    file = script_of(tmp_path, SCRIPTS[0], "naive")
    done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, timeout=HANG, check=False)
    assert done.returncode == 0, done.stderr
    assert f"race401 diagnose {file.with_suffix('.jsonl')}" in done.stdout
    assert file.with_suffix(".jsonl").stat().st_size


def test_every_mechanism_has_a_file() -> None:
    """By load, or by a script."""
    assert {scenario.runs(BY_NAME[name]).split()[0] for name in LOADS} == {"locust"}
    assert {scenario.runs(BY_NAME[name]).split()[0] for name in SCRIPTS} == {"python"}


def test_diagnose_writes_it_and_says_how_to_run_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And what runs which; a file that is there is kept."""
    har = written(tmp_path, "a.har", BUILDERS["late-401"]("planted"))
    folder = tmp_path / "scenarios"
    assert main(["diagnose", str(har), "--scenario", str(folder)]) == 1
    out = capsys.readouterr().out
    assert f"scenario: {folder / 'late_401.py'}" in out
    assert "run it: locust -f FILE" in out
    assert main(["diagnose", str(har), "--scenario", str(folder)]) == 2
    assert "it is there already, and is kept" in capsys.readouterr().err
    other = written(tmp_path, "b.har", BUILDERS["two-origins"]("planted"))
    assert main(["diagnose", str(other), "--scenario", str(folder)]) == 1
    assert "run it: python FILE" in capsys.readouterr().out
