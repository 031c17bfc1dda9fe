"""Where families live, and the one place where an exchange is made a single step."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from race401.mock_api.issuer import Family

T = TypeVar("T")
Step = Callable[[Family], tuple[Family, T]]
Sleep = Callable[[float], Awaitable[None]]

PATIENCE = 5.0  # s; GoTrue's retryLoopDuration (internal/tokens/service.go)


class Contended(Exception):
    """Others held the session for longer than GoTrue waits."""


class Store(Protocol):
    """A shared store implements this with a transaction; memory is the default."""

    async def transact(self, token: str, step: Step[T]) -> T | None:
        """Apply the step to the family of this refresh token, as if alone; None if there is no such family.

        Raises Contended if it was not alone for too long.
        """
        ...

    async def add(self, family: Family) -> None:
        """Store a new family."""
        ...

    def get(self, family: str) -> Family | None:
        """Return the family with this id."""
        ...

    def find(self, token: str) -> Family | None:
        """Return the family of this refresh token."""
        ...

    async def end(self, families: list[str]) -> None:
        """Forget these families, as GoTrue deletes sessions."""
        ...

    def of(self, user: str) -> list[Family]:
        """Return the user's families."""
        ...


class MemoryStore:
    """Families in dicts. No method awaits between reading and writing: that is the atomicity.

    An exchange holds its family for `held` s of `clock`, and those that come meanwhile wait in turn.
    """

    def __init__(
        self, held: float = 0.0, clock: Callable[[], float] = lambda: 0.0, sleep: Sleep = asyncio.sleep
    ) -> None:
        self.sleep = sleep
        self._held, self._clock = held, clock
        self._families: dict[str, Family] = {}
        self._by_token: dict[str, str] = {}
        self._by_user: dict[str, dict[str, None]] = {}  # ids, in the order of sign-in
        self._free_at: dict[str, float] = {}  # of families that somebody holds or waits for

    async def transact(self, token: str, step: Step[T]) -> T | None:
        """See `Store`."""
        family = self.find(token)
        if family is not None and self._held:
            await self._turn(family.id)
            family = self.find(token)
        if family is None:
            return None
        after, result = step(family)
        self.put(after)
        if self._held:
            await self.sleep(self._held)
        return result

    async def add(self, family: Family) -> None:
        """See `Store`."""
        self.put(family)

    def get(self, family: str) -> Family | None:
        """See `Store`."""
        return self._families.get(family)

    def find(self, token: str) -> Family | None:
        """See `Store`."""
        return self._families.get(self._by_token.get(token, ""))

    async def end(self, families: list[str]) -> None:
        """See `Store`."""
        for name in families:
            family = self._families.pop(name, None)
            if family is not None:
                self._by_user[family.user].pop(name, None)
                self._free_at.pop(name, None)
                self._unindex(family)

    def of(self, user: str) -> list[Family]:
        """See `Store`."""
        return [self._families[name] for name in self._by_user.get(user, ())]

    def put(self, family: Family) -> None:
        """Write it, and index its newest link. A family without links is a session that was deleted."""
        before = self._families.get(family.id)
        if before is family:
            return
        if before is not None and len(before.links) >= len(family.links):
            self._unindex(before, kept=family)
        if not family.links:
            self._families.pop(family.id, None)
            self._by_user.get(family.user, {}).pop(family.id, None)
            return
        self._families[family.id] = family
        self._by_user.setdefault(family.user, {})[family.id] = None
        self._by_token[family.links[-1].token] = family.id

    def _unindex(self, family: Family, kept: Family | None = None) -> None:
        tokens = {link.token for link in family.links}
        for token in tokens - {link.token for link in kept.links} if kept is not None else tokens:
            self._by_token.pop(token, None)

    async def _turn(self, family: str) -> None:
        """Return once the family is free, having taken it; raise Contended where that would take too long."""
        now = self._clock()
        free_at = self._free_at.get(family, now)
        if free_at > now + PATIENCE + self._held:  # nobody waits so long: the clock was set back
            free_at = now
        if free_at > now + PATIENCE:
            await self.sleep(PATIENCE)
            raise Contended
        self._free_at[family] = max(free_at, now) + self._held
        if free_at > now:
            await self.sleep(free_at - now)


class TwoStepStore(MemoryStore):
    """Defective on purpose, as Keycloak was: others run between the check of a token and its consumption."""

    async def transact(self, token: str, step: Step[T]) -> T | None:
        """See `Store`; but not alone."""
        family = self.find(token)
        if family is None:
            return None
        after, result = step(family)
        await self.sleep(self._held)
        self.put(after)
        return result
