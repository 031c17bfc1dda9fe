"""A probe makes as many sessions as it says beforehand, and never more than it says at most."""

import asyncio
import random
from collections.abc import Sequence

import msgspec
import pytest
from modelled import ABLE, Model
from probed import sign_in

from race401.harness.card.mock import Mock
from race401.harness.probe.answers import Answer
from race401.harness.probe.asking import Target
from race401.harness.probe.making import make
from race401.harness.probe.playing import Pair
from race401.harness.probe.probing import Learnt, planned, probe
from race401.harness.probe.sequences import Step
from race401.harness.probe.signing_in import parse
from race401.ledger.dialects.presets import OAUTH
from race401.mock_api.rules.worlds import WORLDS, World

FIRST = 2  # of `make`, before the first sequence: one refreshes, one uses its access token
ROUNDS = 10
WORLD = "rotate-strict"


def made(model: Model, able: frozenset[str] = ABLE) -> int:
    """How many sessions a probe of it makes."""
    asyncio.run(probe(model, able, ROUNDS, 1_000.0, lambda _: None, Learnt()))
    return model.sessions


@pytest.mark.parametrize("name", WORLDS)
def test_no_world_costs_more_than_was_said(name: str) -> None:
    """Where a consumed token brings nothing again, and answers are always the same, exactly what was said."""
    usual, most = planned(ABLE, ROUNDS)
    sessions = FIRST + made(Model(WORLDS[name]))
    assert usual <= sessions <= most
    plain = WORLDS[name].reuse_interval == 0 and WORLDS[name].unacknowledged_brings == "as_reuse"
    assert (sessions == usual) == (plain or name == "no-rotation"), sessions


class Slow(Model):
    """Each of its answers takes about 0.6 s, so that no end of an interval is known closely."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.chance = random.Random(401)  # noqa: S311 - the same in every run

    async def send(self, steps: Sequence[tuple[Step, Pair]]) -> list[tuple[Answer, Pair | None]]:
        """As before, and slowly."""
        sent = self.time
        self.time += self.chance.uniform(0.2, 0.4)
        answers = await super().send(steps)
        self.time += self.chance.uniform(0.2, 0.4)
        return [(msgspec.structs.replace(a, sent=sent, heard=self.time), pair) for a, pair in answers]


@pytest.mark.parametrize("name", ["okta", "supabase", "django-oauth-toolkit-grace"])
def test_a_slow_server_is_not_looked_at_without_end(name: str) -> None:
    """The end of its interval cannot be told to half a second, however often it is looked for."""
    model = Slow(WORLDS[name])
    asyncio.run(probe(model, ABLE, ROUNDS, 1e6, lambda _: None, Learnt()))
    assert FIRST + model.sessions <= planned(ABLE, ROUNDS).most


def test_over_the_wire_it_is_what_the_card_counts() -> None:
    """With those two of which nothing is learnt but that there is a server."""
    with Mock(()) as mock:
        base = f"{mock.url}/{WORLD}"
        target = Target(f"{base}/oauth/token", OAUTH, f"{base}/contacts", f"{base}/oauth/revoke")
        card, _ = asyncio.run(make(target, parse(sign_in(mock, WORLD), OAUTH), 2, 600.0, lambda _: None))
    assert card.sessions == planned(target.able, 2).usual
