"""A world's accounts: who there is, by id and by email, and what becomes of each."""

import hashlib
import json
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from race401.mock_api.signing.jwt import AUTHENTICATED

KEPT = 100  # notes and messages of one user; older ones go
Kind: TypeAlias = Literal["notes", "messages"]


@dataclass(slots=True)
class User:
    """An account. Instants are s since the epoch on the mock's clock; None: it has not happened."""

    id: str
    email: str  # lower case; empty: anonymous, or by phone
    password: bytes | None  # its digest; None: there is none
    created_at: float
    updated_at: float
    phone: str = ""
    role: str = AUTHENTICATED
    anonymous: bool = False
    confirmed_at: float | None = None
    phone_confirmed_at: float | None = None
    confirmation_sent_at: float | None = None
    last_sign_in_at: float | None = None
    banned_until: float | None = None
    deleted_at: float | None = None  # softly: it is kept, and nobody can sign in
    new_email: str = ""  # asked for, and not confirmed
    email_change_sent_at: float | None = None
    app_metadata: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    notes: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)

    def banned(self, now: float) -> bool:
        """Return whether the user is banned at this instant."""
        return self.banned_until is not None and now < self.banned_until

    def has_password(self, password: str) -> bool:
        """Return whether this is the user's password."""
        return self.password is not None and secrets.compare_digest(self.password, digest(password))


class AddressTaken(Exception):
    """Somebody else has this address by now."""


class Accounts(Protocol):
    """All users of a world; memory is the default, and a shared store has them for several processes."""

    async def get(self, user: str) -> User | None:
        """Return the account with this id."""
        ...

    async def find(self, email: str) -> User | None:
        """Return the account with this address."""
        ...

    async def everyone(self) -> list[User]:
        """Return all accounts, the oldest first."""
        ...

    async def add(self, user: User) -> None:
        """Keep a new account; raises AddressTaken."""
        ...

    async def change(self, user: User, how: Callable[[User], None]) -> None:
        """Apply `how` to the account in one step; `user` is then what is kept. Raises AddressTaken."""
        ...

    async def remove(self, user: User) -> None:
        """Forget the account; its sessions are the caller's to end."""
        ...

    async def items(self, user: str, kind: Kind) -> bytes:
        """Return what the user wrote, the newest KEPT, as a JSON array."""
        ...

    async def append(self, user: str, kind: Kind, body: Any) -> bytes:
        """Keep what the user wrote; return it with its id, as JSON."""
        ...


class MemoryAccounts:
    """Accounts in dicts."""

    def __init__(self) -> None:
        self._by_id: dict[str, User] = {}
        self._by_email: dict[str, User] = {}

    async def get(self, user: str) -> User | None:
        """See `Accounts`."""
        return self._by_id.get(user)

    async def find(self, email: str) -> User | None:
        """See `Accounts`."""
        return self._by_email.get(email)

    async def everyone(self) -> list[User]:
        """See `Accounts`."""
        return list(self._by_id.values())

    async def add(self, user: User) -> None:
        """See `Accounts`."""
        self._index(user)
        self._by_id[user.id] = user

    async def change(self, user: User, how: Callable[[User], None]) -> None:
        """See `Accounts`."""
        before = user.email
        how(user)
        if user.email != before:
            self._index(user)
            self._by_email.pop(before, None)

    async def remove(self, user: User) -> None:
        """See `Accounts`."""
        self._by_id.pop(user.id, None)
        self._by_email.pop(user.email, None)

    async def items(self, user: str, kind: Kind) -> bytes:
        """See `Accounts`."""
        return json.dumps(self._written(user, kind)).encode()

    async def append(self, user: str, kind: Kind, body: Any) -> bytes:
        """See `Accounts`."""
        items = self._written(user, kind)
        items.append({"id": (items[-1]["id"] if items else 0) + 1, "body": body})
        del items[:-KEPT]
        return json.dumps(items[-1]).encode()

    def _written(self, user: str, kind: Kind) -> list[dict[str, Any]]:
        account = self._by_id.get(user)
        if account is None:
            return []
        return account.notes if kind == "notes" else account.messages

    def _index(self, user: User) -> None:
        if user.email:
            if user.email in self._by_email:
                raise AddressTaken
            self._by_email[user.email] = user


def made(email: str, password: str | None, now: float, *, phone: str = "") -> User:
    """Return a new account. Neither email nor phone: anonymous."""
    user = User(str(uuid.uuid4()), "", None if password is None else digest(password), now, now, phone)
    user.anonymous = not email and not phone
    if not user.anonymous:
        provider = "email" if email else "phone"
        user.app_metadata = {"provider": provider, "providers": [provider]}
    if email:
        give_email(user, email)
    return user


def give_email(user: User, email: str) -> None:
    """Give the account this address, which the caller has found free; its metadata say so where its owner made it."""
    user.email, user.anonymous = email, False
    user.app_metadata = {"provider": "email", "providers": ["email"]} | user.app_metadata
    user.metadata = {**user.metadata, **identity_of(user)}


def identity_of(user: User) -> dict[str, Any]:
    """Return what the provider `email` says of the account."""
    return {"email": user.email, "email_verified": False, "phone_verified": False, "sub": user.id}


def confirm(user: User, now: float) -> None:
    """Believe that the address is the user's."""
    user.confirmed_at = user.confirmed_at or now
    if "email_verified" in user.metadata:  # not in what an admin gave
        user.metadata = {**user.metadata, "email_verified": True}


def make_nameless(user: User, now: float) -> None:
    """Forget all that tells who it was, and keep the account."""
    user.email, user.phone, user.password, user.deleted_at = "", "", None, user.deleted_at or now
    user.metadata = {}


def digest(password: str) -> bytes:
    """Return what is kept of a password: test accounts, in memory, for as long as the process."""
    return hashlib.sha256(password.encode()).digest()
