"""A world's accounts: who there is, by id and by email, and what becomes of each."""

import hashlib
import secrets
import uuid
from dataclasses import dataclass, field
from typing import Any

AUTHENTICATED = "authenticated"  # GoTrue's default audience and role


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


class Accounts:
    """All users of a world."""

    def __init__(self) -> None:
        self.by_id: dict[str, User] = {}
        self.by_email: dict[str, User] = {}

    def make(self, email: str, password: str | None, now: float, *, phone: str = "") -> User:
        """Return a new account; the caller has checked that there is none. Neither email nor phone: anonymous."""
        user = User(str(uuid.uuid4()), "", None if password is None else digest(password), now, now, phone)
        user.anonymous = not email and not phone
        if not user.anonymous:
            provider = "email" if email else "phone"
            user.app_metadata = {"provider": provider, "providers": [provider]}
        self.by_id[user.id] = user
        if email:
            self.give_email(user, email)
        return user

    def give_email(self, user: User, email: str) -> None:
        """Give the account this address, which the caller has found free."""
        self._drop_email(user)
        self.by_email[email] = user
        user.email, user.anonymous = email, False
        user.app_metadata = {"provider": "email", "providers": ["email"]} | user.app_metadata
        about = {"email": email, "email_verified": False, "phone_verified": False, "sub": user.id}
        user.metadata = {**user.metadata, **about}

    def confirm(self, user: User, now: float) -> None:
        """Believe that the address is the user's."""
        user.confirmed_at = user.confirmed_at or now
        user.metadata = {**user.metadata, "email_verified": True}

    def authenticate(self, email: str, password: str) -> User | None:
        """Return the account that these belong to."""
        user = self.by_email.get(email)
        return user if user is not None and user.has_password(password) else None

    def set_password(self, user: User, password: str) -> None:
        """Give the account another password."""
        user.password = digest(password)

    def remove(self, user: User, now: float, *, softly: bool) -> None:
        """Forget the account, or only all that tells who it was; its sessions are the caller's to end."""
        self._drop_email(user)
        if softly:
            user.email, user.phone, user.password, user.deleted_at = "", "", None, user.deleted_at or now
            user.metadata = {}
        else:
            self.by_id.pop(user.id, None)

    def _drop_email(self, user: User) -> None:
        if self.by_email.get(user.email) is user:
            del self.by_email[user.email]


def digest(password: str) -> bytes:
    """Return what is kept of a password: test accounts, in memory, for as long as the process."""
    return hashlib.sha256(password.encode()).digest()
