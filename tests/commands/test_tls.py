"""TLS of the proxy and of the mock: an authority of their own, which clients trust by the lines that they print."""

import asyncio
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from locustruns import locust
from proxied import app_at, bytes_at, proxy_at
from starlette.responses import JSONResponse

from race401.harness.__main__ import main
from race401.harness.card.mock import Mock
from race401.harness.commands.tls import AUTHORITY, IN_MEMORY, KEY, spoken
from race401.harness.probe.asking import Target
from race401.harness.probe.sequences import Refresh
from race401.harness.probe.signing_in import SignInFailed, parse
from race401.harness.probe.wire import Wire
from race401.ledger.dialects.presets import OAUTH

MODULE = "race401.harness"
FETCH = "fetch(process.argv[1]).then(r => console.log(r.status), e => console.log(e.cause.code))"
node = pytest.mark.skipif(shutil.which("node") is None, reason="Node is not here")


@contextmanager
def serving(*command: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Run a command that serves; yield its URL, and the variables that it says clients need."""
    run = [sys.executable, "-m", MODULE, *command]
    with subprocess.Popen(run, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines, told = [process.stdout.readline()], dict[str, str]()
            while len(told) < 2 and (line := process.stdout.readline()):
                lines.append(line)
                told |= dict(re.findall(r"(SSL_CERT_FILE|NODE_EXTRA_CA_CERTS)=(\S+)", line))
            yield lines[0].split()[3], told
        finally:
            process.terminate()


def test_python_clients_trust_the_mock_by_the_line_that_it_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    """And without that they do not."""
    monkeypatch.setenv("NO_PROXY", "*")
    with serving("serve", "--port", "0", "--tls") as (url, trusted):
        assert url.startswith("https://")
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"{url}/auth/v1/health")
        monkeypatch.setenv("SSL_CERT_FILE", trusted["SSL_CERT_FILE"])
        assert httpx.get(f"{url}/auth/v1/health").status_code == 200
    assert not Path(trusted["SSL_CERT_FILE"]).parent.exists()  # SIGTERM has ended it


SIGN_IN = 'POST {}/_race401/sessions {{"email": "a@b.test", "password": "correct", "world": "rfc9700"}}'


def test_a_probe_trusts_an_authority_of_its_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the same variable as any Python client; without it the one line names that."""

    async def refreshed(url: str) -> str:
        wire = Wire(Target(f"{url}/rfc9700/oauth/token", OAUTH), parse(SIGN_IN.format(url), OAUTH))
        try:
            [(answer, _)] = await wire.send([(Refresh("0", "1"), await wire.sign_in())])
        finally:
            await wire.close()
        return answer.what

    async def run(mock: str) -> None:
        with spoken(IN_MEMORY, "127.0.0.1") as tls:
            assert tls is not None
            async with proxy_at(mock, tmp_path / "a.jsonl", tls=tls.context) as url:
                with pytest.raises(SignInFailed, match=r"CERTIFICATE_VERIFY_FAILED.*SSL_CERT_FILE=ca.pem"):
                    await refreshed(url)
                monkeypatch.setenv("SSL_CERT_FILE", str(tls.authority))
                assert await refreshed(url) == "granted"

    with Mock(()) as mock:
        asyncio.run(run(mock.url))


@pytest.mark.slow
@pytest.mark.parametrize("where", ["--system", "--host"])
def test_a_burst_over_tls_is_judged_as_any_other(tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the fix and after it differ; the client before the fix alone fails, and the one after it passes."""
    with serving("serve", "--port", "0", "--tls") as (url, trusted):
        monkeypatch.setenv("SSL_CERT_FILE", trusted["SSL_CERT_FILE"])
        (tmp_path / "shop.toml").write_text(
            f"api = '{url}/rfc9700'\ntoken = '{url}/rfc9700/oauth/token'\nsign_in = '{SIGN_IN.format(url)}'\n"
            "page = ['/contacts?limit=1000', '/me/entitlements', '/contacts', '/persona-notes', '/messages']\n"
        )
        what = [where, str(tmp_path / "shop.toml")] if where == "--system" else [where, url, "--world", "rfc9700"]
        work = ["--headless", "--skip-log-setup", "-u", "4", "-r", "4", "--pages", "8", *what]
        judged = {"pre-fix,fixed": (0, "PASS"), "pre-fix": (1, "FAIL"), "fixed": (0, "PASS")}
        for n, policies in enumerate(judged):
            with locust(tmp_path / f"reports {n}", *work, "--policies", policies) as run:
                code = run.ended()
            assert (code, run.read("verdict.json")["verdict"]) == judged[policies], run.out


@node
def test_node_trusts_the_proxy_by_the_line_that_it_prints(tmp_path: Path) -> None:
    """A request through it is recorded as any other."""
    ledger = tmp_path / "traffic.jsonl"

    async def target(scope: object, receive: object, send: object) -> None:
        await JSONResponse({})(scope, receive, send)  # type: ignore[arg-type]

    async def run() -> list[str]:
        async with app_at(target) as url:
            return await asyncio.to_thread(through, url)

    def through(url: str) -> list[str]:
        with serving("proxy", "--target", url, "--ledger", str(ledger), "--tls") as (here, trusted):
            told = []
            for environment in (trusted, {}):
                command = ["node", "-e", FETCH, f"{here}/me"]
                done = subprocess.run(
                    command, env=os.environ | environment, capture_output=True, text=True, check=True
                )
                told.append(done.stdout.strip())
            return told

    trusted, untrusted = asyncio.run(run())
    assert trusted == "200"
    assert untrusted != "200"
    assert [json.loads(line)["target"] for line in ledger.read_text().splitlines()] == ["/me"]


def modes(folder: Path) -> set[int]:
    """Who may read its files."""
    return {each.stat().st_mode & 0o777 for each in folder.iterdir()}


def test_an_authority_in_memory_leaves_nothing() -> None:
    """Its certificate is in a folder that goes with it; its key was never on the disk."""
    with spoken(IN_MEMORY, "127.0.0.1") as tls:
        assert tls is not None
        folder = tls.authority.parent
        assert modes(folder) == {0o600}
        assert not any(b"PRIVATE" in each.read_bytes() for each in folder.iterdir())
    assert not folder.exists()


def test_an_authority_in_a_folder_is_the_same_the_next_time(tmp_path: Path) -> None:
    """For its owner alone."""
    folder = tmp_path / "kept"
    told = []
    for _ in range(2):
        with spoken(folder, "127.0.0.1") as tls:
            assert tls is not None
            told.append(tls.authority.read_bytes())
    assert told[0] == told[1]
    assert (folder.stat().st_mode & 0o777, modes(folder)) == (0o700, {0o600})


def test_a_key_that_others_can_read_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """So is what is none, and a store, since its processes share no memory."""
    with spoken(tmp_path / "kept", "127.0.0.1"):
        pass
    (tmp_path / "kept" / KEY).chmod(0o644)
    command = ["proxy", "--target", "http://x", "--ledger", str(tmp_path / "a"), "--tls", str(tmp_path / "kept")]
    assert main(command) == 2
    assert "chmod 600" in capsys.readouterr().err
    (tmp_path / "kept" / KEY).chmod(0o600)
    (tmp_path / "kept" / AUTHORITY).write_text("none")
    assert main(command) == 2
    assert "empty the folder" in capsys.readouterr().err
    assert main(["serve", "--tls", "--store", "redis://127.0.0.1:1"]) == 2
    assert "--tls: its certificates are in the memory of one process" in capsys.readouterr().err


def test_an_answer_up_to_the_connections_end_ends_under_tls(tmp_path: Path) -> None:
    """TLS has no half-closed end, so that the proxy closes where the target did."""

    async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nall of it")

    async def run() -> bytes:
        with spoken(IN_MEMORY, "127.0.0.1") as tls:
            assert tls is not None
            async with bytes_at(target) as url, proxy_at(url, tmp_path / "a.jsonl", tls=tls.context) as proxy:
                trust = ssl.create_default_context(cafile=tls.authority)
                async with httpx.AsyncClient(verify=trust, trust_env=False) as client:
                    return (await client.get(proxy)).content

    assert asyncio.run(run()) == b"all of it"
