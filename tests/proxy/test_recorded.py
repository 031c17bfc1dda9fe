"""What the recording proxy notes of a request, and what it joins: tokens, redirects, bodies, two recordings."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
from proxied import app_at, proxy_at
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from race401.harness.judge.evidence import load
from race401.harness.proxy.recorder import Recorder
from race401.ledger.entry import Entry, received
from race401.ledger.fingerprints import Fingerprints, from_key_file


async def target(scope: Any, receive: Any, send: Any) -> None:
    """A stand-in for a backend: opaque tokens that say when they end, a redirect, and a body that it wants."""
    assert scope["type"] == "http"
    body = b""
    while (message := await receive()).get("more_body"):
        body += message["body"]
    response: Response = PlainTextResponse(body + message["body"])
    if scope["path"] == "/oauth/token":
        response = JSONResponse({"access_token": "opaque", "refresh_token": "r", "expires_in": 60})
    elif scope["path"] == "/moved":
        response = RedirectResponse("http://elsewhere/here?a=1", 307)
    await response(scope, receive, send)


def through(
    folder: Path,
    run: Callable[[httpx.AsyncClient], Awaitable[Any]],
    fingerprints: Fingerprints | None = None,
    **more: Any,
) -> list[Entry]:
    """What was recorded of requests to such a target."""

    async def within() -> None:
        async with (
            app_at(target) as url,
            proxy_at(url, folder / "traffic.jsonl", fingerprints=fingerprints, **more) as proxy,
            httpx.AsyncClient(base_url=proxy, trust_env=False) as client,
        ):
            await run(client)

    asyncio.run(within())
    return load(folder / "traffic.jsonl").entries


def test_an_opaque_token_ends_when_its_answer_said(tmp_path: Path) -> None:
    """And its refresh token is then due, of which an exchange tells."""
    times = iter(range(0, 100, 10))

    async def run(client: httpx.AsyncClient) -> None:
        await client.post("/oauth/token", data={"grant_type": "password"})
        await client.get("/contacts", headers={"Authorization": "Bearer opaque"})
        await client.post("/oauth/token", data={"grant_type": "refresh_token", "refresh_token": "r"})

    entries = through(tmp_path, run, clock=lambda: float(next(times)))
    assert [(e.kind, e.token_left_s) for e in entries] == [("sign_in", None), ("api", 40.0), ("exchange", 20.0)]


def test_a_redirect_and_what_may_follow_it_are_joined(tmp_path: Path) -> None:
    """By path and query; what is asked for elsewhere follows nothing."""

    async def run(client: httpx.AsyncClient) -> None:
        for path in ("/moved", "/here?a=1", "/here"):
            await client.get(path)

    redirect, followed, other = through(tmp_path, run)
    assert redirect.redirect == followed.redirect is not None
    assert other.redirect is None


def test_it_notes_how_long_a_body_was(tmp_path: Path) -> None:
    async def run(client: httpx.AsyncClient) -> None:
        await client.post("/notes", content=b"12345")
        await client.post("/notes")

    assert [e.body_length for e in through(tmp_path, run)] == [5, 0]


def test_what_a_token_endpoint_was_asked_and_cannot_be_read_is_no_api_call(tmp_path: Path) -> None:
    async def run(client: httpx.AsyncClient) -> None:
        await client.post("/oauth/token", content=b"refreshToken=r")

    (entry,) = through(tmp_path, run)
    assert (entry.kind, entry.grant_outcome) == ("unreadable", "unread")


def test_two_recordings_under_one_key_know_a_token_by_one_name(tmp_path: Path) -> None:
    """Of another key, nothing can be told."""

    async def run(client: httpx.AsyncClient) -> None:
        await client.get("/contacts", headers={"Authorization": "Bearer opaque"})

    key, seen = Fingerprints(), []
    for name, fingerprints in (("one", key), ("two", key), ("three", Fingerprints())):
        (tmp_path / name).mkdir()
        (entry,) = through(tmp_path / name, run, fingerprints=fingerprints)
        seen.append((entry.key, entry.sent))
    assert seen[0] == seen[1]
    assert seen[0][0] != seen[2][0]


def test_two_recordings_under_one_key_file_compare(tmp_path: Path) -> None:
    """Without one, each has a key of its own, and a token is another one in each."""
    recorded = []
    for name, key in (("a", "key"), ("b", "key"), ("c", None)):
        fingerprints = None if key is None else from_key_file(tmp_path / key)
        recorder = Recorder(tmp_path / name, fingerprints)
        recorder.write(received("staging", "GET", "/x?jwt=hush", 0.0))
        recorded.append(json.loads((tmp_path / name).read_text())["target"])
    assert recorded[0] == recorded[1] != recorded[2]


def test_an_api_and_its_auth_server_are_recorded_as_one_system(tmp_path: Path) -> None:
    """Each has an address of its own; a token that one brought is known at the other, and when it ends."""
    traffic = tmp_path / "traffic.jsonl"

    async def run() -> None:
        async with app_at(target) as auth, app_at(target) as api:
            targets = ["--target", auth, "--target", api]
            command = ["-m", "race401.harness", "proxy", *targets, "--ledger", str(traffic)]
            proxy = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=subprocess.PIPE)
            assert proxy.stdout is not None
            its_auth, its_api = [(await proxy.stdout.readline()).decode().split()[3] for _ in range(2)]
            async with httpx.AsyncClient(trust_env=False) as client:
                await client.post(f"{its_auth}/oauth/token", data={"grant_type": "password"})
                await client.get(f"{its_api}/contacts", headers={"Authorization": "Bearer opaque"})
            proxy.terminate()
            await proxy.communicate()

    asyncio.run(run())
    evidence = load(traffic)
    sign_in, read = evidence.entries
    assert (sign_in.kind, read.kind, read.sent) == ("sign_in", "api", sign_in.brought_access)
    assert read.token_left_s is not None
    assert sign_in.world != read.world
    assert list(evidence.manifest["conditions"]) == [" + ".join(sorted({sign_in.world, read.world}))]
