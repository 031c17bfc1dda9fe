"""`race401 serve` as a person sees it: on a terminal, and in a pipe."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from bounds import HANG
from terminals import Terminal

from race401.harness.__main__ import main

ROOT = Path(__file__).parents[2]
SERVE = [sys.executable, "-m", "harness", "serve", "--port", "0"]


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """`race401 serve` on a terminal, with a race program."""
    with Terminal(80, [*SERVE, "--program", "late-401"], ROOT) as running:
        yield running


def test_on_a_terminal_a_live_line_counts_and_ctrl_c_ends_it(terminal: Terminal) -> None:
    shown = terminal.until("armed: late-401")
    url = next(line.split()[-1] for line in shown.splitlines() if line.startswith("race401 mock at "))
    assert f"{url}/supabase" in shown
    assert f"{url}/docs" in shown
    assert f"{url}/~NAME" in shown
    assert httpx.get(f"{url}/~me/contacts", trust_env=False).status_code == 401
    assert httpx.get(f"{url}/_race401/programs", trust_env=False).json()[0]["state"] == "waiting"
    terminal.until("\r\x1b[Krequests: 1 · 401s: 1 (missing_token 1) · exchanges: 0")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.rest().endswith("\r\x1b[Krequests: 1 · 401s: 1 (missing_token 1) · exchanges: 0\r\n")
    assert "Traceback" not in terminal.text
    assert terminal.process.returncode == 0


def test_in_a_pipe_it_says_what_it_is_and_at_the_end_what_was() -> None:
    with subprocess.Popen(SERVE, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("race401 mock at http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=HANG)
    assert "\x1b" not in out
    assert (out.splitlines()[-1], err) == ("requests: 0 · 401s: 0 · exchanges: 0", "")


def test_a_port_in_use_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["serve", "--port", port]) == 2
    said = f"race401: cannot listen on 127.0.0.1:{port}: Address already in use; try --port 0\n"
    assert capsys.readouterr() == ("", said)


def test_an_exposed_mock_says_what_that_means() -> None:
    command = [*SERVE, "--host", "0.0.0.0", "--expose", "--control-key", "secret"]  # noqa: S104
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [process.stdout.readline()]
        while not told[-1].startswith("it can be steered"):
            told.append(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=HANG)
    assert told[-1] == "it can be steered from this machine, and by whoever has the key.\n"
    assert told[-2].startswith("EXPOSED: whoever reaches this address can sign up, sign in")
