"""The store, for several processes: the issuer's pure step between a read and a commit."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from weakref import WeakValueDictionary

import msgspec

from race401.mock_api.rules.family import Family
from race401.mock_api.rules.issuer import tracks
from race401.mock_api.rules.worlds import World
from race401.mock_api.signing.jwt import Verified
from race401.mock_api.state.shared.link import Command, Link, Read, Seen
from race401.mock_api.state.store import RETRY_LOOP, Contended, Sleep, Step, T, waiting

KNOWN = 20_000  # access tokens whose generation is remembered, at about 200 bytes each
ENDED_FOR = 86_400  # s; so long the ledger still knows the newest token of an ended session

encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Family).decode

FIND = """
local family = redis.call('GET', KEYS[1])
return family and redis.call('GET', ARGV[1] .. family)
"""


class SharedFamilies:
    """See `Store`. It remembers the generations of access tokens: a read asks the store at first sight only."""

    def __init__(self, link: Link, world: World, clock: Callable[[], float], sleep: Sleep = asyncio.sleep) -> None:
        self._link, self._clock, self._sleep = link, clock, sleep
        self._held, self._checks = world.transaction, world.check_session or tracks(world)
        self._queued, self._overwrites = world.losers_get == "as_reuse", world.losers_get == "overwrite"
        self._prefix = link.prefix + world.kept_in.encode()
        self._find = link.script(FIND)
        self._queues: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._known: dict[tuple[str, float], int | None] = {}
        self._settled: set[tuple[str, float]] = set()
        self._seen: dict[str, Family | None] = {}

    async def transact(self, found: Family, token: str, step: Step[T], *, siblings: bool = False) -> T | None:
        """See `Store`."""
        if self._overwrites:
            return await self._two_steps(found, token, step, siblings=siblings)
        if self._held:
            await (self._turn(found.id) if self._queued else self._sleep(self._held))
        queue = self._queues.setdefault(found.id, asyncio.Lock())
        stale = bool(self._held) or queue.locked()
        async with queue:  # those of this process come one by one, so that only other processes can be in the way
            result = await self._uncontended(None if stale else found, found.id, token, step, siblings=siblings)
        if self._held and self._queued:
            await self._sleep(self._held)
        return result

    async def _uncontended(
        self, found: Family | None, name: str, token: str, step: Step[T], *, siblings: bool
    ) -> T | None:
        """Decide on what was read until nobody has written meanwhile; what was found may do as the first reading."""
        until = monotonic() + RETRY_LOOP
        raw = encode(found) if found is not None else await self._link.get(self._family(name))
        while raw is not None:
            family = decode(raw)
            if family.find(token) is None:
                return None
            others = await self._siblings(family) if siblings else []
            commands, result = self._decided(family, others, step)
            if await self._link.commit([(self._family(name), raw), *others], *commands):
                return result
            if monotonic() > until:
                raise Contended
            raw = await self._link.get(self._family(name))
        await self._link.whole()
        return None

    async def _two_steps(self, found: Family, token: str, step: Step[T], *, siblings: bool) -> T | None:
        """Lose updates, on purpose: others run between the check of a token and the writing of its whole family."""
        family = await self.get(found.id)
        if family is None or family.find(token) is None:
            return None
        others = await self._siblings(family) if siblings else []
        commands, result = self._decided(family, others, step)
        await self._sleep(self._held)
        await self._link.commit([], *commands)
        return result

    async def add(self, family: Family) -> None:
        """See `Store`."""
        listed = ("RPUSH", self._user(family.user), family.id)
        await self._link.commit([], *self._stored(family), listed)

    async def amend(self, family: str, change: Callable[[Family], Family]) -> None:
        """See `Store`."""
        until = monotonic() + RETRY_LOOP
        while (raw := await self._link.get(self._family(family))) is not None:
            before = decode(raw)
            if await self._link.commit([(self._family(family), raw)], *self._written(before, change(before))):
                return
            if monotonic() > until:
                raise Contended

    async def get(self, family: str) -> Family | None:
        """See `Store`."""
        return await self._decoded(await self._link.get(self._family(family)))

    async def find(self, token: str) -> Family | None:
        """See `Store`."""
        return await self._decoded(await self._find([self._token(token)], self._family("")))

    async def _decoded(self, raw: Read) -> Family | None:
        """Return the family; None: it is not there, and was not lost."""
        if raw is None:
            await self._link.whole()
            return None
        return decode(raw)

    async def end(self, families: list[str]) -> None:
        """See `Store`."""
        for name in families:
            while (raw := await self._link.get(self._family(name))) is not None:
                if await self._link.commit([(self._family(name), raw)], *self._gone(decode(raw))):
                    break

    async def families_of(self, user: str) -> list[Family]:
        """See `Store`."""
        names = await self._link.listed(self._user(user))
        found = await self._link.many(self._family(name.decode()) for name in names)
        return [decode(raw) for raw in found if raw is not None]

    async def ended(self, token: str) -> tuple[str, int] | None:
        """See `Store`."""
        raw = await self._link.get(self._ended(token))
        return None if raw is None else msgspec.msgpack.decode(raw, type=tuple[str, int])

    # --- what a read's entry says, without asking ---

    def foresee(self, token: Verified) -> Awaitable[None] | None:
        """Return what learns the generation of this access token, and whether its session lives; None: that is known.

        It is asked for once: no other link can have a second's `iat` when that second is over. Before, it is
        asked for each time; and where resources check the session, always.
        """
        key = token.family, token.iat
        if not token.family or (key in self._settled and not self._checks):
            return None
        return self._learn(token, key)

    async def _learn(self, token: Verified, key: tuple[str, float]) -> None:
        family = await self.get(token.family)
        if len(self._known) >= KNOWN:
            self._known.clear()
            self._settled.clear()
            self._seen.clear()
        self._known[key] = None if family is None else family.generation_at(token.iat)
        if self._checks:
            self._seen[token.family] = family
        if family is None or self._clock() >= token.iat + 1:
            self._settled.add(key)

    def generation(self, family: str, issued_at: float) -> int | None:
        """See `Store`: as it was foreseen."""
        return self._known.get((family, issued_at))

    def seen(self, family: str) -> Family | None:
        """See `Store`: as it was foreseen."""
        return self._seen.get(family)

    # --- turns ---

    async def _turn(self, family: str) -> None:
        """Return once the family is free, having taken it; raise Contended where that would take too long."""
        key = self._key("free", family)
        while True:
            raw, now = await self._link.get(key), self._clock()
            wait = waiting(float(raw) if raw is not None else now, now, self._held)
            if wait is None:
                await self._sleep(RETRY_LOOP)
                raise Contended
            taken = ("SET", key, repr(now + wait + self._held), "EX", int(RETRY_LOOP + self._held) + 1)
            if await self._link.commit([(key, raw)], taken):
                break
        if wait:
            await self._sleep(wait)

    # --- keys, and what is written to them ---

    def _decided(self, family: Family, others: Seen, step: Step[T]) -> tuple[list[Command], T]:
        """Return what writes the families that the step changes, and its result."""
        read = {each.id: each for each in (family, *(decode(raw) for _, raw in others if raw is not None))}
        changed, result = step(family, [each for each in read.values() if each is not family])
        return [command for after in changed for command in self._written(read[after.id], after)], result

    def _written(self, before: Family, after: Family) -> list[Command]:
        """Return what makes the one into the other. A family without links is a session that was deleted."""
        if after is before:
            return []
        if not after.links:
            return self._gone(before)
        forgotten = {link.token for link in before.links} - {link.token for link in after.links}
        return [*self._stored(after), *(("DEL", self._token(token)) for token in forgotten)]

    def _stored(self, family: Family) -> list[Command]:
        return [
            ("SET", self._family(family.id), encode(family)),
            ("SET", self._token(family.links[-1].token), family.id),
        ]

    def _gone(self, family: Family) -> list[Command]:
        keys = [self._family(family.id), *(self._token(link.token) for link in family.links)]
        newest = family.links[-1]
        remembered = ("SET", self._ended(newest.token), encode((family.id, newest.generation)), "EX", ENDED_FOR)
        return [("DEL", *keys), ("LREM", self._user(family.user), 0, family.id), remembered]

    async def _siblings(self, family: Family) -> Seen:
        """Return the user's other families, as they are kept."""
        names = [name for name in await self._link.listed(self._user(family.user)) if name.decode() != family.id]
        keys = [self._family(name.decode()) for name in names]
        return [(key, raw) for key, raw in zip(keys, await self._link.many(keys), strict=True) if raw is not None]

    def _key(self, kind: str, name: str) -> bytes:
        return b"%b:%b:%b" % (self._prefix, kind.encode(), name.encode())

    def _family(self, name: str) -> bytes:
        return self._key("family", name)

    def _token(self, token: str) -> bytes:
        return self._key("token", token)

    def _ended(self, token: str) -> bytes:
        return self._key("ended", token)

    def _user(self, name: str) -> bytes:
        return self._key("sessions", name)
