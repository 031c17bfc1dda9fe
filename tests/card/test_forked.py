"""A forked mock is as one that was started: its command line, folder and environment, its streams, its end."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from race401.harness.card.forked import Forked
from race401.harness.card.mock import Mock, MockFailed

ALWAYS = ["--json", "--exit-with-parent"]


def test_it_is_where_it_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has the folder of the moment at which it was asked for, not the template's."""
    with Mock(()):
        monkeypatch.chdir(tmp_path)
        with Mock(("--ledger", "kept.jsonl")) as mock:
            httpx.get(f"{mock.url}/contacts", trust_env=False)
    assert "/contacts" in (tmp_path / "kept.jsonl").read_text()


def test_so_with_the_environment(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    with Mock(()):
        monkeypatch.setenv("RACE401_CONTROL_KEY", "two words")
        with pytest.raises(MockFailed, match="the mock did not start"):
            Mock(())
    assert "RACE401_CONTROL_KEY): visible ASCII" in capfd.readouterr().err


def test_what_it_cannot_do_is_said_where_its_asker_says_things(capfd: pytest.CaptureFixture[str]) -> None:
    mock = Forked([*ALWAYS, "--lifetime", "0.5"])
    assert mock.first_line() == b""
    assert mock.end(0) == 2
    assert capfd.readouterr().err == "race401: --lifetime 0.5: must be a number of seconds, 1 or more\n"


ASKER = """
import atexit, os, sys
from race401.harness.card.mock import Mock
mock = Mock(())
atexit.register(mock._http.close)
if sys.argv[1] != "killed" and not os.fork():
    sys.exit()  # a copy of the asker ends, and ends nothing that is the asker's
sys.stdin.readline()
print(mock.now() > 0, flush=True)
if sys.argv[1] == "killed":
    os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("how", ["killed", "at its end, and after a copy of it"])
def test_nothing_outlives_who_asked(how: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", ASKER, how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as asker:
        assert asker.stdout is not None
        assert asker.stdin is not None
        assert asker.stderr is not None
        asker.stdin.write(b"\n")
        asker.stdin.flush()
        assert asker.stdout.readline() == b"True\n"
        assert asker.stderr.read() == b""  # its end is theirs: mock and template hold it open, too


def test_where_the_template_is_gone_a_mock_ends_all_the_same_and_none_starts() -> None:
    """Not by a broken pipe, which would be taken for `| head`."""
    asked = """
import os
from race401.harness.card import forked
from race401.harness.card.mock import Mock, MockFailed
with Mock(()):
    template = forked._template_of(os.getpid())._process
    template.kill()
    template.wait()
try:
    Mock(())
except MockFailed as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (
        0,
        "the process that starts mocks has ended; standard error may say why\n",
    )
