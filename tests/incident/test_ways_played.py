"""The way on, played: what a printed line runs shows the mechanism that it is printed for."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import virtual
from bounds import HANG
from diagnosing import standing_as
from mocks import WHO
from proxied import HERE, address, app_at
from racing import Ticking

from race401.harness.__main__ import main
from race401.harness.incident.diagnosis import diagnose
from race401.harness.incident.gathering import gather
from race401.harness.incident.mechanisms import BY_NAME
from race401.harness.incident.readers.reader import How
from race401.harness.incident.way_on import commands
from race401.harness.proxy.recorder import Recorder
from race401.harness.proxy.serving import listening, target_of
from race401.harness.proxy.watch import Watch
from race401.harness.tokens.policy import PRE_FIX
from race401.ledger.fingerprints import Fingerprints

EXPLORED = {  # what the story of an exploration says of it
    "lost-answer": ("1 lost answer", "decided: reuse_tolerated"),
    "reuse-refused": ("decided: reused", "session-lost"),
    "sign-out-undone": ("resurrected: the session is still valid after the sign-out",),
    "key-change": ("the API begins to refuse the first token", "refused-again"),
    "late-401": ("needless-exchange", "exchanged-again"),
    "stale-copy": ("in tab 2", "decided: reused"),
}
BURST = {"reuse-revoked", "reuse-forgiven", "missing-token", "clock-skew"}
RECORDED = {"header-lost", "two-origins"}
YOURS = {
    "sign-in-stampede",
    "losers-clean-up",
    "body-lost",
    "ended-by-refresh",
    "refresh-every-call",
    "rate-limit-storm",
}


def shown(*files: Path) -> set[str]:
    """What files show."""
    return standing_as(diagnose(gather(files, How())), "shown")


def test_every_mechanism_is_played_by_one_of_these() -> None:
    """By a command, a recording of one's own servers, a guard or a scenario."""
    assert set(EXPLORED) | BURST | RECORDED | YOURS == set(BY_NAME)


@pytest.mark.parametrize("name", EXPLORED)
def test_an_exploration_tells_a_story_of_it(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The command as it is printed."""
    says, command = commands(BY_NAME[name])[0]
    assert says == "plays it with race401's own client"
    assert main(command.split()[1:]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert [word for word in EXPLORED[name] if word not in out] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(BURST))
def test_a_burst_leaves_a_ledger_of_it(name: str, tmp_path: Path) -> None:
    """The command as it is printed, with fewer browsers. A ledger has no clock of a client."""
    command = commands(BY_NAME[name])[0][1].split()[1:]
    fewer = ["-u", "4", "-r", "4", "-t", "8s", "--reports", str(tmp_path)]
    done = subprocess.run(  # a process of its own: locust takes its place
        [sys.executable, "-m", "race401.harness", *command, *fewer], capture_output=True, timeout=HANG, check=False
    )
    assert done.returncode == 1, done.stderr
    (run,) = tmp_path.iterdir()
    told = (run / "verdict.json").read_text()
    assert name in shown(run / "ledger.jsonl") or (name == "clock-skew" and "expired" in told)


def own_server() -> Any:
    """An app: /old redirects to /new, /files takes a token once, and all want one."""
    asked: list[str] = []

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        path, token = scope["path"], dict(scope["headers"]).get(b"authorization")
        asked.append(path)
        status = 307 if path == "/old" else 401 if token is None or asked.count("/files") > 1 else 200
        headers = [(b"content-length", b"0"), *([(b"location", b"/new")] if path == "/old" else [])]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    return app


@asynccontextmanager
async def recorded(url: str, world: str, watch: Watch) -> AsyncIterator[str]:
    """The proxy before one target."""
    with socket.create_server((HERE, 0)) as sock:
        async with listening(sock, target_of(httpx.URL(url), world), watch, lambda _line: None, None, None):
            yield address(sock)


def test_a_recording_of_ones_own_servers_shows_it(tmp_path: Path) -> None:
    """`race401 proxy` before two servers: a client that drops its token at a redirect, and one origin's 401."""
    ledger = tmp_path / "traffic.jsonl"

    async def play() -> None:
        watch = Watch(Recorder(ledger, Fingerprints()), say=lambda _line: None)
        async with (
            app_at(own_server()) as one,
            app_at(own_server()) as other,
            recorded(one, "api", watch) as api,
            recorded(other, "files", watch) as files,
            httpx.AsyncClient() as client,
        ):
            token = {"Authorization": "Bearer a0"}
            await client.get(f"{api}/contacts", headers=token)
            await client.get(f"{api}/old", headers=token)
            await client.get(f"{api}/new")
            for _ in range(2):
                await client.get(f"{files}/files", headers=token)
            await client.get(f"{api}/contacts", headers=token)

    asyncio.run(play())
    assert shown(ledger) == RECORDED


def test_a_client_that_signs_in_for_each_call_meets_the_mock_so(tmp_path: Path) -> None:
    """Near miss: one that signs in once."""

    async def signed_in(times: int) -> Path:
        racing = Ticking(PRE_FIX, BY_NAME["sign-in-stampede"].way.world)
        await racing.sign_in()  # its account
        slow = {"kind": "delay", "fixed_s": 0.1, "which": {"request": "sign_in"}}
        assert (await racing.control.post("/_race401/faults", json=slow)).status_code == 201
        client = httpx.AsyncClient(
            transport=racing.client._transport, base_url=racing.client.base_url, headers={"X-Race401-Client": "one"}
        )
        await asyncio.gather(*(client.post("/auth/v1/token?grant_type=password", json=WHO) for _ in range(times)))
        lines = [msgspec.json.encode(e) for e in racing.ledger.entries if not e.target.startswith("/_race401")]
        ledger = tmp_path / f"{times}.jsonl"
        ledger.write_bytes(b"\n".join(lines))
        return ledger

    assert shown(virtual.run(signed_in(5))) == {"sign-in-stampede"}
    assert shown(virtual.run(signed_in(1))) == set()
