"""
The advice of a card is right: a client that follows it survives fifty bursts, and one that ignores it loses its
session, or wastes what the card says. The servers' own tables are the witness; of worlds, what their answers brought.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from modelled import modelled
from probed import sign_in
from stacks import ROOT, SERVERS, marked, running, tables

from race401.harness.card.mock import Mock
from race401.harness.probe.answers import Answer
from race401.harness.probe.asking import Target
from race401.harness.probe.card import Card
from race401.harness.probe.evidence import load
from race401.harness.probe.playing import Pair
from race401.harness.probe.sequences import BURST, Refresh, Use
from race401.harness.probe.signing_in import parse
from race401.harness.probe.wire import Wire
from race401.ledger.dialects.presets import DIALECTS, OAUTH
from race401.mock_api.rules.worlds import WORLDS

pytestmark = pytest.mark.slow
BURSTS = 50
WORKING = [name for name in SERVERS if name != "django-oauth-toolkit-deferred"]  # which breaks under any load


@dataclass
class Seen:
    """What became of a client."""

    lost: bool = False
    granted: int = 0
    brought: set[str] = field(default_factory=set)  # the refresh tokens, as fingerprints
    refused_calls: int = 0
    afterwards: int = 0  # how many of those the last look brought


async def refresh(wire: Wire, pair: Pair, times: int, seen: Seen) -> Pair | None:
    """So many at once of one token; the pair that came last, if one came."""
    answers = await wire.send([(Refresh("0", f"1.{k}"), pair) for k in range(times)])
    came = [brought for _, brought in answers if brought is not None]
    seen.granted += len(came)
    seen.brought |= {answer.refresh for answer, _ in answers if answer.what == "granted"}
    return came[-1] if came else None


async def page(wire: Wire, pair: Pair, seen: Seen) -> None:
    """Five calls at once."""
    answers: list[Answer] = [
        answer for answer, _ in await wire.send([(Use("0", f"{k}"), pair) for k in range(BURST)])
    ]
    seen.refused_calls += sum(answer.what != "granted" for answer in answers)


async def follows(wire: Wire) -> Seen:
    """One refresh at a time; its answer is stored before it is used, and calls wait for it."""
    seen, pair = Seen(), await wire.sign_in()
    for _ in range(BURSTS):
        came = await refresh(wire, pair, 1, seen)
        if came is None:
            seen.lost = True
            return seen
        pair = came
        await page(wire, pair, seen)
    return seen


async def ignores(wire: Wire) -> Seen:
    """Five refresh for themselves, one of them late; calls go on with the old token, and what came last is stored."""
    seen, pair = Seen(), await wire.sign_in()
    for _ in range(BURSTS):
        came = await refresh(wire, pair, BURST - 1, seen)
        late = await refresh(wire, pair, 1, seen)
        await page(wire, pair, seen)
        if came is None and late is None:
            break
        pair = late or came or pair
    known = len(seen.brought)
    seen.lost = await refresh(wire, pair, 1, seen) is None
    seen.afterwards = len(seen.brought) - known
    return seen


def judged(card: Card, wire: Callable[[], Wire]) -> tuple[Seen, Seen]:
    """Both clients; what each saw is held against the card, but for what only a server's tables say."""

    async def run() -> tuple[Seen, Seen]:
        follower, ignorer = wire(), wire()
        try:
            return await follows(follower), await ignores(ignorer)
        finally:
            await follower.close()
            await ignorer.close()

    good, bad = asyncio.run(run())
    assert (good.lost, good.granted, good.refused_calls) == (False, BURSTS, 0)
    spared = "always" in (card.row("second.accepted").said, card.row("second.lives").said)
    if not spared or card.row(f"at-once-{BURST}.lives").said == "never":
        assert bad.lost, "the card said that a use too many logs the user out"
        return good, bad
    if card.row(f"at-once-{BURST}.lives").said == "always":
        assert not bad.lost, "the card said that a race costs no session"
    if card.row("access.after-refresh").said == "never":
        assert bad.refused_calls == BURSTS * BURST, "the card said that the old access token ends at the refresh"
    several = card.row(f"at-once-{BURST}.several").said in ("always", "sometimes")
    if several or card.row("second.same").said == "never":
        assert len(bad.brought) - bad.afterwards > BURSTS, (
            "the card said that there would be successors that nobody knows of"
        )
    elif card.row("rotates").said == "always":
        assert len(bad.brought) - bad.afterwards == BURSTS, "the card said that all bring the same"
    return good, bad


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    """All worlds."""
    with Mock(()) as running:
        yield running


@pytest.mark.parametrize("name", WORLDS)
def test_in_a_world_the_advice_is_right(mock: Mock, name: str) -> None:
    """Of the card that its rules have."""
    base = f"{mock.url}/{name}"
    target = Target(f"{base}/oauth/token", OAUTH, f"{base}/contacts", f"{base}/oauth/revoke")
    judged(modelled(WORLDS[name]), lambda: Wire(target, parse(sign_in(mock, name), OAUTH)))


@pytest.mark.parametrize("name", marked(WORKING))
def test_at_a_real_server_the_advice_is_right(name: str) -> None:
    """Of the card that was stored; its own tables hold what the answers brought."""
    server, card = SERVERS[name], load(ROOT.parent / f"reports/servers/{name}.json").card
    dialect = DIALECTS[server.dialect]
    with running(server) as url:
        target = Target(url + server.token, dialect, me=f"{url}/me", client=server.client)
        good, bad = judged(card, lambda: Wire(target, parse(f"POST {url}/seed", dialect)))
        stored = tables(url)["refresh_tokens"]
    assert stored == 2 + len(good.brought) + len(bad.brought), "two sign-ins, and what they brought"
