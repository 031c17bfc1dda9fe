"""
The connection to a Redis, and its one kind of transaction: what was read is written only if nobody wrote meanwhile.

The decision stays in Python and pure: read, decide, commit; if that fails, all again. A command is never sent twice:
a commit whose answer is lost may have happened, and whoever asked is told that the store is lost.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeAlias

import redis
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from race401.mock_api.state.store import StoreLost

Read: TypeAlias = bytes | None
Seen: TypeAlias = list[tuple[bytes, Read]]  # keys, and what they held
Command: TypeAlias = tuple[str | bytes | int, ...]

CONNECTIONS = 32  # of a process; whoever finds all of them in use waits
WITHIN = 2.0  # s; a Redis that takes longer is lost
MANY = 1_000  # keys at once
LASTS = 3_600  # s; a key that nobody writes or renews for so long is gone, as where the mock was killed
RENEWED_EVERY = 600.0  # s; of an hour, so that a machine may sleep for 50 minutes
SHORT = frozenset({b"tokens", b"signups", b"ended", b"free"})  # kinds of keys that end by themselves, sooner or later
KEEPS = "noeviction"  # the policy of a Redis that refuses a write rather than forget another

COMMIT = """
local at = 2
for _ = 1, ARGV[1] do
  if (redis.call('GET', ARGV[at]) or '') ~= ARGV[at + 1] then return 0 end
  at = at + 2
end
while at <= #ARGV do
  local last = at + ARGV[at]
  redis.call(unpack(ARGV, at + 1, last))
  at = last + 1
end
return 1
"""


class Link:
    """A Redis, and the prefix of all our keys in it. Every method raises StoreLost.

    `marked`: the Redis has our mark, so that what is missing together with the mark was lost, and never deleted.
    """

    def __init__(self, url: str, prefix: str, *, marked: bool = False) -> None:
        self.prefix, self._marked = prefix.encode(), marked
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=WITHIN,
            socket_timeout=WITHIN,
            socket_connect_timeout=WITHIN,
            retry=Retry(NoBackoff(), 0),
        )
        self._redis = Redis.from_pool(pool)
        self._commit = self.script(COMMIT)

    def script(self, text: str) -> Callable[..., Awaitable[Any]]:
        """Return a function that runs this Lua: keys, then arguments."""
        run = self._redis.register_script(text)

        async def call(keys: list[bytes], *given: str | bytes | int) -> Any:
            return await self._sure(run(keys=keys, args=given))

        return call

    async def get(self, key: bytes) -> Read:
        """Return what the key holds."""
        held: Read = await self._sure(self._redis.get(key))
        return held

    async def whole(self) -> None:
        """Return if the Redis has not lost its data: to whoever misses something."""
        if self._marked and await self.get(_mark(self.prefix)) is None:
            raise StoreLost("it has lost its data (FLUSHALL, a restart, or an eviction)")

    async def listed(self, key: bytes) -> list[bytes]:
        """Return a list, all of it."""
        items: list[bytes] = await self._sure(self._redis.lrange(key, 0, -1))
        return items

    async def many(self, keys: Iterable[bytes]) -> list[Read]:
        """Return what each of these keys holds."""
        wanted, found = list(keys), list[Read]()
        for first in range(0, len(wanted), MANY):
            found += await self._sure(self._redis.mget(wanted[first : first + MANY]))
        return found

    async def commit(self, seen: Seen, *commands: Command) -> bool:
        """Run these commands if every key still holds what was seen, and tell whether it did.

        What is set or appended to lasts LASTS, unless the command says how long.
        """
        given: list[str | bytes | int] = [len(seen)]
        for key, held in seen:
            given += key, held or b""  # nothing that we keep is empty
        for command in commands:
            if command[0] == "SET" and "EX" not in command:
                given += len(command) + 2, *command, "EX", LASTS
            else:
                given += len(command), *command
            if command[0] == "RPUSH":
                given += 3, "EXPIRE", command[1], LASTS
        return bool(await self._commit([], *given))

    async def close(self) -> None:
        """Let go of the connections."""
        await self._redis.aclose()

    @staticmethod
    async def _sure(asked: Awaitable[Any]) -> Any:
        try:
            return await asked
        except (RedisError, OSError) as error:
            raise StoreLost(str(error) or type(error).__name__) from error


def reach(url: str) -> None:
    """Return if there is a Redis that answers and keeps what it is given.

    Raises StoreLost, and ValueError where this is no URL of one.
    """
    with redis.Redis.from_url(url, socket_timeout=WITHIN, socket_connect_timeout=WITHIN) as asked:
        try:
            memory = asked.info("memory")
        except (RedisError, OSError) as error:
            raise StoreLost(str(error) or type(error).__name__) from error
    policy = memory.get("maxmemory_policy", KEEPS)
    if memory.get("maxmemory") and policy != KEEPS:
        raise StoreLost(f"it evicts what it is given (maxmemory-policy {policy}), and sessions with it; set {KEEPS}")


def mark(url: str, prefix: str) -> None:
    """Leave a mark, with which all our keys would be lost; raises StoreLost."""
    with redis.Redis.from_url(url, socket_timeout=WITHIN, socket_connect_timeout=WITHIN) as asked:
        try:
            asked.set(_mark(prefix.encode()), 1, ex=LASTS)
        except (RedisError, OSError) as error:
            raise StoreLost(str(error) or type(error).__name__) from error


def _mark(prefix: bytes) -> bytes:
    return prefix + b"whole"


def renew(url: str, prefix: str) -> None:
    """Let every key with this prefix last for LASTS again, but those that end by themselves."""
    with redis.Redis.from_url(url, socket_timeout=WITHIN, socket_connect_timeout=WITHIN) as asked:
        try:
            for key in asked.scan_iter(f"{prefix}*", MANY):
                if not SHORT.intersection(key.removeprefix(prefix.encode()).split(b":")[1:2]):
                    asked.expire(key, LASTS)
        except (RedisError, OSError):
            return  # workers say of a Redis that is gone that it is


def clear(url: str, prefix: str) -> None:
    """Forget every key with this prefix; a Redis that is gone has."""
    with redis.Redis.from_url(url, socket_timeout=WITHIN, socket_connect_timeout=WITHIN) as asked:
        try:
            for key in asked.scan_iter(f"{prefix}*", MANY):
                asked.unlink(key)
        except (RedisError, OSError):
            return
