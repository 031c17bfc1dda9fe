"""A world of the mock as a probe meets it, without a wire: the issuer's rules, and a clock that the test holds."""

import asyncio
from collections.abc import Sequence
from functools import cache
from time import monotonic_ns

from race401.harness.probe.answers import Answer
from race401.harness.probe.card import Card
from race401.harness.probe.playing import Pair
from race401.harness.probe.probing import Learnt, probe, summed
from race401.harness.probe.sequences import Refresh, SignOut, Step, Use
from race401.ledger.entry import received
from race401.ledger.outcomes import GRANTED
from race401.mock_api.rules.worlds import World
from race401.mock_api.state.realm import Realm

TIME = 1_759_614_660.0  # 2025-10-04T21:51:00Z
ABLE = frozenset({"me", "revoke"})


class Model:
    """See the module's docstring. Of steps at once all are received before any is decided."""

    def __init__(self, world: World) -> None:
        self.time, self.sessions = TIME, 0
        self.realm = Realm(world, lambda: self.time, sleep=self._turn)

    async def _turn(self, _: float) -> None:
        await asyncio.sleep(0)

    def now(self) -> float:
        """The test's clock."""
        return self.time

    async def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        self.time += seconds

    async def sign_in(self) -> Pair:
        """A new session of the one account."""
        self.sessions += 1
        account = await self.realm.accounts.find("ada@race401.test")
        account = account or await self.realm.sign_up("ada@race401.test", "correct horse", {})
        family, access = await self.realm.sign_in(account)
        return Pair(family.links[0].token, access)

    async def send(self, steps: Sequence[tuple[Step, Pair]]) -> list[tuple[Answer, Pair | None]]:
        """All at once."""
        came = monotonic_ns()
        return list(await asyncio.gather(*(self._one(step, pair, came) for step, pair in steps)))

    async def _one(self, step: Step, pair: Pair, came: int) -> tuple[Answer, Pair | None]:
        if isinstance(step, Use):
            return Answer("granted" if await self._serves(pair.access) else "refused", sent=self.time), None
        if isinstance(step, SignOut):
            family = await self.realm.store.find(pair.refresh)
            revoked = family is None or (await self.realm.revoke(family, pair.refresh))[1]
            return Answer("granted" if revoked else "refused"), None
        assert isinstance(step, Refresh)
        entry = received(self.realm.world.name, "POST", "/token", self.time)
        done = await self.realm.exchange(pair.refresh, entry, lambda _: None, came)
        if done.answer.outcome not in GRANTED or done.answer.link is None:
            status = self.realm.world.refusal_status
            return Answer("refused", pair.refresh, status=status, sent=self.time, heard=self.time), None
        if not step.heard:
            return Answer("unheard", pair.refresh), None
        brought = Pair(done.answer.link.token, done.access)
        marks = brought.refresh, brought.access
        return Answer("granted", pair.refresh, *marks, sent=self.time, heard=self.time), brought

    async def _serves(self, access: str) -> bool:
        entry = received(self.realm.world.name, "GET", "/contacts", self.time)
        verified = self.realm.verify(access, entry, self.realm.world.leeway)
        if isinstance(verified, str) or self.realm.ended(verified) is not None:
            return False
        await self.realm.used(verified)
        return True


@cache
def modelled(world: World, rounds: int = 10, able: frozenset[str] = ABLE) -> Card:
    """The card of this world."""
    learnt = Learnt()
    asyncio.run(probe(Model(world), able, rounds, 1_000.0, lambda _: None, learnt))
    return summed(learnt, able, world.name, "oauth")
