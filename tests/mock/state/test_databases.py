"""Several auth servers over one database: accounts and sessions are shared, keys and rules are each server's own."""

import asyncio
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from inprocess import SyncTransport
from mocks import NOW, WHO
from sharing import needs_redis, redis
from twins import shared

from race401.ledger.entry import received
from race401.mock_api.app import create_app
from race401.mock_api.rules.world_files import WorldFileError, load
from race401.mock_api.rules.worlds import WORLDS, World

SUPABASE = WORLDS["supabase"]
ONE = replace(SUPABASE, name="one", database="ours")
OTHER = replace(SUPABASE, name="other", database="ours", signups=False)
ELSEWHERE = replace(SUPABASE, name="elsewhere")


@pytest.fixture
def client() -> httpx.Client:
    """A client of four servers; two are over one database."""
    app = create_app([SUPABASE, ONE, OTHER, ELSEWHERE], clock=lambda: NOW)
    return httpx.Client(base_url="http://localhost", transport=SyncTransport(app))


def signed_in(client: httpx.Client, world: str) -> httpx.Response:
    """The answer to a sign-in with the password."""
    return client.post(f"/{world}/auth/v1/token?grant_type=password", json=WHO)


def refreshed(client: httpx.Client, world: str, token: str) -> httpx.Response:
    """The answer to a refresh."""
    return client.post(f"/{world}/auth/v1/token?grant_type=refresh_token", json={"refresh_token": token})


def test_who_signed_up_at_one_server_signs_in_at_another_over_the_same_database(client: httpx.Client) -> None:
    """A server of a database of its own knows nobody."""
    made = client.post("/one/auth/v1/signup", json=WHO)
    assert made.status_code == 200, made.text
    assert signed_in(client, "other").json()["user"]["id"] == made.json()["user"]["id"]
    assert signed_in(client, "elsewhere").status_code == 400


def test_a_session_that_one_server_began_another_goes_on_with_and_ends(client: httpx.Client) -> None:
    """Its refresh token is known to both, and its sign-out is."""
    began = client.post("/one/auth/v1/signup", json=WHO).json()
    assert refreshed(client, "elsewhere", began["refresh_token"]).status_code == 400
    gone_on = refreshed(client, "other", began["refresh_token"]).json()
    bearer = {"Authorization": f"Bearer {gone_on['access_token']}"}
    assert client.post("/other/auth/v1/logout", headers=bearer).status_code == 204
    assert refreshed(client, "one", gone_on["refresh_token"]).json()["error_code"] == "refresh_token_not_found"


def test_each_server_has_its_own_keys_and_rules(client: httpx.Client) -> None:
    """What one signed another does not take, unless both are given one key; and each lets its own people sign up."""
    began = client.post("/one/auth/v1/signup", json=WHO).json()
    bearer = {"Authorization": f"Bearer {began['access_token']}"}
    assert client.get("/one/contacts", headers=bearer).status_code == 200
    assert client.get("/other/contacts", headers=bearer).status_code == 401
    assert client.post("/other/auth/v1/signup", json={**WHO, "email": "bob@race401.test"}).status_code == 422


def test_a_counted_refresh_token_is_genuine_at_every_server_of_its_database() -> None:
    """It is signed with what its session is kept with, not with a server's key."""
    v2 = WORLDS["supabase-v2"]
    app = create_app([SUPABASE, replace(v2, name="one", database="ours"), replace(v2, name="other", database="ours")])
    client = httpx.Client(base_url="http://localhost", transport=SyncTransport(app))
    began = client.post("/one/auth/v1/signup", json=WHO).json()
    assert refreshed(client, "other", began["refresh_token"]).status_code == 200


def test_a_world_of_a_file_may_name_the_database_of_a_shipped_one(tmp_path: Path) -> None:
    """Its name is that world's; no other text is a name."""
    file = tmp_path / "worlds.toml"
    file.write_text('[mine]\ndatabase = "supabase"\n')
    assert load(file)["mine"].kept_in == WORLDS["supabase"].kept_in == "supabase"
    file.write_text('[mine]\ndatabase = "a:b"\n')
    with pytest.raises(WorldFileError, match="database = 'a:b': must be a name, of lower-case letters"):
        load(file)


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """A Redis."""
    with redis() as (url, _):
        yield url


@needs_redis
@pytest.mark.parametrize(("worlds", "outcome"), [((ONE, OTHER), "rotated"), ((ONE, ELSEWHERE), "not_found")])
def test_several_processes_share_what_memory_shares(store: str, worlds: tuple[World, World], outcome: str) -> None:
    """A session of one server in a Redis is known to the other, if they are over one database."""

    async def scene() -> None:
        prefix = f"{uuid.uuid4()}:"
        (one, link), (other, another) = [shared(store, prefix, world, lambda: NOW) for world in worlds]
        token = (await one.sign_in(await one.sign_up(WHO["email"], WHO["password"], {})))[0].links[0].token
        done = await other.exchange(token, received("w", "POST", "/token", NOW), lambda _: None)
        assert done.answer.outcome == outcome
        await link.close()
        await another.close()

    asyncio.run(scene())
