"""One world at work: its accounts, its sessions, its keys. Every method is one decision; none knows HTTP."""

import asyncio
import hashlib
import hmac
import secrets
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

from race401.mock_api import refresh_tokens
from race401.mock_api.accounts import Accounts, User
from race401.mock_api.clock import system_clock
from race401.mock_api.issuer import GRANTED, Answer, Family, Outcome, begin, ended, exchange
from race401.mock_api.jwt import Cause, Keys, Verified, claims_of
from race401.mock_api.ledger import Entry
from race401.mock_api.store import Contended, MemoryStore, Sleep, TwoStepStore
from race401.mock_api.worlds import World


class Exchanged(NamedTuple):
    """What came of an exchange; the rest is empty where it was refused."""

    answer: Answer
    access: str = ""
    family: Family | None = None
    expires_at: int = 0  # s since the epoch


class Realm:
    """The state of one world."""

    def __init__(
        self,
        world: World,
        clock: Callable[[], float] = system_clock,
        secret: str | None = None,
        *,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.world, self.clock = world, clock
        self.keys = Keys(secret)
        store = MemoryStore if world.atomic else TwoStepStore
        self.store = store(world.transaction, lambda: self.clock(), sleep)  # noqa: PLW0108 - a clock can be exchanged
        self.accounts = Accounts()
        self.users, self.by_email = self.accounts.by_id, self.accounts.by_email
        self._seal = secrets.token_bytes(32)  # signs v2 refresh tokens
        self.remaining: float | None = None  # s; what is left of first access tokens, if not the whole lifetime

    # --- accounts ---

    def sign_up(self, email: str, password: str, metadata: dict[str, Any]) -> User:
        """Return a new, confirmed account; the caller has checked that there is none."""
        return self.accounts.make(email, password, self.clock(), confirmed=True, metadata=metadata)

    def account(self, email: str, password: str) -> User | None:
        """Return the account that these belong to."""
        return self.accounts.authenticate(email, password)

    # --- sessions ---

    async def sign_in(self, user: User, remaining: float | None = None) -> tuple[Family, str]:
        """Begin a session; `remaining` s is what is left of its first access token's life, else the realm says."""
        now = user.last_sign_in_at = self.clock()
        remaining = self.remaining if remaining is None else remaining
        whole = int(now) + int(self.world.lifetime)
        expires_at = whole if remaining is None else min(round(now + remaining), whole)
        issued_at = expires_at - int(self.world.lifetime)
        session = str(uuid.uuid4())
        family = begin(session, user.id, self._refresh_token(session, 0), now, issued_at)
        await self.store.add(family)
        return family, self._sign(family, user, issued_at, expires_at)

    async def exchange(self, presented: str, entry: Entry, decide: Callable[[Entry], None]) -> Exchanged:
        """Spend a refresh token, in one atomic step, and tell the entry whose it was and what came of it."""
        found, presented, missing = self._find(presented)
        user = self.users.get(found.user) if found is not None else None
        if found is None or user is None:
            return self._noted(entry, None, Answer(missing, None))
        link = found.find(presented)
        assert link is not None
        entry.token_left_s = round(link.issued_at + self.world.lifetime - self.clock(), 6)
        if user.banned_until > self.clock():
            return self._noted(entry, found, Answer(Outcome.BANNED, link.generation))

        def step(family: Family) -> tuple[Family, tuple[Family, Answer]]:
            decide(entry)
            after, answer = self._decide(family, presented)
            return after, (after, answer)

        try:
            family, answer = await self.store.transact(presented, step) or (found, Answer(Outcome.NOT_FOUND, None))
        except Contended:
            return self._noted(entry, found, Answer(Outcome.CONFLICT, link.generation))
        return self._noted(entry, family, answer)

    def _decide(self, family: Family, presented: str) -> tuple[Family, Answer]:
        """Return what the world's rules make of it, given the user's other sessions."""
        now, link = self.clock(), family.find(presented)
        if link is not None and self.world.single_session and ended(self.world, family, now) is None:
            others = [other for other in self.store.of(family.user) if other.id != family.id]
            if any(other.refreshed_at > family.refreshed_at for other in others if not ended(self.world, other, now)):
                return family, Answer(Outcome.SUPERSEDED, link.generation)
        fresh = self._refresh_token(family.id, family.links[-1].generation + 1)
        return exchange(self.world, family, presented, now, fresh)

    def _noted(self, entry: Entry, family: Family | None, answer: Answer) -> Exchanged:
        """Write into the entry what was decided, and sign the access token where it was granted."""
        entry.grant_outcome, entry.generation = str(answer.outcome), answer.presented
        if family is None:
            return Exchanged(answer)
        entry.family = family.id
        user = self.users.get(family.user)
        if answer.outcome not in GRANTED or answer.link is None or user is None:
            return Exchanged(answer, family=family)
        same = answer.outcome is Outcome.REUSE_TOLERATED and self.world.reuse_brings == "same"
        issued_at = answer.link.issued_at if same else int(self.clock())
        expires_at = issued_at + int(self.world.lifetime)
        return Exchanged(answer, self._sign(family, user, issued_at, expires_at), family, expires_at)

    def _find(self, presented: str) -> tuple[Family | None, str, Outcome]:
        """Return the token's family and the token that stands for it there, or how it is missing."""
        family = self.store.find(presented)
        token = refresh_tokens.parse(presented) if family is None else None
        if token is None:
            return family, presented, Outcome.NOT_FOUND
        family = self.store.get(token.session)
        if family is None or not refresh_tokens.genuine(self._key(family.id), token):
            return None, presented, Outcome.NOT_FOUND
        if token.counter > family.links[-1].generation:
            return None, presented, Outcome.NOT_ISSUED
        return family, family.links[0].token, Outcome.NOT_FOUND  # to a counter, all that are forgotten are alike

    async def sign_out(self, family: Family, scope: str) -> None:
        """End sessions: this one, the others, or all of the user's."""
        mine = [each.id for each in self.store.of(family.user)]
        chosen = {"local": [family.id], "others": [name for name in mine if name != family.id]}
        await self.store.end(chosen.get(scope, mine))

    def _refresh_token(self, session: str, generation: int) -> str:
        if self.world.refresh_format == "random":
            return refresh_tokens.chance()
        return refresh_tokens.counted(self._key(session), session, generation)

    def _key(self, session: str) -> bytes:
        return hmac.digest(self._seal, session.encode(), hashlib.sha256)

    def _sign(self, family: Family, user: User, issued_at: int, expires_at: int) -> str:
        issuer = f"http://race401.test/{self.world.name}/auth/v1"
        return self.keys.sign(claims_of(family, user, issuer, issued_at, expires_at))

    # --- verification ---

    def verify(self, token: str, entry: Entry, leeway: float) -> Verified | Cause:
        """Return what a valid token says, or why it is refused; note in the entry whose it is."""
        verified = self.keys.genuine(token)
        if isinstance(verified, str):
            return verified
        entry.family = verified.family
        family = self.store.get(verified.family)
        if family is not None:
            entry.generation = family.generation_at(verified.claims.get("iat", 0))
        now = self.clock()
        left = verified.exp - now
        entry.token_left_s = round(left, 6)
        if left + leeway <= 0:
            return "expired"
        return "not_yet_valid" if verified.not_before > now + leeway else verified
