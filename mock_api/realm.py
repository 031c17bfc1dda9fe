"""One world at work: its accounts, its sessions, its keys. Every method is one decision; none knows HTTP."""

import hashlib
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from race401.mock_api.clock import system_clock
from race401.mock_api.issuer import GRANTED, Answer, Family, Outcome, begin, exchange
from race401.mock_api.jwt import Cause, Keys, Verified, claims_of
from race401.mock_api.ledger import Entry
from race401.mock_api.store import MemoryStore
from race401.mock_api.worlds import World

ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"  # of GoTrue's 12-character refresh tokens


@dataclass(slots=True)
class User:
    """An account."""

    id: str
    email: str
    password: bytes
    created_at: float
    notes: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)

    def claims(self) -> dict[str, Any]:
        """Return what tokens and answers say of it."""
        about = {"email": self.email, "email_verified": True, "phone_verified": False, "sub": self.id}
        return {
            "id": self.id,
            "email": self.email,
            "app_metadata": {"provider": "email", "providers": ["email"]},
            "user_metadata": {**self.metadata, **about},
        }


class Realm:
    """The state of one world."""

    def __init__(self, world: World, clock: Callable[[], float] = system_clock, secret: str | None = None) -> None:
        self.world = world
        self.clock = clock
        self.keys = Keys(secret)
        self.store = MemoryStore()
        self.users: dict[str, User] = {}  # by id
        self.by_email: dict[str, User] = {}

    # --- accounts ---

    def sign_up(self, email: str, password: str, metadata: dict[str, Any]) -> User:
        """Return a new account; the caller has checked that there is none."""
        user = User(str(uuid.uuid4()), email, _digest(password), self.clock(), metadata=metadata)
        self.users[user.id] = self.by_email[email] = user
        return user

    def account(self, email: str, password: str) -> User | None:
        """Return the account that these belong to."""
        user = self.by_email.get(email)
        return user if user is not None and secrets.compare_digest(user.password, _digest(password)) else None

    # --- sessions ---

    async def sign_in(self, user: User, remaining: float | None = None) -> tuple[Family, str]:
        """Begin a session; `remaining` s is what is left of its first access token's life, if not all."""
        now = self.clock()
        whole = int(now) + int(self.world.lifetime)
        expires_at = whole if remaining is None else min(round(now + remaining), whole)
        issued_at = expires_at - int(self.world.lifetime)
        family = begin(str(uuid.uuid4()), user.id, fresh_token(), now, issued_at)
        await self.store.add(family)
        return family, self._sign(family, user, issued_at, expires_at)

    async def exchange(self, presented: str, entry: Entry, decide: Callable[[Entry], None]) -> tuple[Answer, str]:
        """Spend a refresh token, in one atomic step; return the answer and, if granted, a new access token."""
        now, fresh, family = self.clock(), fresh_token(), None

        def step(before: Family) -> tuple[Family, Answer]:
            nonlocal family
            family, answer = exchange(self.world, before, presented, now, fresh)
            decide(entry)
            return family, answer

        answer = await self.store.transact(presented, step) or Answer(Outcome.NOT_FOUND, None)
        entry.grant_outcome, entry.generation = str(answer.outcome), answer.presented
        if family is None:
            return answer, ""
        entry.family = family.id
        if answer.presented is not None:
            issued_at = family.links[answer.presented].issued_at
            entry.token_left_s = round(issued_at + self.world.lifetime - now, 6)
        if answer.outcome not in GRANTED:
            return answer, ""
        issued_at = int(now)
        return answer, self._sign(family, self.users[family.user], issued_at, issued_at + int(self.world.lifetime))

    async def sign_out(self, family: Family, scope: str) -> None:
        """End sessions: this one, the others, or all of the user's."""
        mine = [each.id for each in self.store.of(family.user)]
        chosen = {"local": [family.id], "others": [name for name in mine if name != family.id]}
        await self.store.end(chosen.get(scope, mine))

    def _sign(self, family: Family, user: User, issued_at: int, expires_at: int) -> str:
        issuer = f"http://race401.test/{self.world.name}/auth/v1"
        return self.keys.sign(claims_of(family, user.claims(), issuer, issued_at, expires_at))

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


def fresh_token() -> str:
    """Return a refresh token in GoTrue's first format."""
    return "".join(secrets.choice(ALPHABET) for _ in range(12))


def iso(at: float) -> str:
    """Return an instant as GoTrue writes it."""
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def _digest(password: str) -> bytes:
    """Return what is kept of a password: test accounts, in memory, for as long as the process."""
    return hashlib.sha256(password.encode()).digest()
