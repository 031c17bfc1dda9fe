"""Several targets of one proxy: each host has a world of its own, and tokens that they share make them one system."""

import asyncio
import contextlib
import socket
from pathlib import Path
from typing import Any

import httpx
from proxied import HERE, address, app_at
from starlette.responses import JSONResponse

from race401.harness.judge.evidence import Evidence, load
from race401.harness.judge.findings import Value
from race401.harness.judge.verdict import judge
from race401.harness.proxy.recorder import Recorder
from race401.harness.proxy.serving import listening, targets_of
from race401.harness.proxy.watch import Watch


async def target(scope: Any, receive: Any, send: Any) -> None:
    """An auth server at `/oauth/token`, an API elsewhere that refuses the token that is over."""
    tokens = {"access_token": "a2", "refresh_token": "r2"}
    refused = (b"authorization", b"Bearer a1") in scope["headers"]
    answer = JSONResponse(tokens if scope["path"] == "/oauth/token" else {}, 401 if refused else 200)
    await answer(scope, receive, send)


def recorded(folder: Path, *, shared: bool) -> Evidence:
    """An API refuses a token, the auth server is asked for another, and the API gets that, or one of its own."""

    async def run() -> None:
        async with contextlib.AsyncExitStack() as stack:
            urls = [await stack.enter_async_context(app_at(target)) for _ in range(2)]
            names = [url.replace(HERE, name) for url, name in zip(urls, (HERE, "localhost"), strict=True)]
            watch = Watch(Recorder(folder / "traffic.jsonl"))
            here = []
            for each in targets_of([httpx.URL(name) for name in names]):
                sock = stack.enter_context(socket.create_server((HERE, 0)))
                await stack.enter_async_context(listening(sock, each, watch, print))
                here.append(address(sock))
            api, auth = here
            client = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
            await client.get(f"{api}/me", headers={"Authorization": "Bearer a1"})
            await client.post(f"{auth}/oauth/token", data={"grant_type": "refresh_token", "refresh_token": "r1"})
            await client.get(f"{api}/me", headers={"Authorization": f"Bearer {'a2' if shared else 'b'}"})

    asyncio.run(run())
    return load(folder / "traffic.jsonl")


def test_each_host_is_a_world_of_its_own(tmp_path: Path) -> None:
    evidence = recorded(tmp_path, shared=True)
    assert [(e.world, e.kind) for e in evidence.entries] == [
        (HERE, "api"),
        ("localhost", "exchange"),
        (HERE, "api"),
    ]
    assert len({e.key for e in evidence.entries}) == 1


def test_an_api_and_its_auth_server_are_judged_together(tmp_path: Path) -> None:
    """The 401 of one is made good by the refresh at the other."""
    evidence = recorded(tmp_path, shared=True)
    verdict = judge(evidence)
    assert list(evidence.manifest["conditions"]) == [f"{HERE} + localhost"]
    assert (verdict.value, verdict.rows[0].requests, verdict.rows[0].exchanges) == (Value.PASS, 1, 1)


def test_two_systems_that_share_no_token_are_judged_apart(tmp_path: Path) -> None:
    """Near miss: the refresh at the other host makes nothing good."""
    evidence = recorded(tmp_path, shared=False)
    assert list(evidence.manifest["conditions"]) == [HERE, "localhost"]
    assert judge(evidence).value is not Value.PASS


def test_two_ports_of_one_host_are_two_worlds() -> None:
    """Where the host alone does not tell them apart, the address does."""
    urls = [httpx.URL(each) for each in ("http://localhost:3000", "http://localhost:4000", "http://auth:4000")]
    assert [each.world for each in targets_of(urls)] == ["http://localhost:3000", "http://localhost:4000", "auth"]
