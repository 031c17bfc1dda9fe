"""The addon for mitmproxy writes what the proxy writes of the same traffic."""

import asyncio
import os
import shutil
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from bounds import HANG
from proxied import app_at, proxy_at
from starlette.requests import Request
from starlette.responses import JSONResponse

from race401.harness.judge.evidence import load
from race401.ledger.entry import Entry
from race401.ledger.fingerprints import Fingerprints

ROOT = Path(__file__).parents[2]
ADDON = ROOT / "examples" / "mitmproxy" / "race401_addon.py"
TOKEN = "/oauth/token"
OF_ITS_OWN = frozenset({"key", "peer", "received_at", "answered_at", "token_left_s"})  # by time and by connection
KEY = Fingerprints(b"k" * 32)


async def target(scope: Any, receive: Any, send: Any) -> None:
    """An auth server that takes a refresh token once, and an API that refuses the first access token."""
    request = Request(scope, receive)
    if request.url.path == TOKEN:
        fine = (await request.body()).endswith(b"r1")
        tokens = {"access_token": "a2", "refresh_token": "r2", "expires_in": 60}
        answer = JSONResponse(tokens if fine else {"error": "invalid_grant"}, 200 if fine else 400)
    else:
        answer = JSONResponse({}, 401 if request.headers.get("authorization") == "Bearer a1" else 200)
    await answer(scope, receive, send)


async def traffic(client: httpx.AsyncClient) -> None:
    """A refused call, a refresh, the retry, a reuse, and a preflight."""
    await client.get("/me?a=%2F", headers={"Authorization": "Bearer a1"})
    await client.post(TOKEN, data={"grant_type": "refresh_token", "refresh_token": "r1"})
    await client.get("/me?a=%2F", headers={"Authorization": "Bearer a2"})
    await client.post(TOKEN, data={"grant_type": "refresh_token", "refresh_token": "r0"})
    await client.options("/me")


def facts(entries: list[Entry]) -> list[dict[str, Any]]:
    """What they say, but for what differs from one connection and one moment to another."""
    return [{k: v for k, v in msgspec.structs.asdict(e).items() if k not in OF_ITS_OWN} for e in entries]


def by_the_proxy(folder: Path) -> list[dict[str, Any]]:
    """What the proxy records."""

    async def run() -> None:
        async with (
            app_at(target) as url,
            proxy_at(url, folder / "proxy.jsonl", fingerprints=KEY) as proxy,
            httpx.AsyncClient(base_url=proxy, trust_env=False) as client,
        ):
            await traffic(client)

    asyncio.run(run())
    return facts(load(folder / "proxy.jsonl").entries)


class Headers:
    """mitmproxy's, as far as the addon reads them."""

    def __init__(self, fields: list[tuple[bytes, bytes]]) -> None:
        self.fields = fields


class Message(types.SimpleNamespace):
    """A request or an answer of mitmproxy's."""

    def get_content(self, *, strict: bool) -> bytes:
        """Its body, decoded."""
        assert not strict
        content: bytes = self.content
        return content


def addon(monkeypatch: pytest.MonkeyPatch, ledger: Path, key: Path) -> Any:
    """The addon, with as much of mitmproxy as it reads."""
    options = {"race401_ledger": str(ledger), "race401_dialect": "oauth,supabase", "race401_key_file": str(key)}
    stub: Any = types.ModuleType("mitmproxy")
    stub.ctx = types.SimpleNamespace(options=types.SimpleNamespace(**options))
    stub.http = types.SimpleNamespace(HTTPFlow=object, Headers=Headers)
    stub.exceptions = types.SimpleNamespace(OptionsError=ValueError)
    monkeypatch.setitem(sys.modules, "mitmproxy", stub)
    module: dict[str, Any] = {"__name__": "race401_addon"}
    exec(compile(ADDON.read_text(), ADDON, "exec"), module)  # noqa: S102 - as mitmproxy does
    (made,) = module["addons"]
    made.running()
    return made


def test_flows_are_recorded_as_the_proxy_records_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the shape that mitmproxy gives them; hung-up clients and unreached targets, too."""
    key = tmp_path / "key"
    key.write_text(KEY.key.hex())
    key.chmod(0o600)
    noted = addon(monkeypatch, tmp_path / "mitm.jsonl", key)

    def flow(request: httpx.Request) -> Any:
        asked = Message(
            method=request.method,
            path=request.url.raw_path.decode(),
            headers=Headers(request.headers.raw),
            content=request.content,
            pretty_host=request.url.host,
        )
        peer = types.SimpleNamespace(peername=("127.0.0.1", 1))
        made = types.SimpleNamespace(request=asked, client_conn=peer, metadata={}, response=None, error=None)
        noted.requestheaders(made)
        noted.request(made)
        return made

    async def pass_on(request: httpx.Request) -> httpx.Response:
        made = flow(request)
        answer = await httpx.ASGITransport(target).handle_async_request(request)
        content = await answer.aread()
        made.response = Message(status_code=answer.status_code, headers=Headers(answer.headers.raw), content=content)
        noted.response(made)
        return httpx.Response(answer.status_code, content=content)

    async def run() -> None:
        transport = httpx.MockTransport(pass_on)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            await traffic(client)

    asyncio.run(run())
    assert facts(load(tmp_path / "mitm.jsonl").entries) == by_the_proxy(tmp_path)
    for message in ("Client disconnected.", "Connection refused"):
        made = flow(httpx.Request("GET", "http://127.0.0.1/me"))
        made.error = types.SimpleNamespace(msg=message)
        noted.error(made)
    assert [(e.status, e.hung_up) for e in load(tmp_path / "mitm.jsonl").entries[-2:]] == [(0, True), (0, False)]


@pytest.mark.slow
def test_mitmproxy_itself_records_what_the_proxy_records(tmp_path: Path) -> None:
    """Where it installs from the registry."""
    environment = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    uv = shutil.which("uv") or str(Path(sys.executable).parent / "uv")
    command = [uv, "pip", "install", "--quiet", "mitmproxy==11.0.2", "msgspec"]
    installed = subprocess.run(command, env=os.environ | {"VIRTUAL_ENV": str(environment)}, check=False)
    if installed.returncode:
        pytest.skip("mitmproxy does not install here")
    ledger, key = tmp_path / "mitm.jsonl", tmp_path / "key"
    key.write_text(KEY.key.hex())
    key.chmod(0o600)

    def through(url: str) -> None:
        sets = {"confdir": tmp_path, "race401_ledger": ledger, "race401_key_file": key, "termlog_verbosity": "info"}
        options = [part for name, value in sets.items() for part in ("--set", f"{name}={value}")]
        command = [str(environment / "bin/mitmdump"), "-s", str(ADDON), "--mode", f"reverse:{url}"]
        command += ["--listen-host", "127.0.0.1", "--listen-port", "0", *options]
        told = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"}
        with subprocess.Popen(command, env=told, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                line = next(line for line in process.stdout if "listening at" in line)
                here = f"http://{line.rpartition('listening at ')[2].strip().rstrip('.')}"

                async def run() -> None:
                    async with httpx.AsyncClient(base_url=here, trust_env=False, timeout=HANG) as client:
                        await traffic(client)

                asyncio.run(run())
            finally:
                process.terminate()

    async def behind() -> None:
        async with app_at(target) as url:
            await asyncio.to_thread(through, url)

    asyncio.run(behind())
    assert facts(load(ledger).entries) == by_the_proxy(tmp_path)
