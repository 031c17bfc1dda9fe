"""A world in memory and its twin in a Redis, asked the same and compared."""

import random
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from time import monotonic_ns
from typing import Any

from mocks import NOW

from race401.ledger.entry import received
from race401.mock_api.rules.family import Family
from race401.mock_api.rules.family import Link as Row
from race401.mock_api.rules.worlds import World
from race401.mock_api.signing.jwt import Keys
from race401.mock_api.state.accounts import User
from race401.mock_api.state.realm import Realm
from race401.mock_api.state.shared import Link, state

SEAL = b"\0" * 32


def shared(url: str, prefix: str, world: World, clock: Callable[[], float]) -> tuple[Realm, Link]:
    """A realm of one process; another with the same prefix is another process's."""
    link = Link(url, prefix)
    return Realm(world, clock, state=state(link, world, clock, Keys("s" * 32), SEAL)), link


class Twins:
    """The same world in memory and in a Redis, there by turns through one process and another."""

    def __init__(self, world: World, url: str, seed: int) -> None:
        self.now, self.chance = NOW, random.Random(seed)  # noqa: S311 - the same calls in every run
        prefix = f"{uuid.uuid4()}:"
        several = [shared(url, prefix, world, lambda: self.now) for _ in range(2)]
        self.links = [link for _, link in several]
        self.memory, self.several = Realm(world, lambda: self.now), [realm for realm, _ in several]
        self.tokens: list[tuple[str, ...]] = []  # of each twin, by order of issue
        self.accesses: list[tuple[str, ...]] = []
        self.users: list[tuple[User, ...]] = []

    @property
    def pair(self) -> tuple[Realm, Realm]:
        """Memory, and one of the processes."""
        return self.memory, self.chance.choice(self.several)

    async def both(self, ask: Callable[[Realm, int], Awaitable[Any]]) -> tuple[Any, ...]:
        """What each of them says."""
        return tuple([await ask(realm, n) for n, realm in enumerate(self.pair)])

    async def step(self) -> None:
        """One call, with the same answer from both."""
        kinds = ["exchange", "race", "use", "revoke", "sign in", "sign out", "wait", "ban"]
        kind = self.chance.choices(kinds, [8, 2, 4, 1, 2, 1, 3, 1])[0]
        if kind == "wait":
            self.now += self.chance.choice([0.5, 9.0, 10.0, 10.001, 31.0])
        elif kind == "sign in" or not self.tokens:
            users = self.chance.choice(self.users)
            signed = await self.both(lambda realm, n: realm.sign_in(users[n]))
            self.tokens.append(tuple(family.links[0].token for family, _ in signed))
            self.accesses.append(tuple(access for _, access in signed))
        elif kind == "ban":
            users, until = self.chance.choice(self.users), self.chance.choice([None, self.now + 20])

            def ban(user: User) -> None:
                user.banned_until = until

            await self.both(lambda realm, n: realm.accounts.change(users[n], ban))
        elif kind == "sign out":
            await self.sign_out(self.chance.choice(self.tokens), self.chance.choice(["local", "others", "global"]))
        elif kind == "use":
            await self.use(self.chance.choice(self.accesses[-6:]))
        elif kind == "revoke":
            await self.revoke(self.chance.choice(self.tokens))
        elif kind == "race":
            tokens, received = self.chance.choice(self.tokens[-6:]), monotonic_ns()
            for _ in range(3):  # decided one after another, but all of them received before
                await self.exchange(tokens, received)
        else:
            await self.exchange(self.chance.choice(self.tokens[-6:]))

    async def exchange(self, tokens: tuple[str, ...], at: int | None = None) -> None:
        """A token spent."""
        entries = [received("w", "POST", "/token", self.now) for _ in range(2)]
        mine, theirs = await self.both(lambda realm, n: realm.exchange(tokens[n], entries[n], lambda _: None, at))
        assert (theirs.answer.outcome, theirs.causes) == (mine.answer.outcome, mine.causes)
        told = [(e.generation, e.grant_outcome, e.token_left_s, e.family is None) for e in entries]
        assert told[0] == told[1]
        if mine.answer.link is not None:
            self.tokens.append((mine.answer.link.token, theirs.answer.link.token))
            self.accesses.append((mine.access, theirs.access))

    async def use(self, tokens: tuple[str, ...]) -> None:
        """An access token used at a resource."""

        async def ask(realm: Realm, n: int) -> Any:
            await realm.prepare(tokens[n])
            entry = received("w", "GET", "/contacts", self.now)
            verified = realm.verify(tokens[n], entry, 0.0)
            if isinstance(verified, str):
                return verified
            cause = realm.ended(verified)
            if cause is None:
                await realm.used(verified)
            return cause

        mine, theirs = await self.both(ask)
        assert mine == theirs

    async def revoke(self, tokens: tuple[str, ...]) -> None:
        """A refresh token revoked by its client."""

        async def ask(realm: Realm, n: int) -> tuple[str, bool] | None:
            family = await realm.store.find(tokens[n])
            return None if family is None else await realm.revoke(family, tokens[n])

        mine, theirs = await self.both(ask)
        assert mine == theirs

    async def sign_out(self, tokens: tuple[str, ...], scope: str) -> None:
        """Sessions end."""

        async def end(realm: Realm, n: int) -> bool:
            family = await realm.store.find(tokens[n])
            if family is not None:
                await realm.sign_out(family, scope)
            return family is None

        gone = await self.both(end)
        assert gone[0] == gone[1]

    async def sign_up(self, email: str) -> None:
        """An account."""
        self.users.append(await self.both(lambda realm, _: realm.sign_up(email, "correct horse", {})))

    async def compare(self, users: tuple[User, ...]) -> None:
        """The same sessions, but for what is chance in their tokens."""
        left = await self.both(lambda realm, n: realm.store.families_of(users[n].id))
        mine, theirs = ([shape(family) for family in families] for families in left)
        assert mine == theirs

    async def run(self, steps: int) -> None:
        """Many calls, and then the same sessions left."""
        await self.sign_up("ada@race401.test")
        await self.sign_up("grace@race401.test")
        for _ in range(steps):
            await self.step()
        for users in self.users:
            await self.compare(users)
        for link in self.links:
            await link.close()


def shape(family: Family) -> list[Row]:
    """What is left when its tokens are chance, and its instants another machine's."""
    return [replace(link, token="", parent=None, consumed_at=bool(link.consumed_at)) for link in family.links]
