"""One world at work: its accounts, its sessions, its keys. Every method is one decision; none knows HTTP."""

import asyncio
import math
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from time import monotonic_ns
from typing import Any, NamedTuple

from race401.ledger.entry import Ended, Entry
from race401.ledger.outcomes import GRANTED, Outcome
from race401.mock_api.rules import refresh_tokens
from race401.mock_api.rules.family import Family
from race401.mock_api.rules.issuer import (
    LOSERS,
    Answer,
    begin,
    causes,
    consumed,
    ended,
    exchange,
    misused,
    refused,
    tracks,
    tracks_use,
    used,
    withdrawn,
)
from race401.mock_api.rules.worlds import World
from race401.mock_api.signing.jwt import Cause, Verified
from race401.mock_api.state.accounts import User, confirm, made
from race401.mock_api.state.clock import system_clock
from race401.mock_api.state.database import Database, State, in_memory
from race401.mock_api.state.minting import Mint
from race401.mock_api.state.store import Contended, Sleep


class Exchanged(NamedTuple):
    """What came of an exchange; the rest is empty where it was refused."""

    answer: Answer
    access: str = ""
    family: Family | None = None
    user: User | None = None
    expires_at: int = 0  # s since the epoch
    causes: tuple[str, ...] = ()  # why a consumed token was accepted, in GoTrue's words
    ended: Ended = "none"  # by this decision


class Realm:
    """One world's state, and what may be done with it."""

    def __init__(
        self,
        world: World,
        clock: Callable[[], float] = system_clock,
        secret: str | None = None,
        *,
        sleep: Sleep = asyncio.sleep,
        state: State | None = None,
        database: Database | None = None,
    ) -> None:
        self.world, self.clock = world, clock
        self._ordered, self._tracks, self.tracks_use = world.losers_get in LOSERS, tracks(world), tracks_use(world)
        now = lambda: self.clock()  # noqa: E731, PLW0108 - it can be exchanged
        state = state or in_memory(world, now, secret, sleep, database or Database())
        self.store, self.accounts = state.store, state.accounts
        self.token_limit, self.signup_limit = state.token_limit, state.signup_limit
        self.mint = Mint(world, state.keys, state.seal, now, lambda it: self.see(it))  # noqa: PLW0108 - likewise
        self._foresee = state.foresee
        self.see: Callable[[str], object] = lambda _: None  # hears of secrets: refresh tokens, passwords
        self.remaining: float | None = None  # s; what is left of first access tokens, if not the whole lifetime

    # --- accounts ---

    async def sign_up(self, email: str, password: str, metadata: dict[str, Any]) -> User:
        """Return a new, confirmed account; raises AddressTaken."""
        self.see(password)
        user = made(email, password, self.clock())
        user.metadata = {**metadata, **user.metadata}
        confirm(user, self.clock())
        await self.accounts.add(user)
        return user

    # --- sessions ---

    async def sign_in(self, user: User, remaining: float | None = None) -> tuple[Family, str]:
        """Begin a session; `remaining` s is what is left of its first access token's life, else the realm says."""
        now = self.clock()
        remaining = self.remaining if remaining is None else remaining
        whole = int(now) + int(self.world.lifetime)
        expires_at = whole if remaining is None else min(round(now + remaining), whole)
        issued_at = expires_at - int(self.world.lifetime)
        session = str(uuid.uuid4())
        family = begin(session, user.id, self.mint.refresh_token(session, 0), now, issued_at)
        await self.store.add(family)
        await self.accounts.change(user, lambda user: setattr(user, "last_sign_in_at", now))
        return family, self.mint.access_token(family, family.links[0], user, issued_at, expires_at)

    async def exchange(
        self, presented: str, entry: Entry, decide: Callable[[Entry], None], received: int | None = None
    ) -> Exchanged:
        """Spend a refresh token, in one atomic step, and tell the entry whose it was and what came of it.

        `received`: when the request was, in ns on the machine's monotonic clock; by default that is now.
        """
        received = monotonic_ns() if received is None else received
        self.see(presented)
        found, presented, missing = await self._find(presented)
        link = found.find(presented) if found is not None else None
        user = await self.accounts.get(found.user) if found is not None else None
        if found is None or link is None or user is None:
            entry.family, generation = await self.store.ended(presented) or (None, None)
            return self._noted(entry, Exchanged(Answer(missing, generation)))
        entry.token_left_s = round(link.issued_at + self.world.lifetime - self.clock(), 6)
        if user.banned(self.clock()):
            return self._noted(entry, Exchanged(Answer(Outcome.BANNED, link.generation), family=found))

        def step(family: Family, others: Sequence[Family]) -> tuple[Sequence[Family], Exchanged]:
            decide(entry)
            after, answer = self._decide(family, others, presented, received)
            again = answer.outcome is Outcome.REUSE_TOLERATED
            why = causes(self.world, family, presented, self.clock()) if again else ()
            changed, over = self._ended(family, after, others)
            return changed, self._granted(after, user, answer, why, over)

        try:
            done = await self.store.transact(found, presented, step, siblings=self._siblings)
            done = done or Exchanged(Answer(Outcome.NOT_FOUND, None))
        except Contended:
            done = Exchanged(Answer(Outcome.CONFLICT, link.generation), family=found)
        return self._noted(entry, done)

    def _decide(
        self, family: Family, others: Sequence[Family], presented: str, received: int
    ) -> tuple[Family, Answer]:
        """Return what the world's rules make of it, given the user's other sessions."""
        now, link = self.clock(), family.find(presented)
        if link is not None and self.world.single_session and ended(self.world, family, now) is None:
            living = [other for other in others if not ended(self.world, other, now)]
            if any(other.refreshed_at > family.refreshed_at for other in living):
                return family, Answer(Outcome.SUPERSEDED, link.generation)
        fresh = self.mint.refresh_token(family.id, family.links[-1].generation + 1)
        if not self._ordered:
            return exchange(self.world, family, presented, now, fresh)
        concurrent = link is not None and link.consumed_at > received
        after, answer = exchange(self.world, family, presented, now, fresh, concurrent=concurrent)
        first = answer.outcome is Outcome.ROTATED
        return (consumed(after, presented, monotonic_ns()) if first else after), answer

    def _granted(self, family: Family, user: User, answer: Answer, why: tuple[str, ...], over: Ended) -> Exchanged:
        """Sign the access token, if the exchange was granted. The same pair again is the same bytes again."""
        if answer.outcome not in GRANTED or answer.link is None:
            return Exchanged(answer, family=family, ended=over)
        anew = answer.outcome is Outcome.REUSE_TOLERATED and not answer.same
        issued_at = answer.link.issued_at if answer.same else int(self.clock())
        expires_at = issued_at + int(self.world.lifetime)
        access = self.mint.access_token(family, answer.link, user, issued_at, expires_at, anew=anew)
        return Exchanged(answer, access, family, user, expires_at, why, over)

    @staticmethod
    def _noted(entry: Entry, done: Exchanged) -> Exchanged:
        """Write into the entry what was decided, and about whom."""
        entry.grant_outcome, entry.generation = str(done.answer.outcome), done.answer.presented
        entry.ended = done.ended
        if done.family is not None:
            entry.family = done.family.id
        return done

    async def _find(self, presented: str) -> tuple[Family | None, str, Outcome]:
        """Return the token's family and the token that stands for it there, or how it is missing."""
        family = await self.store.find(presented)
        token = refresh_tokens.parse(presented) if family is None else None
        if token is None:
            return family, presented, Outcome.NOT_FOUND
        family = await self.store.get(token.session)
        if family is None or not self.mint.is_genuine(token):
            return None, presented, Outcome.NOT_FOUND
        if token.counter > family.links[-1].generation:
            return None, presented, Outcome.NOT_ISSUED
        return family, family.stand_in.token, Outcome.NOT_FOUND  # to a counter, all that are forgotten are alike

    async def sign_out(self, family: Family, scope: str) -> None:
        """End sessions: this one, the others, or all of the user's."""
        mine = [each.id for each in await self.store.families_of(family.user)] if scope != "local" else []
        chosen = {"local": [family.id], "others": [name for name in mine if name != family.id]}
        await self.store.end(chosen.get(scope, mine))

    async def revoke(self, family: Family, token: str) -> tuple[Ended, bool]:
        """Do what a client asks for that revokes this token; return what that ended, and whether it was granted."""
        if self.world.revoke_of_consumed != "as_live" and (ended := await self._misused(family, token)) is not None:
            return ended, False
        if self.world.revoke_ends == "family":
            await self.sign_out(family, "local")
            return "session", True
        link, now = family.find(token), self.clock()
        if link is None or link.revoked:
            return "none", True
        await self.store.amend(family.id, lambda family: withdrawn(family, token, now))
        return "token", True

    async def _misused(self, family: Family, token: str) -> Ended | None:
        """End what the revocation of this token ends if it was consumed, in one step; None: it was not."""

        def step(family: Family, others: Sequence[Family]) -> tuple[Sequence[Family], Ended | None]:
            link = family.find(token)
            if link is None or not link.revoked:
                return [], None
            reuse = self.world.revoke_of_consumed == "reuse"
            return self._ended(family, misused(self.world, family, self.clock()) if reuse else family, others)

        return await self.store.transact(family, token, step, siblings=self._siblings)

    async def sign_out_everywhere(self, user: User) -> None:
        """End all of the user's sessions."""
        await self.store.end([each.id for each in await self.store.families_of(user.id)])

    # --- verification ---

    def foresee(self, token: str | None) -> Awaitable[None] | None:
        """Return what to await before `current` and `verify`, which raises StoreLost; None: nothing is to be learned.

        Most reads need nothing, and are spared the coroutines.
        """
        if self._foresee is None or token is None:
            return None
        verified = self.mint.read(token)
        return self._foresee(verified) if isinstance(verified, Verified) else None

    async def prepare(self, token: str) -> None:
        """Learn what `current` and `verify` will want to know of this token; raises StoreLost."""
        if (asked := self.foresee(token)) is not None:
            await asked

    def verify(self, token: str, entry: Entry, leeway: float) -> Verified | Cause:
        """Return what a valid token for this world's API says, or why it is refused."""
        verified = self.current(token, entry, leeway)
        return "wrong_audience" if isinstance(verified, Verified) and not verified.for_us else verified

    def current(self, token: str, entry: Entry, leeway: float) -> Verified | Cause:
        """Return what a genuine token says within its dates, or why it is refused; note in the entry whose it is."""
        verified = self.mint.read(token)
        if isinstance(verified, str):
            return verified
        if verified.family:
            entry.family = verified.family
            known = self._tracks and verified.link >= 0
            entry.generation = verified.link if known else self.store.generation(verified.family, verified.iat)
        now = self.clock()
        left = verified.exp - now
        entry.token_left_s = None if left == math.inf else round(left, 6)
        if left + leeway <= 0:
            return "expired"
        return "not_yet_valid" if verified.not_before > now + leeway else verified

    def ended(self, verified: Verified) -> Cause | None:
        """Return why the state of its session makes resources refuse a token that is valid by itself."""
        if not (self.world.check_session or self._tracks):
            return None
        return refused(self.world, self.store.seen(verified.family), verified.link)

    async def used(self, verified: Verified) -> None:
        """Note that a resource has accepted this token; raises StoreLost and Contended."""
        family = self.store.seen(verified.family)
        link = family.at(verified.link) if family is not None else None
        if link is not None and not link.used:
            await self.store.amend(verified.family, lambda family: used(family, verified.link))

    @property
    def _siblings(self) -> bool:
        """Whether a decision about one session asks for the user's others, or ends them."""
        return self.world.single_session or self.world.on_reuse == "delete_all"

    def _ended(self, before: Family, after: Family, others: Sequence[Family]) -> tuple[Sequence[Family], Ended]:
        """Return what a decision changes and ends: a family's refresh tokens, a session, or all of the user's."""
        if after is before:
            return [], "none"
        if before.links and not after.links:
            if self.world.on_reuse == "delete_all":
                return [after, *(replace(other, links=()) for other in others)], "user"
            return [after], "session"
        return [after], "family" if after.revoked and not before.revoked else "none"
