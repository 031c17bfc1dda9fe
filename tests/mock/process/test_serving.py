"""`python -m mock_api`: what it prints, what it refuses, how it ends."""

import argparse
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from bounds import HANG
from inprocess import SyncTransport
from mocks import WHO

from race401.harness.card.forked import Forked
from race401.mock_api.__main__ import main
from race401.mock_api.http.guard import Guard
from race401.mock_api.process.options import add_options
from race401.mock_api.process.serving import Serving, ServingError, prepare
from race401.mock_api.rules.worlds import WORLDS

ROOT = Path(__file__).parents[3]
SERVE = [sys.executable, "-m", "mock_api"]
HOLDING = {
    "name": "never",
    "hold": [{"which": {"request": "resource"}, "until": {"request": "sign_out"}, "or_after_s": 60.0}],
}


def chosen(*options: str) -> Serving:
    """What is served by these options."""
    parser = argparse.ArgumentParser()
    add_options(parser)
    return prepare(parser.parse_args(options))


def asked(*options: str) -> httpx.Client:
    """A client of what these options serve, in this process."""
    serving = chosen(*options)
    serving._socket.close()
    assert isinstance(serving.served, Guard)
    return httpx.Client(base_url=serving.url, transport=SyncTransport(serving.served))


def refused(*options: str) -> str:
    """Why these options cannot be served."""
    with pytest.raises(ServingError) as caught:
        chosen(*options)
    return str(caught.value)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_where_it_serves_and_ends_quietly(by: signal.Signals) -> None:
    """A request that it holds by then is cut off, and that is no error."""
    with subprocess.Popen(SERVE, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as mock:
        assert mock.stdout is not None
        lines = [mock.stdout.readline().rstrip() for _ in range(len(WORLDS) + 2)]
        url = lines[0].removeprefix("race401 mock at ")
        assert [line.split()[0] for line in lines[1:]] == [f"{url}/{name}" for name in (*WORLDS, "docs")]
        assert httpx.get(f"{url}/auth/v1/health").json()["name"] == "GoTrue"
        armed = httpx.post(f"{url}/_race401/programs", json=HOLDING).raise_for_status().json()
        with ThreadPoolExecutor() as threads:
            threads.submit(httpx.get, f"{url}/supabase/contacts")
            stands = httpx.get(f"{url}/_race401/programs/{armed['id']}?until=holding&wait_s={HANG}").json()
            mock.send_signal(by)
            out, err = mock.communicate(timeout=HANG)
    assert [rule["holding"] for rule in stands["rules"]] == [["GET /contacts (401)"]]
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


def test_the_end_of_standard_input_is_its_end() -> None:
    mock = Forked(["--json", "--exit-with-parent"])
    assert mock.first_line()
    assert mock.end(HANG) == 0


def test_settings_hold_in_every_world() -> None:
    options = ["--lifetime", "90", "--reuse-interval", "3", "--leeway", "30", "--check-session"]
    with asked(*options) as client:
        for world in client.get("/_race401").json()["worlds"].values():
            settings = [world[name] for name in ("lifetime", "reuse_interval", "leeway", "check_session")]
            assert settings == [90, 3, 30, True]


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
    with asked("--worlds", str(tmp_path / "worlds.toml")) as client:
        assert client.post("/mine/auth/v1/signup", json=WHO).json()["expires_in"] == 77


def test_a_wrong_file_of_worlds(tmp_path: Path) -> None:
    (tmp_path / "worlds.toml").write_text("[mine]\nlifetme = 77\n")
    line = refused("--worlds", str(tmp_path / "worlds.toml"))
    assert line.endswith("worlds.toml: [mine] lifetme: no such setting; did you mean lifetime?")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--workers", "2"], "--workers 2 needs a store that they share: --store redis://HOST:PORT"),
        (["--workers", "0"], "--workers 0: at least 1"),
        (["--store", "unix:///nowhere/s"], "--store unix:///nowhere/s: "),
        (["--store", "http://x"], "give a Redis that answers, redis://127.0.0.1:6379/0"),
        (["--store", "unix:///nowhere/s", "--program", "late-401"], "--program lives in the memory of one process"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_served_is_one_line(
    options: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["mock_api", *options])
    assert main() == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err


def test_without_a_driver_it_says_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in [each for each in sys.modules if each.startswith(("redis", "race401.mock_api.state.shared"))]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "redis", None)
    monkeypatch.setattr(sys, "argv", ["mock_api", "--store", "redis://x"])
    assert main() == 2
    assert capsys.readouterr() == (
        "",
        "race401: --store needs a driver that is not installed: pip install 'race401[store]'\n",
    )
