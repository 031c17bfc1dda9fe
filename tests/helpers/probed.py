"""A world of a mock that runs, probed over the wire; its waits pass on the mock's clock."""

import asyncio
import json

from modelled import ABLE

from race401.harness.card.mock import EMAIL, PASSWORD, Mock
from race401.harness.probe.asking import Target
from race401.harness.probe.card import Card
from race401.harness.probe.probing import Learnt, probe, summed
from race401.harness.probe.signing_in import parse
from race401.harness.probe.wire import Wire
from race401.ledger.dialects.presets import OAUTH

SETTLED = 0.2  # s; on a machine that is much overloaded, too


def sign_in(mock: Mock, world: str) -> str:
    """The request that begins a session there, as a user would write it."""
    return f"POST {mock.url}/_race401/sessions {json.dumps({'email': EMAIL, 'password': PASSWORD, 'world': world})}"


class Turned(Wire):
    """Turns the mock's clock instead of waiting."""

    mock: Mock
    ahead = 0.0

    def now(self) -> float:
        """What was turned counts."""
        return super().now() + self.ahead

    async def sleep(self, seconds: float) -> None:
        """Pass the time at once."""
        self.mock.advance_clock(seconds)
        self.ahead += seconds


def probed(mock: Mock, world: str, rounds: int, able: frozenset[str] = ABLE) -> Card:
    """The card of this world."""
    base = f"{mock.url}/{world}"
    target = Target(f"{base}/oauth/token", OAUTH, f"{base}/contacts", f"{base}/oauth/revoke")

    async def within() -> Card:
        wire, learnt = Turned(target, parse(sign_in(mock, world), OAUTH), settled=SETTLED), Learnt()
        wire.mock = mock
        try:
            await probe(wire, able, rounds, 1_000.0, lambda _: None, learnt)
        finally:
            await wire.close()
        return summed(learnt, able, base, "oauth")

    return asyncio.run(within())
