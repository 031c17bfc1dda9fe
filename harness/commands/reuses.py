"""What a world of the mock does to a refresh token that is used again, found by running it."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from time import monotonic_ns

from race401.ledger.entry import received
from race401.ledger.outcomes import GRANTED, Outcome
from race401.mock_api.rules.worlds import World
from race401.mock_api.state.realm import Exchanged, Realm

SOON, LATE = 1.0, 3_600.0  # s after the use before
AT_ONCE = 5  # callers; as many as the incident's page has requests
TIME = 1_759_614_660.0  # 2025-10-04T21:51:00Z, the incident's; the rules do not depend on it
HEAD = [
    "world",
    "used again",
    "used again late",
    f"{AT_ONCE} uses at once",
    "the access token before",
    "the used token is revoked",
]
SAYS = {
    Outcome.ROTATED: "a new token",
    Outcome.KEPT: "the same token stays",
    Outcome.FORKED: "a second new token",
    Outcome.REUSE_TOLERATED: "the same successor token as before",
    Outcome.REUSED: "refused",
    Outcome.REVOKED: "refused, as revoked",
    Outcome.NOT_FOUND: "refused, as unknown",
    Outcome.CONFLICT: "409, as contended",
}


async def describe(world: World) -> dict[str, str]:
    """Return what comes of the three uses, of an access token and of a revocation, each of a session of its own."""
    of_uses = {name: await _outcome_of(world, uses) for name, uses in USES.items()}
    return {**of_uses, "access": await _access(world), "revoked": await _revoked(world)}


class Trial:
    """A session in a world whose clock is ours."""

    def __init__(self, world: World) -> None:
        self.now = TIME
        self.realm = Realm(world, lambda: self.now, sleep=self.sleep)

    async def sleep(self, _: float) -> None:
        """Let the others go on, and no time pass: what takes turns here does so in an instant."""
        await asyncio.sleep(0)

    async def begin(self) -> str:
        """Sign in, and return the refresh token."""
        account = await self.realm.sign_up("ada@race401.test", "correct horse", {})
        self.family, self.access = await self.realm.sign_in(account)
        return self.family.links[0].token

    async def serves(self, access: str) -> bool:
        """Tell whether a resource accepts this access token."""
        entry = received(self.realm.world.name, "GET", "/contacts", self.now)
        verified = self.realm.verify(access, entry, self.realm.world.leeway)
        if isinstance(verified, str) or self.realm.ended(verified) is not None:
            return False
        await self.realm.used(verified)
        return True

    async def use(self, token: str, after: float = 0.0, received_ns: int | None = None) -> Exchanged:
        """Exchange it, so many s later; `received_ns`: if others may be decided before this one, when it came."""
        self.now += after
        entry = received(self.realm.world.name, "POST", "/token", self.now)
        return await self.realm.exchange(token, entry, lambda _: None, received_ns)


async def second(trial: Trial) -> tuple[list[Exchanged], str]:
    """Use a token, and a second later again."""
    token = await trial.begin()
    first = await trial.use(token)
    return [await trial.use(token, SOON)], _token(first)


async def late(trial: Trial) -> tuple[list[Exchanged], str]:
    """Use a token, use its successor, and much later the first one again."""
    token = await trial.begin()
    newest = await trial.use(_token(await trial.use(token)), SOON)
    return [await trial.use(token, LATE)], _token(newest)


async def concurrent(trial: Trial) -> tuple[list[Exchanged], str]:
    """Use a token from several callers at once."""
    token = await trial.begin()
    now = monotonic_ns()
    answers = list(await asyncio.gather(*[trial.use(token, received_ns=now) for _ in range(AT_ONCE)]))
    return answers, _token([each for each in answers if each.answer.outcome in GRANTED][-1])


USES = {"second": second, "late": late, "concurrent": concurrent}
Uses = Callable[[Trial], Awaitable[tuple[list[Exchanged], str]]]


async def _outcome_of(world: World, uses: Uses) -> str:
    """Say what the callers were answered and, if one was refused, what became of the session."""
    answers, _ = await uses(Trial(world))
    counts = Counter(exchanged.answer.outcome for exchanged in answers)
    outcomes = [SAYS.get(outcome, f"refused, as {outcome}") for outcome in counts]
    if len(answers) > 1:
        outcomes = [f"{count} x {words}" for count, words in zip(counts.values(), outcomes, strict=True)]
    refused = any(outcome not in GRANTED for outcome in counts)
    return ", ".join(outcomes) + (f"; {await _fate(world, uses)}" if refused else "")


async def _fate(world: World, uses: Uses) -> str:
    """Try the session's newest token, soon after and once no reuse interval runs."""
    lives = []
    for wait in (SOON, world.reuse_interval + SOON):
        trial = Trial(world)
        _, newest = await uses(trial)
        lives.append((await trial.use(newest, wait)).answer.outcome in GRANTED)
    if lives[0] and not lives[1]:
        return f"the session is lost unless refreshed within {world.reuse_interval:g} s"
    return "the session stays valid" if all(lives) else "the session is lost"


async def _access(world: World) -> str:
    """Say what becomes of an access token when its refresh token is exchanged."""
    trial = Trial(world)
    new = await trial.use(await trial.begin(), SOON)
    if not await trial.serves(trial.access):
        return "ends at once"
    await trial.serves(new.access)
    return "stays valid" if await trial.serves(trial.access) else "ends when the new one is used"


async def _revoked(world: World) -> str:
    """Say what becomes of a session whose client revokes a token that it has just exchanged."""
    trial = Trial(world)
    token = await trial.begin()
    new = await trial.use(token)
    await trial.realm.revoke(trial.family, token)
    lives = (await trial.use(_token(new), SOON)).answer.outcome in GRANTED
    return "its successor stays valid" if lives else "the session is lost"


def _token(exchanged: Exchanged) -> str:
    assert exchanged.answer.link is not None
    return exchanged.answer.link.token
