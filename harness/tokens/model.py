"""
The values that the decision core works on: tokens, effects, events, and a session's shared state.

Rules: everything here is data. Instants are s since the epoch on the *client's* clock, except `expires_at`,
which is the server's word for an instant (Supabase's clients compare the two as they are; so do we).
No repr shows a token: it shows a fingerprint.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

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
    family: str = ""  # of the sign-in that it descends from; with the generation, what tells pairs apart
    received_at: float = 0.0  # s, when the client got it; the durations below count from here
    expires_in: float = 0.0  # s; 0 if unknown, like those that follow
    refresh_in: float = 0.0  # s, after which the server would like it to be refreshed
    lifetime: float = 0.0  # s, the whole life of the access token

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any]) -> "TokenPair":
        """Return the pair in a token endpoint's answer that tells `expires_at`, as the mock's do."""
        return cls(answer["access_token"], answer["refresh_token"], float(answer["expires_at"]))

    of = from_answer  # its earlier name

    def __repr__(self) -> str:
        return (
            f"TokenPair(generation={self.generation}, expires_at={self.expires_at}, "
            f"access={fingerprint(self.access_token)}, refresh={fingerprint(self.refresh_token)})"
        )


def same(one: TokenPair | None, other: TokenPair | None) -> bool:
    """Whether both are the same generation of the same family. The bytes of tokens tell nothing."""
    if one is None or other is None:
        return one is other
    return (one.family, one.generation) == (other.family, other.generation)


class Reason(StrEnum):
    """Why a refresh was wanted."""

    LAPSED = "lapsed"  # the cached pair is to be read again; whether it needs a refresh is not known yet
    EXPIRING = "expiring"  # fewer than the margin's seconds are left
    EXPIRED = "expired"  # none are left
    REJECTED = "rejected"  # a resource answered 401
    TICK = "tick"  # the background auto-refresh came round


class Change(StrEnum):
    """What listeners are called with, in Supabase's words."""

    SIGNED_IN = "SIGNED_IN"
    TOKEN_REFRESHED = "TOKEN_REFRESHED"  # noqa: S105 - an event, not a secret
    SIGNED_OUT = "SIGNED_OUT"


@dataclass(slots=True, eq=False)
class Flight:
    """One refresh in progress. The session owns it; no caller does."""

    pair: TokenPair | None  # what is being exchanged; None until the flight has read it from the store
    reason: Reason
    done: bool = False
    pair_after: TokenPair | None = None  # set with `done`; None if the refresh failed
    epoch: int = 0  # the session's when this began
    rejected: TokenPair | None = None  # what a resource has answered with 401, if that is the reason
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
    epoch: int = 0  # + 1 at each sign-out and sign-in
    store_version: int = 0  # + 1 whenever what a reading of the store began with may no longer be the newest
    cool_until: float = 0.0  # no exchange begins before, since one has failed
    jitter_share: float = 0.0  # in [0, 1), drawn once by whoever makes the session: its share of the policy's jitter


# --- effects: what the core asks its driver to do -------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReadStore:
    """Read the pair that the app has stored (its `getSession()`). Answered by `StoreRead`."""


@dataclass(frozen=True, slots=True)
class WriteStore:
    """Store this pair, or nothing, and tell the listeners of the change. Answered by `Done` or `Withheld` at once.

    With `instead_of`, only if the store still holds that pair.
    """

    pair: TokenPair | None
    change: Change
    instead_of: TokenPair | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """Send the refresh grant for this pair. Answered by `Exchanged` or `ExchangeFailed`."""

    pair: TokenPair
    reason: Reason


@dataclass(frozen=True, slots=True)
class Lock:
    """Wait for the lock across tabs and hold it until this flow ends. Answered by `Done`."""


@dataclass(frozen=True, slots=True)
class Launch:
    """Start this flight, and do not wait for it. Answered by `Done` at once."""

    flight: Flight


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
    """The exchange returned no pair."""

    at: float
    error: AuthError


@dataclass(frozen=True, slots=True)
class Answered:
    """A resource answered the caller's request."""

    at: float
    status: int
    replayable: bool = True  # False: the body was a stream and is gone


@dataclass(frozen=True, slots=True)
class Withheld:
    """Nothing was stored: the store no longer held the pair that was to be replaced."""

    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Done:
    """What was asked for has happened."""

    at: float = 0.0  # set where something was waited for


AT_ONCE = (WriteStore, Launch, RefreshWanted, Cleared, GaveUp)  # nothing can come between these and the next step
Tell: TypeAlias = RefreshWanted | Cleared | GaveUp
Effect: TypeAlias = ReadStore | WriteStore | Exchange | Lock | Launch | Join | Send | Tell
Event: TypeAlias = StoreRead | Exchanged | ExchangeFailed | Answered | Withheld | Done
Step: TypeAlias = Effect | Event


@dataclass(slots=True)
class Trace:
    """What one caller's request cost, counted by the driver."""

    sends: int = 0
    store_reads: int = 0
