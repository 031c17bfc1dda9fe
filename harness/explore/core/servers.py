"""What the servers of a schedule answer: the resources by the token alone, the auth server by the issuer's rules."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from race401.harness.explore.core.scenario import Issuer, World
from race401.harness.explore.core.state import FIRST, LETTERS, START, Env, Presented, Unwritten, account
from race401.harness.tokens.errors import AuthError, RefreshRefused, RefreshUnavailable
from race401.harness.tokens.model import TokenPair
from race401.ledger.outcomes import GRANTED

REFUSED = RefreshRefused("Invalid Refresh Token: Already Used", status=400, code="refresh_token_already_used")
STATES = ("session_revoked", "ended_by_refresh")  # causes of what the session's state is
UNREACHED = RefreshUnavailable("the auth server was not reached")


class Judged(NamedTuple):
    """What became of an exchange."""

    env: Env
    answer: TokenPair | AuthError
    outcome: str  # in the issuer's words
    marks: tuple[str, ...]  # what is wrong about it
    presented: Presented
    unwritten: Unwritten | None = None  # None: all is written


class Servers:
    """The servers of one world, at the instants of one scenario."""

    def __init__(self, world: World, issuer: Issuer) -> None:
        self.world, self.issuer = world, issuer
        self.instants: tuple[float, ...] = (START,)
        self._states = world.check_session or issuer.tracks(world)  # resources ask for the session's state
        self._overwrites, self._ordered = world.losers_get == "overwrite", world.losers_get in issuer.LOSERS

    def begin(self, accounts: str) -> tuple[Any, ...]:
        """Return the families of these accounts' sign-ins."""
        return tuple(self.issuer.begin(name, name, f"{name}r0", START, int(START)) for name in accounts)

    def issued(self, name: str, refresh_token: str, generation: int, now: float, heard_at: float = 0.0) -> TokenPair:
        """Return what the auth server answers with; the client's own stamps come when it hears of it."""
        issued_at, lifetime = int(now), self.world.lifetime
        return TokenPair(
            f"{name}{generation}@{issued_at}",
            refresh_token,
            issued_at + lifetime,
            family=name,
            received_at=heard_at,
            expires_in=lifetime,
            lifetime=lifetime,
        )

    def refusal(self, env: Env, pair: TokenPair | None, now: int | None = None) -> str | None:
        """Return why a resource refuses this token, or None; at another instant than the env's, if one is given."""
        if pair is None:
            return "missing_token"
        if pair.expires_at + self.world.leeway <= self.instants[env.now if now is None else now]:
            return "expired"
        if env.refusing and pair.access_token == FIRST:
            return "generation_refused"
        if not self._states:
            return None
        return self.issuer.refused(self.world, self.family(env, account(pair)), _link(pair))

    def used(self, env: Env, pair: TokenPair) -> Env:
        """Return the env after a resource has accepted this token."""
        if not self.issuer.tracks_use(self.world):
            return env
        return env._replace(families=_with(env, self.issuer.used(self.family(env, account(pair)), _link(pair))))

    def settled(self, env: Env, pair: TokenPair | None, *, refusals: bool) -> bool:
        """Whether a resource's answer will be the same whenever it comes, so that waiting for it shows nothing."""
        cause = self.refusal(env, pair)
        if pair is None or cause is not None:
            return not self._overwrites or cause not in STATES  # for what others wrote can be written over
        changes = self._states or (refusals and pair.access_token == FIRST)
        return not changes and self.refusal(env, pair, -1) is None

    def told_apart(self, env: Env, pair: TokenPair) -> bool:
        """Whether it matters that this exchange is received now: its token is live, and may be consumed by then."""
        if not self._ordered:
            return False
        link = self.family(env, account(pair)).find(pair.refresh_token)
        return link is not None and not link.revoked

    def judged(self, env: Env, pair: TokenPair, *, received: bool = False) -> Judged:
        """Let the auth server judge the exchange of this pair; write what it makes of that, unless updates are lost.

        `received`: it was, while its token was live.
        """
        name, now, atomic = account(pair), self.instants[env.now], not self._overwrites
        before = self.family(env, name)
        issued = _unused(env, f"{name}r{before.links[-1].generation + 1 if before.links else 0}")
        family, answer = self.issuer.exchange(
            self.world, before, pair.refresh_token, now, issued, concurrent=received
        )
        granted = answer.outcome in GRANTED
        presented = (name, answer.presented) if atomic else pair.refresh_token
        marks = tuple(self._wrong(env, pair, presented, granted=granted))
        after = env._replace(
            families=_with(env, family) if atomic else env.families,
            tried=env.tried | {presented},
            incurable=env.incurable or (not granted and env.account == name and presented in env.lost),
        )
        fresh = self.issued(name, answer.link.token, answer.link.generation, now) if granted else REFUSED
        judged = Judged(after, fresh, str(answer.outcome), marks, presented)
        if atomic or family is before:
            return judged
        after = after._replace(issued=env.issued | {answer.link.token}) if granted else after
        return judged._replace(env=after, unwritten=Unwritten(family, presented, fresh))

    def written(self, env: Env, unwritten: Unwritten) -> tuple[Env, tuple[str, ...]]:
        """Let a server that loses updates write what it has checked, over all that others have written since."""
        now, then = self.family(env, unwritten.family.id), unwritten.family
        after = env._replace(families=_with(env, then))
        forgets = any(not link.revoked and then.find(link.token) is None for link in now.links)
        if not forgets or isinstance(unwritten.answer, AuthError) or env.account != then.id:
            return after, ()
        if unwritten.presented in env.lost or env.incurable:
            return after._replace(incurable=True), ("two-successors, incurably",)
        return after, ("two-successors",)

    @staticmethod
    def unheard(env: Env, presented: Presented, answer: TokenPair | AuthError) -> Env:
        """Return the env after the answer was lost."""
        lost = env.lost | {presented} if isinstance(answer, TokenPair) else env.lost
        return env._replace(losses=env.losses - 1, faulted=True, lost=lost)

    def _wrong(self, env: Env, pair: TokenPair, presented: Presented, *, granted: bool) -> Iterator[str]:
        """Say what is wrong about an exchange; nobody minds what becomes of a session that was signed out."""
        ours = env.account == account(pair)
        if ours and presented in env.tried and presented not in env.lost:
            yield "exchanged-again"
        if ours and not granted:
            yield "session-lost, incurably" if presented in env.lost or env.incurable else "session-lost"
        left = pair.expires_at - self.instants[env.now]
        if granted and left > self.world.lifetime / 2 and pair.access_token not in env.rejected:
            yield "needless-exchange"
        if env.failed:
            yield "hammered"

    @staticmethod
    def family(env: Env, name: str) -> Any:
        """Return the family of this account."""
        return next(each for each in env.families if each.id == name)


def _link(pair: TokenPair) -> int:
    """Return the generation of the refresh token that an access token came with: the explorer's tokens say so."""
    return int(pair.access_token[1:].partition("@")[0])


def _with(env: Env, family: Any) -> tuple[Any, ...]:
    """Return the families, this one in its place."""
    return tuple(family if each.id == family.id else each for each in env.families)


def _unused(env: Env, name: str) -> str:
    """Return the name for a new refresh token: with a letter, if a server that loses updates has issued it."""
    return next(each for each in (name, *(f"{name}{letter}" for letter in LETTERS)) if each not in env.issued)
