"""The wheel, built and installed in an environment of its own, once for a file of tests."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from bounds import HANG
from locustruns import ROOT

UV = Path(sys.executable).with_name("uv")


def output_of(command: Sequence[str | Path], where: Path, expected: int = 0) -> str:
    """Run in that folder, away from the clone; return what was printed."""
    told = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(command, cwd=where, env=told, capture_output=True, text=True, timeout=HANG, check=False)
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source distribution, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    output_of([UV, "build", "--no-build-isolation", "--quiet", "--out-dir", folder], ROOT)
    return folder


@pytest.fixture(scope="module")
def installed(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`race401` in a fresh environment: the lock file's packages and the wheel, nothing else."""
    environment = tmp_path_factory.mktemp("environment")
    (wheel,) = dist.glob("*.whl")
    output_of([UV, "venv", "--quiet", "--clear", "--python", sys.executable, environment], dist)
    install: list[str | Path] = [UV, "pip", "install", "--quiet", "--python", environment]
    output_of([*install, "--require-hashes", "-r", ROOT / "requirements.lock"], dist)
    output_of([*install, "--no-deps", wheel], dist)
    return environment / "bin" / "race401"
