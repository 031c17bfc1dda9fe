"""The recording proxy: it changes nothing, keeps no secret, and knows what the wire tells, and no more."""

import asyncio
import itertools
import json
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest
from behind import TOKEN, Behind, behind
from mocks import WHO
from proxied import address, proxy_at

from race401.harness.__main__ import main
from race401.harness.judge.evidence import load
from race401.ledger.dialects.presets import OAUTH
from race401.ledger.dialects.reading import brought
from race401.ledger.dialects.reading import outcome as outcome_of

RFC = "/rfc9700/auth/v1/token"


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


def test_what_is_appended_comes_after_what_is_there(tmp_path: Path) -> None:
    """A second recording goes on counting, so that both are one ledger in one order."""
    for path in ("/contacts", "/messages"):

        async def run(proxied: Behind, path: str = path) -> None:
            await proxied.client.get(path)

        proxied = behind(tmp_path, run)
    assert [(e["seq"], e["target"]) for e in proxied.entries] == [(1, "/contacts"), (2, "/messages")]


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
