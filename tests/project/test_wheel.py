"""The wheel, outside the clone: it holds all that the clone does, and runs in an environment of its own."""

import signal
import zipfile
from pathlib import Path

import pytest
from locustruns import ROOT, SMALL, locust
from wheels import dist, installed, output_of

__all__ = ["dist", "installed"]  # fixtures
pytestmark = pytest.mark.slow


def test_it_holds_every_file_of_the_package(dist: Path) -> None:
    """What the links in src/race401 point to, and no more."""
    (wheel,) = dist.glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if not name.startswith("race401-")}
    listed = output_of(["git", "ls-files", "--cached", "--others", "--exclude-standard"], ROOT).splitlines()
    folders = {link.name for link in (ROOT / "src" / "race401").iterdir() if link.is_dir()}
    assert packed == {"race401/py.typed"} | {f"race401/{name}" for name in listed if name.split("/")[0] in folders}


def test_a_run_outside_the_clone(installed: Path, tmp_path: Path) -> None:
    with locust(tmp_path / "reports", *SMALL, command=[str(installed), "burst"], cwd=tmp_path) as run:
        assert run.ended() == 0, run.out
        assert "PASS: The fix holds" in run.out
        assert "PASS: The fix holds" in output_of([installed, "judge", run.folder], tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["reports"]
        assert not run.left_over()


def test_a_refusal_keeps_its_exit_code(installed: Path, tmp_path: Path) -> None:
    line = output_of([installed, "burst", "--policies", "bogus"], tmp_path, expected=2)
    assert line == "race401: unknown policy 'bogus'; known: pre-fix, fixed, hardened\n"
    assert not list(tmp_path.iterdir())


def test_an_interrupt_ends_all_of_it(installed: Path, tmp_path: Path) -> None:
    with locust(tmp_path, "-t", "60s", "--narrate", command=[str(installed), "burst"], cwd=tmp_path) as run:
        run.until("mock at")
        assert run.ended(signal.SIGINT) == 3, run.out
        assert "unfinished: stopped after" in run.out
        assert not run.left_over()
