"""The accounts, for several processes."""

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import msgspec

from race401.mock_api.rules.worlds import World
from race401.mock_api.state.accounts import KEPT, AddressTaken, Kind, User
from race401.mock_api.state.shared.link import LASTS, Command, Link, Seen

encode = msgspec.json.Encoder().encode  # whatever came as JSON goes into it; msgpack has no number beyond 64 bits
decode = msgspec.json.Decoder(User).decode

APPEND = """
local lives = redis.call('EXISTS', KEYS[1]) == 1
local id = lives and redis.call('INCR', KEYS[3]) or 1
local item = '{"id": ' .. id .. ', "body": ' .. ARGV[1] .. '}'
if lives then
  redis.call('RPUSH', KEYS[2], item)
  redis.call('LTRIM', KEYS[2], -ARGV[2], -1)
  redis.call('EXPIRE', KEYS[2], ARGV[3])
  redis.call('EXPIRE', KEYS[3], ARGV[3])
end
return item
"""


class SharedAccounts:
    """See `Accounts`."""

    def __init__(self, link: Link, world: World) -> None:
        self._link = link
        self._prefix = link.prefix + world.kept_in.encode()
        self._all = self._prefix + b":users"
        self._append = link.script(APPEND)

    async def get(self, user: str) -> User | None:
        """See `Accounts`."""
        if (raw := await self._link.get(self._key("user", user))) is None:
            await self._link.whole()
            return None
        return decode(raw)

    async def find(self, email: str) -> User | None:
        """See `Accounts`."""
        if (name := await self._link.get(self._key("email", email))) is None:
            await self._link.whole()
            return None
        return await self.get(name.decode())

    async def everyone(self) -> list[User]:
        """See `Accounts`."""
        names = await self._link.listed(self._all)
        found = await self._link.many(self._key("user", name.decode()) for name in names)
        return [decode(raw) for raw in found if raw is not None]

    async def add(self, user: User) -> None:
        """See `Accounts`."""
        seen, named = self._named("", user)
        commands = ("SET", self._key("user", user.id), encode(user)), ("RPUSH", self._all, user.id)
        if not await self._link.commit(seen, *commands, *named):
            raise AddressTaken

    async def change(self, user: User, how: Callable[[User], None]) -> None:
        """See `Accounts`. An account that is gone meanwhile is changed for its caller alone."""
        key = self._key("user", user.id)
        while (raw := await self._link.get(key)) is not None:
            fresh = decode(raw)
            before = fresh.email
            how(fresh)
            seen, named = self._named(before, fresh)
            if await self._link.commit([(key, raw), *seen], ("SET", key, encode(fresh)), *named):
                for field in fields(User):
                    setattr(user, field.name, getattr(fresh, field.name))
                return
            if seen and await self._link.get(seen[0][0]) is not None:
                raise AddressTaken
        how(user)

    async def remove(self, user: User) -> None:
        """See `Accounts`."""
        keys = [self._key(kind, user.id) for kind in ("user", "notes", "messages", "notes-ids", "messages-ids")]
        if user.email:
            keys.append(self._key("email", user.email))
        await self._link.commit([], ("DEL", *keys), ("LREM", self._all, 0, user.id))

    async def items(self, user: str, kind: Kind) -> bytes:
        """See `Accounts`."""
        return b"[" + b", ".join(await self._link.listed(self._key(kind, user))) + b"]"

    async def append(self, user: str, kind: Kind, body: Any) -> bytes:
        """See `Accounts`."""
        keys = [self._key("user", user), self._key(kind, user), self._key(f"{kind}-ids", user)]
        item: bytes = await self._append(keys, json.dumps(body), KEPT, LASTS)
        return item

    def _named(self, before: str, user: User) -> tuple[Seen, list[Command]]:
        """Return what must be free for an account that had this address, and what names the one that it has."""
        if user.email == before:
            return [], []
        dropped: list[Command] = [("DEL", self._key("email", before))] if before else []
        if not user.email:
            return [], dropped
        key = self._key("email", user.email)
        return [(key, None)], [*dropped, ("SET", key, user.id)]

    def _key(self, kind: str, name: str) -> bytes:
        return b"%b:%b:%b" % (self._prefix, kind.encode(), name.encode())
