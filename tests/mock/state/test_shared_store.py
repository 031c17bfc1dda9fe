"""The store that processes share does what memory does: the same calls, the same answers. One Redis for all tests."""

import asyncio
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from mocks import NOW, WHO
from shares import share
from sharing import needs_redis, redis
from twins import SEAL, Twins, shared

from race401.ledger.entry import Entry, received
from race401.mock_api.app import create_app
from race401.mock_api.ledger import Ledger
from race401.mock_api.rules.worlds import WORLDS, World
from race401.mock_api.signing.jwt import Keys
from race401.mock_api.state.accounts import AddressTaken
from race401.mock_api.state.realm import Exchanged
from race401.mock_api.state.shared import Link, state
from race401.mock_api.state.store import StoreLost

pytestmark = needs_redis
LIMITED = replace(WORLDS["supabase"], name="limited", timebox=60.0, inactivity=20.0, single_session=True)


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """A Redis."""
    with redis() as (url, _):
        yield url


LOSERS = [
    replace(WORLDS["rfc9700"], name="losers get the winner's pair", losers_get="same"),
    replace(WORLDS["overlap-same-pair"], name="losers are refused", losers_get="refusal"),
    replace(WORLDS["supabase"], name="losers get a token each", losers_get="sibling"),
]


@pytest.mark.parametrize("steps", share(60, 150))
@pytest.mark.parametrize("world", [*WORLDS.values(), LIMITED, *LOSERS], ids=lambda world: world.name)
def test_it_answers_as_memory_does(store: str, world: World, steps: int) -> None:
    """One after another, and at once: what losers of a race get as well."""
    asyncio.run(Twins(replace(world, transaction=0.0), store, seed=401).run(steps))


def test_two_processes_that_decide_at_once_decide_one_after_the_other(store: str) -> None:
    """Both have read the family when the first commits: the second decides again, on what is there by then."""

    async def scene() -> None:
        realms = [shared(store, "race:", WORLDS["rfc9700"], lambda: NOW) for _ in range(2)]
        (one, link), (other, another) = realms
        user = await one.sign_up("ada@race401.test", "correct horse", {})
        token = (await one.sign_in(user))[0].links[0].token
        decided, committed = asyncio.Event(), asyncio.Event()
        commit, decisions = link.commit, list[Entry]()

        async def late(*given: Any) -> bool:
            await committed.wait()
            return await commit(*given)

        def decide(entry: Entry) -> None:
            decisions.append(entry)
            decided.set()

        async def meanwhile() -> Exchanged:
            await decided.wait()
            done = await other.exchange(token, entries[1], lambda _: None)
            committed.set()
            return done

        link.commit = late  # type: ignore[method-assign, assignment]
        entries = [received("w", "POST", "/token", NOW) for _ in range(2)]
        first, second = await asyncio.gather(one.exchange(token, entries[0], decide), meanwhile())
        assert (first.answer.outcome, second.answer.outcome) == ("reused", "rotated")
        assert len(decisions) == 2, "the first decided again"
        await link.close()
        await another.close()

    asyncio.run(scene())


def test_what_ends_all_sessions_of_a_user_ends_them_in_one_step(store: str) -> None:
    """Once a reuse is decided no process goes on with a session of that user; with one of another user it does."""

    async def scene() -> None:
        realms = [shared(store, f"{uuid.uuid4()}:", WORLDS["better-auth"], lambda: NOW)]
        realms.append(shared(store, realms[0][1].prefix.decode(), WORLDS["better-auth"], lambda: NOW))
        (one, link), (other, another) = realms
        ada, bob = [await one.sign_up(f"{who}@race401.test", "correct horse", {}) for who in ("ada", "bob")]
        reused, sibling, unrelated = [(await one.sign_in(user))[0].links[0].token for user in (ada, ada, bob)]

        def entry() -> Entry:
            return received("w", "POST", "/token", NOW)

        await one.exchange(reused, entry(), lambda _: None)
        commit, meanwhile = link.commit, list[Exchanged]()

        async def committed(*given: Any) -> bool:
            done = await commit(*given)
            meanwhile.extend([await other.exchange(token, entry(), lambda _: None) for token in (sibling, unrelated)])
            return done

        link.commit = committed  # type: ignore[method-assign, assignment]
        noted = entry()
        await one.exchange(reused, noted, lambda _: None)
        assert noted.ended == "user"
        assert [each.answer.outcome for each in meanwhile[:2]] == ["not_found", "rotated"]
        assert (await other.store.ended(sibling)) is not None, "the ledger still knows whose it was"
        await link.close()
        await another.close()

    asyncio.run(scene())


def test_one_address_is_one_account(store: str) -> None:
    async def scene() -> None:
        realms = [shared(store, "address:", WORLDS["supabase"], lambda: NOW) for _ in range(2)]
        (one, link), (other, another) = realms
        ada = await one.sign_up("ada@race401.test", "correct horse", {})
        with pytest.raises(AddressTaken):
            await other.sign_up("ada@race401.test", "correct horse", {})
        grace = await other.sign_up("grace@race401.test", "correct horse", {})
        with pytest.raises(AddressTaken):
            await other.accounts.change(grace, lambda user: setattr(user, "email", ada.email))
        changes = [realm.accounts.change(ada, lambda user: user.notes.append({})) for realm in (one, other)]
        await asyncio.gather(*changes)
        kept = await other.accounts.get(ada.id)
        assert kept is not None
        assert len(kept.notes) == 2, "neither change was lost"
        await one.accounts.remove(ada)
        assert await other.accounts.find("ada@race401.test") is None
        assert [user.email for user in await other.accounts.everyone()] == ["grace@race401.test"]
        await link.close()
        await another.close()

    asyncio.run(scene())


def test_a_limit_holds_for_all_processes(store: str) -> None:
    async def scene() -> None:
        realms = [shared(store, "limit:", WORLDS["supabase"], lambda: NOW) for _ in range(2)]
        taken = [await realms[n % 2][0].token_limit.take("address") for n in range(31)]
        assert taken == [True] * 30 + [False]
        for _, link in realms:
            await link.close()

    asyncio.run(scene())


def test_a_held_session_makes_other_processes_wait(store: str) -> None:
    """The first holds it for 2 s; the second comes meanwhile, and has its turn after that."""

    async def scene() -> None:
        world = replace(WORLDS["supabase"], transaction=2.0)
        realms = [shared(store, "held:", world, lambda: NOW) for _ in range(2)]
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)

        for realm, _ in realms:
            realm.store._sleep = sleep  # type: ignore[attr-defined]
        user = await realms[0][0].sign_up("ada@race401.test", "correct horse", {})
        token = (await realms[0][0].sign_in(user))[0].links[0].token
        outcomes = []
        for n in range(5):
            entry = received("w", "POST", "/token", NOW)
            done = await realms[n % 2][0].exchange(token, entry, lambda _: None)
            outcomes.append(str(done.answer.outcome))
        assert slept == [2.0, 2.0, 2.0, 4.0, 2.0, 5.0, 5.0]
        assert outcomes == ["rotated", "reuse_tolerated", "reuse_tolerated", "conflict", "conflict"]
        for _, link in realms:
            await link.close()

    asyncio.run(scene())


def test_a_read_asks_the_store_once_for_each_token(store: str) -> None:
    """And not at all once the store is lost: its token is checked here. One never seen is a 503, as all else is."""

    async def scene() -> None:
        now, ledger = NOW, Ledger()
        with redis() as (url, server):
            link = Link(url, "read:")
            app = create_app(
                [WORLDS["supabase"]],
                clock=lambda: now,
                ledger=ledger,
                state=lambda world, clock: state(link, world, clock, Keys("s" * 32), SEAL),
            )
            async with httpx.AsyncClient(base_url="http://localhost", transport=httpx.ASGITransport(app)) as client:
                first = (await client.post("/_race401/sessions", json=WHO)).json()
                body = {"refresh_token": first["refresh_token"]}
                bearer = {"Authorization": f"Bearer {first['access_token']}"}
                now += 1
                assert (await client.get("/contacts", headers=bearer)).status_code == 200
                second = (await client.post("/auth/v1/token?grant_type=refresh_token", json=body)).json()
                server.kill()
                server.wait()
                assert (await client.get("/contacts", headers=bearer)).status_code == 200
                assert (ledger.entries[-1].generation, ledger.entries[-1].cause) == (0, None)
                never_seen = {"Authorization": f"Bearer {second['access_token']}"}
                lost = [
                    await client.get("/contacts", headers=never_seen),
                    await client.get("/persona-notes", headers=bearer),
                    await client.post("/auth/v1/token?grant_type=refresh_token", json=body),
                    await client.get("/auth/v1/user", headers=bearer),
                    await client.post("/oauth/token", data={"grant_type": "refresh_token", **body}),
                ]
                assert [answer.status_code for answer in lost] == [503] * 5
                assert {entry.cause for entry in list(ledger.entries)[-5:]} == {"store_lost"}
                assert {entry.grant_outcome for entry in list(ledger.entries)[-5:]} == {None}
                assert lost[0].json()["code"] == "PGRST001"
                assert "www-authenticate" not in lost[0].headers
                assert lost[2].json()["error_code"] == "unexpected_failure"
                assert lost[2].json()["msg"].startswith("The shared store of the sessions cannot be reached: ")
                assert lost[4].json()["error"] == "temporarily_unavailable"
                assert (await client.get("/contacts")).status_code == 401, "no token is no question for a store"
            await link.close()

    asyncio.run(scene())


def test_what_a_store_said_of_a_token_is_not_even_awaited(store: str) -> None:
    """Until the second of its `iat` is over it is asked again, and where resources check the session always."""

    async def scene() -> None:
        now = [NOW]
        for checks, awaited in ((False, [True, True, True, False]), (True, [True] * 4)):
            now[0] = NOW
            world = replace(WORLDS["supabase"], check_session=checks)
            realm, link = shared(store, f"{uuid.uuid4()}:", world, lambda: now[0])
            _, token = await realm.sign_in(await realm.sign_up("ada@race401.test", "correct horse", {}))
            seen = []
            for later in (0, 0.5, 1, 2):
                now[0] = NOW + later
                asked = realm.foresee(token)
                seen.append(asked is not None)
                if asked is not None:
                    await asked
            assert seen == awaited
            await link.close()

    asyncio.run(scene())


def test_a_lost_store_says_so() -> None:
    async def scene() -> None:
        link = Link("unix:///nowhere/s", "lost:")
        with pytest.raises(StoreLost):
            await link.get(b"key")
        await link.close()

    asyncio.run(scene())
