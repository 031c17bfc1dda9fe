"""Where families live, and the one place where an exchange is made a single step."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from race401.mock_api.rules.family import Family

T = TypeVar("T")
KEPT = 20_000  # ended sessions whose newest token the ledger still knows
Step = Callable[[Family, Sequence[Family]], tuple[Sequence[Family], T]]
"""Of a family, and of the others of its user, to those of them that it changes; without links one is deleted."""
Sleep = Callable[[float], Awaitable[None]]

RETRY_LOOP = 5.0  # s; GoTrue's retryLoopDuration (internal/tokens/service.go)


class Contended(Exception):
    """Others held the session for longer than GoTrue waits."""


class StoreLost(Exception):
    """A shared store does not answer, or not in time. What it was asked to do may have happened."""


class Store(Protocol):
    """Memory is the default; a shared store does the same for several processes."""

    async def transact(self, found: Family, token: str, step: Step[T], *, siblings: bool = False) -> T | None:
        """Apply the step to this family as it is by then, as if alone; None if it no longer has such a token.

        `siblings`: the step is given the user's other families. Raises Contended if it was not alone for too long.
        """
        ...

    async def add(self, family: Family) -> None:
        """Store a new family."""
        ...

    async def get(self, family: str) -> Family | None:
        """Return the family with this id."""
        ...

    async def find(self, token: str) -> Family | None:
        """Return the family of this refresh token."""
        ...

    async def end(self, families: list[str]) -> None:
        """Forget these families, as GoTrue deletes sessions."""
        ...

    async def families_of(self, user: str) -> list[Family]:
        """Return the user's families."""
        ...

    async def ended(self, token: str) -> tuple[str, int] | None:
        """Return the family and generation of a refresh token that was forgotten: for the ledger, not for answers."""
        ...

    def generation(self, family: str, issued_at: float) -> int | None:
        """Return the generation of an access token with this `iat`; None: there is no such family."""
        ...

    async def amend(self, family: str, change: Callable[[Family], Family]) -> None:
        """Change this family as it is by then, as if alone; where it is gone, nothing. Raises Contended."""
        ...

    def seen(self, family: str) -> Family | None:
        """Return the family as a resource sees it."""
        ...


class Tables:
    """The families of a database, which the stores of several worlds may share."""

    def __init__(self) -> None:
        self.families: dict[str, Family] = {}
        self.by_token: dict[str, str] = {}
        self.by_user: dict[str, dict[str, None]] = {}  # ids, in the order of sign-in
        self.free_at: dict[str, float] = {}  # of families that somebody holds or waits for
        self.ended: dict[str, tuple[str, int]] = {}  # family and generation, by token


class MemoryStore:
    """Families in dicts. No method awaits between reading and writing: that is the atomicity.

    An exchange takes `held` s of `clock`. `queued`: it holds its family, and those that come meanwhile wait in turn;
    otherwise it decides on what is there when that time is over.
    """

    def __init__(
        self,
        held: float = 0.0,
        clock: Callable[[], float] = lambda: 0.0,
        sleep: Sleep = asyncio.sleep,
        *,
        queued: bool = True,
        tables: Tables | None = None,
    ) -> None:
        self.sleep = sleep
        self._held, self._clock, self._queued = held, clock, queued
        tables = tables if tables is not None else Tables()
        self._families, self._by_token, self._by_user = tables.families, tables.by_token, tables.by_user
        self._free_at, self._ended = tables.free_at, tables.ended

    async def transact(self, found: Family, token: str, step: Step[T], *, siblings: bool = False) -> T | None:
        """See `Store`."""
        if self._held:
            await (self._turn(found.id) if self._queued else self.sleep(self._held))
        family = self._find(token)
        if family is None:
            return None
        changed, result = step(family, self._siblings(family) if siblings else ())
        for after in changed:
            self.put(after)
        if self._held and self._queued:
            await self.sleep(self._held)
        return result

    async def add(self, family: Family) -> None:
        """See `Store`."""
        self.put(family)

    async def get(self, family: str) -> Family | None:
        """See `Store`."""
        return self._families.get(family)

    async def find(self, token: str) -> Family | None:
        """See `Store`."""
        return self._find(token)

    async def end(self, families: list[str]) -> None:
        """See `Store`."""
        for name in families:
            if (family := self._families.get(name)) is not None:
                self._forget(family)

    async def ended(self, token: str) -> tuple[str, int] | None:
        """See `Store`."""
        return self._ended.get(token)

    async def families_of(self, user: str) -> list[Family]:
        """See `Store`."""
        return [self._families[name] for name in self._by_user.get(user, ())]

    def generation(self, family: str, issued_at: float) -> int | None:
        """See `Store`."""
        found = self._families.get(family)
        return None if found is None else found.generation_at(issued_at)

    async def amend(self, family: str, change: Callable[[Family], Family]) -> None:
        """See `Store`."""
        found = self._families.get(family)
        if found is not None:
            self.put(change(found))

    def seen(self, family: str) -> Family | None:
        """See `Store`."""
        return self._families.get(family)

    def put(self, family: Family) -> None:
        """Write it, and index its newest link. A family without links is a session that was deleted."""
        before = self._families.get(family.id)
        if before is family:
            return
        if not family.links:
            if before is not None:
                self._forget(before)
            return
        if before is not None and len(before.links) >= len(family.links):
            self._unindex(before, still=family)
        self._families[family.id] = family
        self._by_user.setdefault(family.user, {})[family.id] = None
        self._by_token[family.links[-1].token] = family.id

    def _forget(self, family: Family) -> None:
        mine = self._by_user[family.user]
        del self._families[family.id], mine[family.id]
        if not mine:
            del self._by_user[family.user]
        self._free_at.pop(family.id, None)
        self._unindex(family)
        self._ended[family.links[-1].token] = family.id, family.links[-1].generation
        if len(self._ended) > KEPT:
            del self._ended[next(iter(self._ended))]

    def _find(self, token: str) -> Family | None:
        return self._families.get(self._by_token.get(token, ""))

    def _siblings(self, family: Family) -> list[Family]:
        return [self._families[name] for name in self._by_user.get(family.user, ()) if name != family.id]

    def _unindex(self, family: Family, still: Family | None = None) -> None:
        tokens = {link.token for link in family.links}
        for token in tokens - {link.token for link in still.links} if still is not None else tokens:
            self._by_token.pop(token, None)

    async def _turn(self, family: str) -> None:
        """Return once the family is free, having taken it; raise Contended where that would take too long."""
        now = self._clock()
        wait = waiting(self._free_at.get(family, now), now, self._held)
        if wait is None:
            await self.sleep(RETRY_LOOP)
            raise Contended
        self._free_at[family] = now + wait + self._held
        if wait:
            await self.sleep(wait)


class TwoStepStore(MemoryStore):
    """Lost updates, on purpose: others run between the check of a token and the writing of its whole family."""

    async def transact(self, found: Family, token: str, step: Step[T], *, siblings: bool = False) -> T | None:  # noqa: ARG002 - found again
        """See `Store`; but not alone."""
        family = self._find(token)
        if family is None:
            return None
        changed, result = step(family, self._siblings(family) if siblings else ())
        await self.sleep(self._held)
        for after in changed:
            self.put(after)
        return result

    def put(self, family: Family) -> None:
        """Write it over whatever others have written. What those wrote over may come back, and is found again."""
        before = self._families.get(family.id)
        super().put(family)
        if before is not None:
            self._unindex(before, still=family)
        self._by_token.update((link.token, family.id) for link in family.links)


def waiting(free_at: float, now: float, held: float) -> float | None:
    """Return how long to wait for a family that is free at this instant; None: longer than anyone does."""
    if free_at > now + RETRY_LOOP + held:  # nobody waits so long: the clock was set back
        return 0.0
    return None if free_at > now + RETRY_LOOP else max(free_at - now, 0.0)
