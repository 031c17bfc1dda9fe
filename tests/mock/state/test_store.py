"""The store: one session is held by one exchange at a time, and forgets what its families forgot."""

import asyncio
import uuid
from dataclasses import replace
from typing import Any

import pytest

from race401.ledger.entry import received
from race401.ledger.outcomes import Outcome
from race401.mock_api.rules.family import Family
from race401.mock_api.rules.worlds import WORLDS, World
from race401.mock_api.state.realm import Realm
from race401.mock_api.state.store import MemoryStore


class Slow:
    """A realm whose exchanges take a second each, on a clock that moves only while everybody sleeps."""

    def __init__(self, world: World | None = None) -> None:
        self.now = 0.0
        self.sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        world = replace(WORLDS["supabase"], transaction=1.0) if world is None else world
        self.realm = Realm(world, lambda: self.now, sleep=self.sleep)

    async def sleep(self, seconds: float) -> None:
        """Wait for `pass_time`."""
        done = asyncio.get_running_loop().create_future()
        self.sleepers.append((self.now + seconds, len(self.sleepers), done))
        await done

    async def pass_time(self) -> None:
        """Wake the sleepers in order, until none is left."""
        await settle()
        while self.sleepers:
            self.now, _, done = first = min(self.sleepers)
            self.sleepers.remove(first)
            done.set_result(None)
            await settle()

    async def sign_in(self) -> Family:
        """A session of a user of its own."""
        account = await self.realm.sign_up(f"{uuid.uuid4()}@race401.test", "correct horse", {})
        return (await self.realm.sign_in(account))[0]

    async def use(self, token: str) -> tuple[Outcome, float]:
        """What comes of an exchange, and when."""
        entry = received("supabase", "POST", "/token", self.now)
        exchanged = await self.realm.exchange(token, entry, lambda _: None)
        return exchanged.answer.outcome, self.now


async def settle() -> None:
    """Let everyone run until they wait."""
    for _ in range(100):
        await asyncio.sleep(0)


async def outcomes(slow: Slow, tokens: list[str]) -> list[tuple[Outcome, float]]:
    """All at once."""
    tasks = [asyncio.create_task(slow.use(token)) for token in tokens]
    await slow.pass_time()
    return [task.result() for task in tasks]


def test_exchanges_of_one_session_take_turns() -> None:
    """GoTrue has them wait for 5 s: the first six are served a second apart, the rest is a conflict."""

    async def scene() -> None:
        slow = Slow()
        family = await slow.sign_in()
        done = await outcomes(slow, [family.links[0].token] * 8)
        assert done[:1] == [(Outcome.ROTATED, 1.0)]
        assert done[1:6] == [(Outcome.REUSE_TOLERATED, at) for at in (2.0, 3.0, 4.0, 5.0, 6.0)]
        assert done[6:] == [(Outcome.CONFLICT, 5.0)] * 2

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("losers", "outcomes"),
    [
        ("refusal", ["rotated", "reused", "reused"]),
        ("same", ["rotated", "reuse_tolerated", "reuse_tolerated"]),
        ("sibling", ["rotated", "forked", "forked"]),
        ("overwrite", ["rotated", "rotated", "rotated"]),
    ],
)
def test_what_losers_of_a_race_get(losers: Any, outcomes: list[str]) -> None:
    """Whoever was received before the consumption was committed is one, however late it is decided; no other is."""

    async def scene() -> None:
        slow = Slow(replace(WORLDS["rfc9700"], transaction=1.0, losers_get=losers))
        family = await slow.sign_in()
        token = family.links[0].token
        tasks = [asyncio.create_task(slow.use(token)) for _ in range(3)]
        await slow.pass_time()
        assert [task.result()[0] for task in tasks] == outcomes
        assert all(task.result()[1] == 1.0 for task in tasks), "nobody waits for another"
        left = await slow.realm.store.get(family.id)
        assert left is not None
        assert not left.revoked
        assert sum(not link.revoked for link in left.links) == (3 if losers == "sibling" else 1)
        later = asyncio.create_task(slow.use(token))
        await slow.pass_time()
        assert later.result()[0] is Outcome.REUSED
        left = await slow.realm.store.get(family.id)
        assert left is not None
        assert left.revoked

    asyncio.run(scene())


def test_other_sessions_do_not_wait() -> None:
    async def scene() -> None:
        slow = Slow()
        tokens = [(await slow.sign_in()).links[0].token for _ in range(3)]
        assert await outcomes(slow, tokens) == [(Outcome.ROTATED, 1.0)] * 3

    asyncio.run(scene())


def test_a_session_that_ends_while_others_wait_for_it() -> None:
    """Whoever waited finds it gone."""

    async def scene() -> None:
        slow = Slow()
        family = await slow.sign_in()
        tasks = [asyncio.create_task(slow.use(family.links[0].token)) for _ in range(2)]
        await settle()
        await slow.realm.sign_out(family, "local")
        await slow.pass_time()
        assert [task.result()[0] for task in tasks] == [Outcome.ROTATED, Outcome.NOT_FOUND]

    asyncio.run(scene())


def test_a_clock_that_is_set_back_keeps_nobody_waiting() -> None:
    async def scene() -> None:
        slow = Slow()
        slow.now = 1_000.0
        family = await slow.sign_in()
        [(_, _)] = await outcomes(slow, [family.links[0].token])
        slow.now = 10.0
        assert await outcomes(slow, [family.links[0].token]) == [(Outcome.REUSE_TOLERATED, 11.0)]

    asyncio.run(scene())


@pytest.mark.parametrize("name", WORLDS)
def test_nothing_is_left_of_an_ended_session(name: str) -> None:
    """However long it was, and whatever was tried, no index grows for ever."""

    async def scene() -> None:
        realm = Realm(WORLDS[name], lambda: 0.0, sleep=asyncio.sleep if name != "toctou" else no_time)
        family, _ = await realm.sign_in(await realm.sign_up("ada@race401.test", "correct horse", {}))
        token = family.links[0].token
        for _ in range(250):
            entry = received(name, "POST", "/token", 0.0)
            answer = (await realm.exchange(token, entry, lambda _: None)).answer
            token = answer.link.token if answer.link is not None else token
        store = realm.store
        assert isinstance(store, MemoryStore)
        assert len(store._by_token) <= 200
        await realm.sign_out(family, "global")
        assert not store._families
        assert not store._by_token
        assert not store._by_user

    asyncio.run(scene())


async def no_time(_: float) -> None:
    """Let others run."""
    await asyncio.sleep(0)
