"""
The values that the decision core works on: tokens, effects, events, and a session's shared state.

Rules: everything here is data. Instants are s since the epoch on the *client's* clock, except `expires_at`,
which is the server's word for an instant (Supabase's clients compare the two as they are; so do we).
No repr shows a token: it shows a fingerprint.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from race401.harness.tokens.errors import AuthError


def fingerprint(token: str) -> str:
    """Return 8 hex digits that tell tokens apart and from which none can be made."""
    return hashlib.sha256(token.encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class TokenPair:
    """An access token and the refresh token that was issued with it."""

    access_token: str
    refresh_token: str
    expires_at: float  # s, the server's absolute instant
    generation: int = 0  # 0 at sign-in, + 1 for each exchange that this client saw answered

    def __repr__(self) -> str:
        return (
            f"TokenPair(generation={self.generation}, expires_at={self.expires_at}, "
            f"access={fingerprint(self.access_token)}, refresh={fingerprint(self.refresh_token)})"
        )


class Reason(StrEnum):
    """Why a refresh was wanted."""

    EXPIRING = "expiring"  # fewer than the margin's seconds are left
    EXPIRED = "expired"  # none are left
    REJECTED = "rejected"  # a resource answered 401
    TICK = "tick"  # the background auto-refresh came round


class Change(StrEnum):
    """What listeners are told, in Supabase's words."""

    SIGNED_IN = "SIGNED_IN"
    TOKEN_REFRESHED = "TOKEN_REFRESHED"  # noqa: S105 - an event, not a secret
    SIGNED_OUT = "SIGNED_OUT"


@dataclass(slots=True, eq=False)
class Flight:
    """One refresh in progress. The session owns it; no caller does."""

    pair: TokenPair  # what is being exchanged
    reason: Reason
    done: bool = False
    pair_after: TokenPair | None = None  # set with `done`; None if the refresh failed
    waiters: object = None  # the driver's: how those who joined are woken


@dataclass(frozen=True, slots=True)
class Cached:
    """A pair that was read from the session store, and until when it may be used unread."""

    pair: TokenPair
    read_at: float
    fresh_until: float  # exclusive


@dataclass(slots=True, eq=False)
class Session:
    """What the callers of one login share. Touched only while a generator of `core` is being stepped."""

    cached: Cached | None = None  # replaced whole, never changed: one read of it is consistent without a lock
    flight: Flight | None = None  # the shared refresh; None when nobody refreshes
    tick: Flight | None = None  # the background auto-refresh's own


# --- effects: what the core asks its driver to do -------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReadStore:
    """Read the pair that the app has stored (its `getSession()`). Answered by `StoreRead`."""


@dataclass(frozen=True, slots=True)
class WriteStore:
    """Store this pair, or nothing, and then tell the listeners of the change. Answered by `Done`."""

    pair: TokenPair | None
    change: Change


@dataclass(frozen=True, slots=True)
class Exchange:
    """Send the refresh grant for this pair. Answered by `Exchanged` or `ExchangeFailed`."""

    pair: TokenPair
    reason: Reason


@dataclass(frozen=True, slots=True)
class Join:
    """Wait until this flight is done, and start it if it was not. Answered by `Done`."""

    flight: Flight


@dataclass(frozen=True, slots=True)
class Send:
    """Send the caller's request with this pair's access token, or with none. Answered by `Answered`."""

    pair: TokenPair | None
    at: float
    age: float = 0.0  # s since the pair was read from the store
    retry: bool = False


# --- tells: effects that only observers act on; answered by `Done` at once -------------------------


@dataclass(frozen=True, slots=True)
class RefreshWanted:
    """A caller, or the ticker, needs a newer pair than it has."""

    at: float
    reason: Reason


@dataclass(frozen=True, slots=True)
class Cleared:
    """The session cache was dropped."""

    at: float


@dataclass(frozen=True, slots=True)
class GaveUp:
    """A 401 goes to the app without a retry, because of `why`."""

    at: float
    why: str


# --- events: what happened, and when --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StoreRead:
    """The store held this pair, or none."""

    at: float
    pair: TokenPair | None


@dataclass(frozen=True, slots=True)
class Exchanged:
    """The auth server issued this pair. Its generation is the core's to set."""

    at: float
    pair: TokenPair


@dataclass(frozen=True, slots=True)
class ExchangeFailed:
    """The exchange brought no pair."""

    at: float
    error: AuthError


@dataclass(frozen=True, slots=True)
class Answered:
    """A resource answered the caller's request."""

    at: float
    status: int
    replayable: bool = True  # False: the body was a stream and is gone


@dataclass(frozen=True, slots=True)
class Done:
    """What was asked for has happened."""

    at: float


Tell: TypeAlias = RefreshWanted | Cleared | GaveUp
Effect: TypeAlias = ReadStore | WriteStore | Exchange | Join | Send | Tell
Event: TypeAlias = StoreRead | Exchanged | ExchangeFailed | Answered | Done
Step: TypeAlias = Effect | Event


@dataclass(slots=True)
class Trace:
    """What one caller's request cost, counted by the driver."""

    sends: int = 0
    store_reads: int = 0
