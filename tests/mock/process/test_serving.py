"""`python -m mock_api`: what it prints, what it refuses, how it ends."""

import argparse
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from bounds import HANG

from race401.mock_api.process.options import add_options
from race401.mock_api.process.serving import ServingError, prepare
from race401.mock_api.rules.worlds import WORLDS

ROOT = Path(__file__).parents[3]
SERVE = [sys.executable, "-m", "mock_api"]


def refused(*options: str) -> str:
    """Why these options cannot be served."""
    parser = argparse.ArgumentParser()
    add_options(parser)
    with pytest.raises(ServingError) as caught:
        prepare(parser.parse_args(options))
    return str(caught.value)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_where_it_serves_and_ends_quietly(by: signal.Signals) -> None:
    with subprocess.Popen(SERVE, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as mock:
        assert mock.stdout is not None
        lines = [mock.stdout.readline().rstrip() for _ in range(len(WORLDS) + 2)]
        url = lines[0].removeprefix("race401 mock at ")
        assert [line.split()[0] for line in lines[1:]] == [f"{url}/{name}" for name in (*WORLDS, "docs")]
        assert httpx.get(f"{url}/auth/v1/health").json()["name"] == "GoTrue"
        mock.send_signal(by)
        out, err = mock.communicate(timeout=HANG)
    assert (out, err) == ("", "")
    assert mock.returncode in (0, -by)


def test_it_ends_without_a_word_where_nobody_hears_the_address() -> None:
    """A run that is interrupted while its mock starts is gone before the mock announces itself."""
    hearing, told = os.pipe()
    os.close(hearing)
    command = [*SERVE, "--json", "--exit-with-parent"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=told, stderr=subprocess.PIPE) as mock:
        os.close(told)
        assert mock.stderr is not None
        assert mock.stderr.read() == b""
    assert mock.returncode == 3


def test_settings_hold_in_every_world() -> None:
    options = ["--json", "--exit-with-parent", "--lifetime", "90", "--reuse-interval", "3", "--leeway", "30"]
    with subprocess.Popen(
        [*SERVE, *options, "--check-session"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as mock:
        assert mock.stdout is not None
        url = httpx.Response(200, content=mock.stdout.readline()).json()["url"]
        for world in httpx.get(f"{url}/_race401").json()["worlds"].values():
            settings = [world[name] for name in ("lifetime", "reuse_interval", "leeway", "check_session")]
            assert settings == [90, 3, 30, True]
        mock.communicate(timeout=HANG)
    assert mock.returncode == 0, "the end of standard input is its end"


def test_a_port_in_use() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        line = refused("--port", port)
    assert line == f"cannot listen on 127.0.0.1:{port}: Address already in use; try --port 0"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--host", "192.0.2.7"], "--host 192.0.2.7 is not this machine alone: whoever reaches it could sign in"),
        (["--host", "192.0.2.7", "--expose"], "cannot listen on 192.0.2.7:0: Cannot assign requested address"),
        (["--host", "no.such.host.invalid", "--expose"], "cannot listen on no.such.host.invalid:0"),
        (["--ledger", "/dev/null/x"], "--ledger /dev/null/x: Not a directory"),
        (["--lifetime", "0"], "--lifetime 0: must be a number of seconds, 1 or more"),
        (["--port", "65536"], "--port 65536: ports go from 0 (any free one) to 65535"),
        (["--worlds", "nowhere.toml"], "--worlds nowhere.toml: No such file or directory"),
        (["--program", "luck"], "--program luck: No such file or directory; shipped are concurrent-401s, "),
        (["--program", "Makefile"], "--program Makefile: "),
        (["--leeway", "-1"], "--leeway -1: must be a number of seconds, 0 or more"),
        (["--expose", "--control-key", ""], "--control-key (or RACE401_CONTROL_KEY) is empty, which is no key; give"),
        (["--control-key", " "], "--control-key (or RACE401_CONTROL_KEY): visible ASCII characters alone"),
        (["--control-key", "a\n"], "--control-key (or RACE401_CONTROL_KEY): visible ASCII characters alone"),
        (["--control-key", "clé"], "--control-key (or RACE401_CONTROL_KEY): visible ASCII characters alone"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_work_is_refused(options: list[str], said: str) -> None:
    assert said in refused(*options)


def test_an_exposed_mock_refuses_the_empty_key_of_an_unset_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RACE401_CONTROL_KEY", "")
    assert "RACE401_CONTROL_KEY) is empty" in refused("--host", "192.0.2.7", "--expose")


def test_a_refusal_is_one_line_and_exit_code_2() -> None:
    command = [*SERVE, "--leeway", "-1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=HANG, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (
        2,
        "",
        "race401: --leeway -1: must be a number of seconds, 0 or more\n",
    )


def test_worlds_of_a_file_are_served_too(tmp_path: Path) -> None:
    (tmp_path / "worlds.toml").write_text('[mine]\nlike = "rfc9700"\nlifetime = 77\n')
    options = ["--json", "--exit-with-parent", "--worlds", str(tmp_path / "worlds.toml")]
    with subprocess.Popen([*SERVE, *options], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as mock:
        assert mock.stdout is not None
        url = httpx.Response(200, content=mock.stdout.readline()).json()["url"]
        who = {"email": "ada@race401.test", "password": "correct horse"}
        assert httpx.post(f"{url}/mine/auth/v1/signup", json=who).json()["expires_in"] == 77
        mock.communicate(timeout=HANG)


def test_a_wrong_file_of_worlds(tmp_path: Path) -> None:
    (tmp_path / "worlds.toml").write_text("[mine]\nlifetme = 77\n")
    line = refused("--worlds", str(tmp_path / "worlds.toml"))
    assert line.endswith("worlds.toml: [mine] lifetme: no such setting; did you mean lifetime?")
