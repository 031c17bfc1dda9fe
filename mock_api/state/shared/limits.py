"""Rate limits, for several processes."""

from collections.abc import Callable

import msgspec

from race401.mock_api.rules.rate_limits import BURST, PERIOD, refilled
from race401.mock_api.rules.worlds import World
from race401.mock_api.state.shared.link import Link


class SharedBuckets:
    """See `Limit`; a bucket that nobody took from is forgotten once it must be full."""

    def __init__(self, link: Link, world: World, name: str, rate: float, clock: Callable[[], float]) -> None:
        self._link, self._rate, self._clock = link, rate, clock
        self._prefix = link.prefix + f"{world.name}:{name}:".encode()
        self._full_after = int(BURST * PERIOD / rate) + 1  # s

    async def take(self, key: str) -> bool:
        """See `Limit`."""
        bucket = self._prefix + key.encode()
        while True:
            raw, now = await self._link.get(bucket), self._clock()
            level = msgspec.msgpack.decode(raw, type=tuple[float, float]) if raw is not None else (BURST, now)
            left = refilled(level, now, self._rate)
            if left < 1:
                return False
            bucket_left = msgspec.msgpack.encode((left - 1, now))
            if await self._link.commit([(bucket, raw)], ("SET", bucket, bucket_left, "EX", self._full_after)):
                return True
