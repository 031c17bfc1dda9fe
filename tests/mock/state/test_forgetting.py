"""A mock over a Redis leaves nothing there for ever, however it ends: a key lasts only while it is renewed."""

import asyncio
import threading
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
from bounds import HANG
from mocks import NOW, WHO
from redis import Redis
from sharing import needs_redis, redis, refresh, workers
from twins import shared

from race401.ledger.entry import received
from race401.mock_api.process.workers import Held
from race401.mock_api.rules.worlds import WORLDS
from race401.mock_api.state.shared.link import LASTS, mark, renew

pytestmark = needs_redis
FOR_EVER = -1  # what a TTL says


def lasting(url: str) -> dict[str, int]:
    """How long each key lasts, in s."""
    with Redis.from_url(url) as asked:
        return {key.decode(): asked.ttl(key) for key in asked.scan_iter("*")}


async def busy(url: str, prefix: str) -> None:
    """Write every kind of key."""
    realm, link = shared(url, prefix, replace(WORLDS["rfc9700"], transaction=0.001), lambda: NOW)
    user = await realm.sign_up(WHO["email"], WHO["password"], {})
    family, _ = await realm.sign_in(user)
    await realm.exchange(family.links[0].token, received("w", "POST", "/token", NOW), lambda _: None)
    await realm.accounts.append(user.id, "notes", {"text": "a"})
    await realm.token_limit.take("127.0.0.1")
    again, _ = await realm.sign_in(user)
    await realm.sign_out(again, "local")
    await link.close()


def test_every_key_ends_by_itself_unless_it_is_renewed() -> None:
    """Renewing reaches what lasts, and nothing that ends anyway: that would never be forgotten."""
    with redis() as (url, _), Redis.from_url(url) as asked:
        mark(url, "mine:")
        asyncio.run(busy(url, "mine:"))
        asyncio.run(busy(url, "theirs:"))
        left = lasting(url)
        kinds = {key.split(":")[2] for key in left if key.count(":") > 1}
        assert kinds >= {"user", "email", "users", "notes", "notes-ids", "family", "token", "sessions"}
        assert kinds >= {"tokens", "ended", "free"}
        assert FOR_EVER not in left.values()
        for key in left:
            asked.expire(key, 60)
        renew(url, "mine:")
        renewed = {key for key, seconds in lasting(url).items() if seconds > LASTS - 60}
        short = {"tokens", "signups", "ended", "free"}
        assert renewed == {key for key in left if key.startswith("mine:") and not short & set(key.split(":")[2:3])}
        assert "mine:whole" in renewed


def test_a_killed_mock_leaves_nothing_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither its keeper nor its workers tidy up: Redis does."""
    with TemporaryDirectory() as folder, redis() as (url, _):
        monkeypatch.setenv("TMPDIR", folder)  # where the process that forks workers has its socket
        with workers(url, tmp_path) as running:
            session = running.sign_in("rfc9700")
            with httpx.Client(base_url=running.url, trust_env=False) as client:
                assert refresh(client, "rfc9700", session["refresh_token"]).status_code == 200
            running.process.kill()
        left = lasting(url)
        assert len(left) > 3
        assert FOR_EVER not in left.values()


def test_what_is_held_is_renewed_until_the_end_and_then_forgotten() -> None:
    done: list[str] = []
    twice = threading.Event()

    def renewed() -> None:
        done.append("renewed")
        if len(done) > 1:
            twice.set()

    with Held(renewed, 0.0, lambda: done.append("forgotten")):
        assert twice.wait(HANG)
    assert done[:2] == ["renewed", "renewed"]
    assert done[-1] == "forgotten"
    assert done.count("forgotten") == 1
