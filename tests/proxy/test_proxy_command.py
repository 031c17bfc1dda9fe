"""`race401 proxy` as people run it: what it refuses, what it says, and whom it lets in."""

import io
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from bounds import HANG
from mocks import WHO
from supabase_auth import SyncGoTrueClient

from race401.harness.__main__ import main
from race401.harness.card.mock import Mock
from race401.harness.commands.proxy import announcement
from race401.ledger.dialects.presets import USUAL


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--target", "staging"], "--target staging: expected an address such as https://staging.example.com"),
        (["--target", "http://x:port"], "--target http://x:port: Invalid port: 'port'"),
        (["--target", "http://ada:hush@x"], "--target http://x: the proxy sends no user and password of its own"),
        (["--target", "http://x", "--ledger", "/dev/null/x"], "--ledger /dev/null/x: Not a directory"),
        (["--target", "http://x", "--port", "70000", "--ledger", "/dev/null"], "--port 70000: ports go from 0"),
    ],
)
def test_what_cannot_work_is_refused(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["proxy", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_port_in_use_is_one_line_and_leaves_no_ledger(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ledger = tmp_path / "traffic.jsonl"
        assert main(["proxy", "--target", "http://x", "--port", port, "--ledger", str(ledger)]) == 2
    announcement = f"race401: cannot listen on 127.0.0.1:{port}: Address already in use; try --port 0\n"
    assert capsys.readouterr().err == announcement
    assert not ledger.exists()


@pytest.mark.parametrize(("content", "why"), [(b"# text\n", "line 1: "), (b'{"seq": 1, "wor', "ends in a torn line")])
def test_what_is_no_whole_ledger_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, why: str
) -> None:
    (tmp_path / "file").write_bytes(content)
    assert main(["proxy", "--target", "http://x", "--ledger", str(tmp_path / "file")]) == 2
    assert why in capsys.readouterr().err
    assert (tmp_path / "file").read_bytes() == content


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_says_how_it_is_used_and_in_the_end_what_it_saw(tmp_path: Path, end: signal.Signals) -> None:
    traffic = tmp_path / "my traffic.jsonl"
    command = ["-m", "race401.harness", "proxy", "--target", "http://127.0.0.1:9", "--ledger", str(traffic)]
    with subprocess.Popen(
        ["sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, *command],  # as a script's background job
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as it:
        assert it.stdout is not None
        url = it.stdout.readline().split()[3]
        assert it.stdout.readline() == "\n"
        assert it.stdout.readline() == f"Give your client {url} as its base URL, instead of http://127.0.0.1:9.\n"
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{url}/contacts", trust_env=False)
        it.send_signal(end)
        out, err = it.communicate(timeout=HANG)
    *_, seen, judge = out.splitlines()
    assert seen == "requests: 1 · 401s: 0 · exchanges: 0"
    assert judge == f"judge it: {sys.executable} -m race401.harness judge '{traffic}'"
    assert it.returncode == 0
    assert err.startswith("race401: the target was not reached: ")
    assert err.count("\n") == 1


class Impatient(io.StringIO):
    """A person who presses Ctrl-C as soon as something is printed."""

    pressed = False

    def flush(self) -> None:
        """The first lines are seen."""
        if not self.pressed:
            self.pressed = True
            signal.raise_signal(signal.SIGINT)


def test_who_reads_its_address_can_end_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is printed once the proxy passes on: the end is in order, and says how to judge what was seen."""
    with monkeypatch.context() as reading:
        reading.setattr(sys, "stdout", read := Impatient())
        assert main(["proxy", "--target", "http://127.0.0.1:9", "--ledger", str(tmp_path / "traffic.jsonl")]) == 0
    assert "judge it: " in read.getvalue().splitlines()[-1]


@contextmanager
def serving(*command: str) -> Iterator[str]:
    """Run a server whose first line names its address."""
    with subprocess.Popen([sys.executable, "-m", *command], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[3]
        finally:
            process.terminate()


def test_a_real_client_through_the_proxy_is_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    traffic = tmp_path / "traffic.jsonl"
    with (
        Mock(()) as mock,
        serving("race401.harness", "proxy", "--target", mock.url, "--ledger", str(traffic)) as url,
        SyncGoTrueClient(url=f"{url}/auth/v1", auto_refresh_token=False, persist_session=False) as client,
    ):
        client.sign_up(WHO)  # type: ignore[arg-type]
        session = client.sign_in_with_password(WHO).session  # type: ignore[arg-type]
        assert session is not None
        bearer = {"Authorization": f"Bearer {session.access_token}"}
        assert len(httpx.get(f"{url}/contacts?limit=1000", headers=bearer).json()) == 1000
        client.refresh_session()
        assert main(["judge", str(traffic)]) == 0
        assert httpx.get(f"{url}/contacts").status_code == 401
    assert main(["judge", str(traffic)]) == 3
    assert "1 401 because no token was sent, of callers without a session in this ledger" in capsys.readouterr().out
    assert [json.loads(line)["grant_outcome"] for line in traffic.read_text().splitlines()].count("granted") == 1


def test_others_reach_it_only_where_that_is_meant(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As `race401 serve`: beyond loopback with --expose alone."""
    ledger = tmp_path / "traffic.jsonl"
    command = ["proxy", "--target", "http://ada:hush@staging.test", "--ledger", str(ledger)]
    assert main([*command, "--host", "0.0.0.0"]) == 2  # noqa: S104 - it is refused
    err = capsys.readouterr().err
    assert err == (
        "race401: --host 0.0.0.0 is not this machine alone: whoever reaches it could reach http://staging.test "
        "through it; add --expose if that is meant\n"
    )
    assert not ledger.exists()
    told_of = announcement({"http://0.0.0.0:1": "http://staging.test"}, ledger, USUAL, exposed=True)
    assert "EXPOSED: whoever reaches this address can reach http://staging.test through it." in told_of
    assert "EXPOSED" not in announcement({"http://127.0.0.1:1": "http://staging.test"}, ledger, USUAL)


@pytest.mark.parametrize("command", [["proxy", "--target", "http://x"], ["serve"]])
def test_a_key_file_that_is_none_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    (tmp_path / "key").write_text("hush")
    (tmp_path / "key").chmod(0o600)
    assert main([*command, "--port", "0", "--ledger", str(tmp_path / "l"), "--key-file", str(tmp_path / "key")]) == 2
    err = capsys.readouterr().err
    wanted = "expected a key, 64 hexadecimal digits; a file that is not there is made"
    assert err == f"race401: --key-file {tmp_path}/key: {wanted}\n"
    assert not (tmp_path / "l").exists()
