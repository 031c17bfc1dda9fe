"""The wheel, outside the clone: it holds all that the clone does, and runs in an environment of its own."""

import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from bounds import HANG
from locustruns import ROOT, SMALL, locust

UV = Path(sys.executable).with_name("uv")
pytestmark = pytest.mark.slow


def said(command: Sequence[str | Path], where: Path, expected: int = 0) -> str:
    """Run in that folder, away from the clone; return what was printed."""
    told = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(command, cwd=where, env=told, capture_output=True, text=True, timeout=HANG, check=False)
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source distribution, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    said([UV, "build", "--no-build-isolation", "--quiet", "--out-dir", folder], ROOT)
    return folder


@pytest.fixture(scope="module")
def installed(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`race401` in a fresh environment: the lock file's packages and the wheel, nothing else."""
    environment = tmp_path_factory.mktemp("environment")
    (wheel,) = dist.glob("*.whl")
    said([UV, "venv", "--quiet", "--clear", "--python", sys.executable, environment], dist)
    install: list[str | Path] = [UV, "pip", "install", "--quiet", "--python", environment]
    said([*install, "--require-hashes", "-r", ROOT / "requirements.lock"], dist)
    said([*install, "--no-deps", wheel], dist)
    return environment / "bin" / "race401"


def test_it_holds_every_file_of_the_package(dist: Path) -> None:
    """What the links in src/race401 point to, and no more."""
    (wheel,) = dist.glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if not name.startswith("race401-")}
    listed = said(["git", "ls-files", "--cached", "--others", "--exclude-standard"], ROOT).splitlines()
    folders = {link.name for link in (ROOT / "src" / "race401").iterdir() if link.is_dir()}
    assert packed == {"race401/py.typed"} | {f"race401/{name}" for name in listed if name.split("/")[0] in folders}


def test_a_run_outside_the_clone(installed: Path, tmp_path: Path) -> None:
    with locust(tmp_path / "reports", *SMALL, command=[str(installed), "burst"], cwd=tmp_path) as run:
        assert run.ended() == 0, run.out
        assert "PASS: before the fix" in run.out
        assert "PASS: before the fix" in said([installed, "judge", run.folder], tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["reports"]
        assert not run.left_over()


def test_a_refusal_keeps_its_exit_code(installed: Path, tmp_path: Path) -> None:
    line = said([installed, "burst", "--policies", "bogus"], tmp_path, expected=2)
    assert line == "race401: unknown policy 'bogus'; known: pre-fix, fixed, hardened\n"
    assert not list(tmp_path.iterdir())


def test_an_interrupt_ends_all_of_it(installed: Path, tmp_path: Path) -> None:
    with locust(tmp_path, "-t", "60s", "--narrate", command=[str(installed), "burst"], cwd=tmp_path) as run:
        run.until("mock at")
        assert run.ended(signal.SIGINT) == 3, run.out
        assert "unfinished: stopped after" in run.out
        assert not run.left_over()
