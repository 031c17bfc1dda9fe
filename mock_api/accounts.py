"""A world's accounts: who there is, by id and by email, and what tokens and answers say of each."""

import hashlib
import secrets
import uuid
from dataclasses import dataclass, field
from typing import Any

AUTHENTICATED = "authenticated"  # GoTrue's default audience and role


@dataclass(slots=True)
class User:
    """An account. Instants are s since the epoch on the mock's clock."""

    id: str
    email: str  # lower case; empty: anonymous, or by phone
    password: bytes | None
    created_at: float
    updated_at: float
    confirmed_at: float | None = None
    last_sign_in_at: float | None = None
    banned_until: float = 0.0
    phone: str = ""
    role: str = AUTHENTICATED
    anonymous: bool = False
    app_metadata: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    notes: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)


class Accounts:
    """All users of a world."""

    def __init__(self) -> None:
        self.by_id: dict[str, User] = {}
        self.by_email: dict[str, User] = {}

    def make(
        self,
        email: str,
        password: str | None,
        now: float,
        *,
        confirmed: bool,
        metadata: dict[str, Any],
        phone: str = "",
    ) -> User:
        """Return a new account; the caller has checked that there is none. Neither email nor phone: anonymous."""
        user = User(str(uuid.uuid4()), email, digest(password), now, now, phone=phone, metadata=dict(metadata))
        user.anonymous = not email and not phone
        if not user.anonymous:
            provider = "email" if email else "phone"
            user.app_metadata = {"provider": provider, "providers": [provider]}
        if email:
            user.metadata |= {"email": email, "email_verified": False, "phone_verified": False, "sub": user.id}
            self.by_email[email] = user
        if confirmed and not user.anonymous:
            self.confirm(user, now)
        self.by_id[user.id] = user
        return user

    def confirm(self, user: User, now: float) -> None:
        """Believe that the address is the user's."""
        user.confirmed_at = user.confirmed_at or now
        user.metadata["email_verified"] = bool(user.email)

    def authenticate(self, email: str, password: str) -> User | None:
        """Return the account that these belong to."""
        user = self.by_email.get(email)
        return user if user is not None and same(user, password) else None

    def change_email(self, user: User, email: str) -> None:
        """Give the account another address, which the caller has found free."""
        self.by_email.pop(user.email, None)
        self.by_email[email] = user
        user.email = user.metadata["email"] = email
        user.anonymous = False
        user.metadata.setdefault("sub", user.id)
        user.app_metadata = {"provider": "email", "providers": ["email"]} | user.app_metadata

    def remove(self, user: User) -> None:
        """Forget the account; its sessions are the caller's to end."""
        self.by_id.pop(user.id, None)
        if self.by_email.get(user.email) is user:
            del self.by_email[user.email]


def same(user: User, password: str) -> bool:
    """Return whether this is the user's password."""
    return user.password is not None and secrets.compare_digest(user.password, digest(password) or b"")


def digest(password: str | None) -> bytes | None:
    """Return what is kept of a password: test accounts, in memory, for as long as the process."""
    return None if password is None else hashlib.sha256(password.encode("utf-8", "surrogatepass")).digest()
