"""The recording proxy: it changes nothing, keeps no secret, and knows what the wire tells, and no more."""

import asyncio
import itertools
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from bounds import HANG
from mocks import WHO
from proxied import address, app_at, proxy_at
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from supabase_auth import SyncGoTrueClient

from race401.harness.__main__ import main
from race401.harness.commands.proxy import announcement
from race401.harness.judge.evidence import load
from race401.harness.proxy.recorder import Recorder
from race401.ledger.dialects.presets import OAUTH, USUAL
from race401.ledger.dialects.reading import brought
from race401.ledger.dialects.reading import outcome as outcome_of
from race401.ledger.entry import Entry, received
from race401.ledger.fingerprints import Fingerprints, from_key_file
from race401.mock_api.app import create_app as create_mock
from race401.mock_api.ledger import Ledger

TOKEN = "/auth/v1/token"
RFC = "/rfc9700/auth/v1/token"


class Behind:
    """The mock behind the proxy."""

    def __init__(self, path: Path, ledger: Ledger, direct: httpx.AsyncClient, client: httpx.AsyncClient) -> None:
        self.path, self.ledger, self.direct, self.client = path, ledger, direct, client

    async def grant(self, kind: str, body: dict[str, str], path: str = TOKEN) -> Any:
        """The token endpoint's answer."""
        return (await self.client.post(f"{path}?grant_type={kind}", json=body)).json()

    async def refresh(self, token: str, path: str = TOKEN) -> Any:
        """The answer to a refresh grant."""
        return await self.grant("refresh_token", {"refresh_token": token}, path)

    async def sign_in(self, world: str = "") -> Any:
        """The first pair."""
        await self.direct.post(f"{world}/auth/v1/signup", json=WHO)
        return await self.grant("password", WHO, f"{world}{TOKEN}")

    @property
    def entries(self) -> list[dict[str, Any]]:
        """What was recorded."""
        return [json.loads(line) for line in self.path.read_text().splitlines()]


def behind(folder: Path, run: Callable[[Behind], Awaitable[None]]) -> Behind:
    """Run it on a loop of its own."""

    async def within() -> Behind:
        path, ledger = folder / "traffic.jsonl", Ledger()
        async with (
            app_at(create_mock(ledger=ledger)) as mock,
            proxy_at(mock, path) as proxy,
            httpx.AsyncClient(base_url=mock, trust_env=False) as direct,
            httpx.AsyncClient(base_url=proxy, trust_env=False) as client,
        ):
            proxied = Behind(path, ledger, direct, client)
            await run(proxied)
            return proxied

    return asyncio.run(within())


def test_it_changes_nothing(tmp_path: Path) -> None:
    async def run(proxied: Behind) -> None:
        token = (await proxied.sign_in())["access_token"]
        for headers in ({}, {"Authorization": f"Bearer {token}"}, {"Authorization": "Bearer x"}):
            through = await proxied.client.get("/contacts?limit=1000", headers=headers)
            direct = await proxied.direct.get("/contacts?limit=1000", headers=headers)
            assert (through.status_code, through.content) == (direct.status_code, direct.content)
            assert through.headers.get("www-authenticate") == direct.headers.get("www-authenticate")
        posted = await proxied.client.post("/messages", json={"a": 1}, headers={"Authorization": f"Bearer {token}"})
        assert posted.json()["body"] == {"a": 1}

    behind(tmp_path, run)


def test_it_tells_what_the_mocks_own_ledger_tells(tmp_path: Path) -> None:
    """Outcomes and sessions from the wire alone: rotation, reuse that is forgiven, reuse that is not."""

    async def run(proxied: Behind) -> None:
        first = await proxied.sign_in()
        second = await proxied.refresh(first["refresh_token"])
        await proxied.refresh(first["refresh_token"])
        third = await proxied.refresh(second["refresh_token"])
        await proxied.refresh(first["refresh_token"])
        await proxied.client.get("/contacts", headers={"Authorization": f"Bearer {third['access_token']}"})
        await proxied.client.get("/contacts")
        strict = await proxied.sign_in("/rfc9700")
        await proxied.refresh(strict["refresh_token"], RFC)
        await proxied.refresh(strict["refresh_token"], RFC)

    proxied = behind(tmp_path, run)
    evidence = load(proxied.path)
    its = [e for e in proxied.ledger.entries if "signup" not in e.target]
    assert [(e.status, e.kind, e.grant_outcome, e.cause) for e in evidence.entries] == [
        (e.status, e.kind, e.grant_outcome, e.cause) for e in its
    ]
    for mine, theirs in itertools.product(zip(evidence.entries, its, strict=True), repeat=2):
        if theirs[1].family is not None and mine[1].family is not None:
            assert evidence.graph.same(mine[0], theirs[0]) is (mine[1].family == theirs[1].family)


def test_no_token_and_no_secret_is_kept(tmp_path: Path) -> None:
    pairs: list[dict[str, str]] = []

    async def run(proxied: Behind) -> None:
        pairs.append(await proxied.sign_in())
        pairs.append(await proxied.refresh(pairs[0]["refresh_token"]))
        await proxied.client.get(f"/contacts?limit=1&access_token={pairs[1]['access_token']}&apikey=hush")

    text = behind(tmp_path, run).path.read_text()
    for pair in pairs:
        assert pair["access_token"] not in text
        assert pair["access_token"].rpartition(".")[2] not in text
        assert pair["refresh_token"] not in text
    assert "hush" not in text
    assert WHO["password"] not in text
    assert '"/contacts?limit=1&access_token=' in text


def test_what_was_issued_before_is_known_by_the_session_that_it_names(tmp_path: Path) -> None:
    async def run(proxied: Behind) -> None:
        await proxied.direct.post("/auth/v1/signup", json=WHO)
        old = (await proxied.direct.post(f"{TOKEN}?grant_type=password", json=WHO)).json()
        await proxied.client.get("/contacts", headers={"Authorization": f"Bearer {old['access_token']}"})
        await proxied.refresh(old["refresh_token"])

    read, exchanged = behind(tmp_path, run).entries
    assert "generation" in read
    assert (read["generation"], exchanged["generation"]) == (None, None)
    assert read["family"] == exchanged["family"] is not None


@pytest.mark.parametrize(
    ("status", "answer", "outcome"),
    [
        (400, {"error": "invalid_grant"}, "refused"),
        (401, {"detail": "Token is blacklisted"}, "refused"),
        (400, {"error_code": "refresh_token_not_found"}, "not_found"),
        (400, {"error": "invalid_client"}, None),
        (429, {}, "rate_limited"),
        (409, {}, "conflict"),
        (503, {}, None),
        (200, {"access_token": "a", "refresh_token": "b"}, "granted"),
        (200, {"access_token": "a"}, "granted"),
        (200, {"error": "bad_refresh_token"}, "unread"),
    ],
)
def test_what_became_of_a_refresh(status: int, answer: dict[str, Any], outcome: str | None) -> None:
    """By its answer alone: whether the token had been used is for the judge to find out."""
    assert outcome_of(OAUTH, status, answer, brought(OAUTH, answer, {})) == outcome


def test_a_session_whose_newest_token_is_refused_is_lost_whoever_says_why(tmp_path: Path) -> None:
    """Nothing was under way that could have spent it."""

    async def run(proxied: Behind) -> None:
        await proxied.client.post(
            "/oauth/token", data={"grant_type": "refresh_token", "refresh_token": "abcdefghijkl"}
        )

    proxied = behind(tmp_path, run)
    assert proxied.entries[0]["grant_outcome"] == "refused"
    assert main(["judge", str(proxied.path)]) == 1


def test_a_target_that_is_not_there(tmp_path: Path) -> None:
    """The client's connection breaks, as it would have; the ledger has its request, and people are told why."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = address(taken)

    async def run() -> list[str]:
        said: list[str] = []
        async with (
            proxy_at(nobody, tmp_path / "traffic.jsonl", said=said) as proxy,
            httpx.AsyncClient(base_url=proxy, trust_env=False) as client,
        ):
            with pytest.raises(httpx.TransportError):
                await client.get("/contacts")
        return said

    (said,) = asyncio.run(run())
    assert said.startswith("the target was not reached: ")
    (entry,) = load(tmp_path / "traffic.jsonl").entries
    assert (entry.method, entry.target, entry.status, entry.hung_up) == ("GET", "/contacts", 0, False)


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


def test_what_is_appended_comes_after_what_is_there(tmp_path: Path) -> None:
    """A second recording goes on counting, so that both are one ledger in one order."""
    for path in ("/contacts", "/messages"):

        async def run(proxied: Behind, path: str = path) -> None:
            await proxied.client.get(path)

        proxied = behind(tmp_path, run)
    assert [(e["seq"], e["target"]) for e in proxied.entries] == [(1, "/contacts"), (2, "/messages")]


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


@contextmanager
def serving(*command: str) -> Iterator[str]:
    """Run a server whose first line names its address."""
    with subprocess.Popen([sys.executable, "-m", *command], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[3]
        process.terminate()


def test_a_real_client_through_the_proxy_is_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    traffic = tmp_path / "traffic.jsonl"
    with (
        serving("race401.mock_api") as mock,
        serving("race401.harness", "proxy", "--target", mock, "--ledger", str(traffic)) as url,
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
    assert "1 401 for want of a token, of callers without a session in this ledger" in capsys.readouterr().out
    assert [json.loads(line)["grant_outcome"] for line in traffic.read_text().splitlines()].count("granted") == 1


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


def test_no_secret_of_a_request_is_kept_whatever_place_it_is_in(tmp_path: Path) -> None:
    """By name, by shape, and because it went by in a header or a token's answer."""
    secrets: list[str] = ["hunter2+Zx12", "sb_secret_0123456789abcdef", "chocolate-0123456789"]

    async def run(proxied: Behind) -> None:
        pair = await proxied.sign_in()
        secrets.extend([pair["access_token"], pair["access_token"].rpartition(".")[2], pair["refresh_token"]])
        who = {"Authorization": f"Bearer {pair['access_token']}", "apikey": secrets[1], "Cookie": f"sid={secrets[2]}"}
        for secret in (pair["access_token"], pair["refresh_token"], *secrets[:3]):
            for name in ("jwt", "auth", "sig", "pass"):
                await proxied.client.get("/contacts", params={name: secret}, headers=who)
            await proxied.client.get("/contacts", params={"q": json.dumps({"refresh_token": secret})}, headers=who)
            await proxied.client.get(f"/contacts;token={secret}", headers=who)
            for place in ("reset", "verify"):
                await proxied.client.get(f"/{place}/{secret}", headers=who)
        for secret in (pair["access_token"], pair["refresh_token"], *secrets[1:3]):
            names = {"X-Race401-Client": f"me/{secret}", "X-Race401-Attempt": secret}
            await proxied.client.get(f"/files/{secret}/x", params={"a": secret}, headers=who | names)

    proxied = behind(tmp_path, run)
    for secret in secrets:
        assert secret not in proxied.path.read_text()
    assert proxied.entries[-1]["attempt"] == proxied.entries[-1]["client"].rpartition("/")[2]  # and they still join


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


def test_two_recordings_under_one_key_file_compare(tmp_path: Path) -> None:
    """Without one, each has a key of its own, and a token is another one in each."""
    recorded = []
    for name, key in (("a", "key"), ("b", "key"), ("c", None)):
        fingerprints = None if key is None else from_key_file(tmp_path / key)
        recorder = Recorder(tmp_path / name, fingerprints)
        recorder.write(received("staging", "GET", "/x?jwt=hush", 0.0))
        recorded.append(json.loads((tmp_path / name).read_text())["target"])
    assert recorded[0] == recorded[1] != recorded[2]


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
    sign_in, read = load(traffic).entries
    assert (sign_in.kind, read.kind, read.sent) == ("sign_in", "api", sign_in.brought_access)
    assert read.token_left_s is not None
    assert sign_in.world == read.world
