"""
What a client does about its tokens, as data: one frozen dataclass whose fields are the knobs.

No code asks for a policy's name. A field marked ASSUMPTION is a choice that the incident report does not
make for us; its comment quotes the report's words that come nearest.
"""

import dataclasses
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Policy:
    """One column of behaviour. Durations are in s."""

    name: str
    session_cache: float = 0.0
    """For how long a pair read from the session store is used without reading again; 0 reads on each call.
    The report: `SESSION_CACHE_MS = 5000`."""
    expiry_margin: float = 60.0
    """Refresh when fewer than this many seconds are left. The report: 60 s before the fix, 120 s after it."""
    single_flight: bool = False
    """Callers share one refresh. The report: a "shared refresh promise"."""
    invalidate_on_401: bool = False
    """A 401 drops the session cache."""
    invalidate_on_refresh_error: bool = False
    """A failed refresh drops the session cache."""
    retry_on_401: bool = False
    """A 401 forces one refresh, and the request is sent once more with the new token."""
    clear_on_sign_out: bool = False
    """Sign-out drops the session cache and the shared refresh. The report: `clearSessionCache`."""
    on_refresh_failure: Literal["send_without_token", "send_current"] = "send_without_token"
    """ASSUMPTION: what a caller sends whose proactive refresh failed. The report says only "the session token
    expired or auth headers were missing"."""
    auto_refresh_every: float = 30.0
    """ASSUMPTION: the period of the background auto-refresh, where it runs. Supabase's ticker has 30 s
    (auth-js constants.ts: AUTO_REFRESH_TICK_DURATION_MS); the report does not mention it."""
    auto_refresh_margin: float = 120.0
    """ASSUMPTION: the background auto-refresh refreshes below this. auth-js: `floor(left / 30 s) <= 3`, so below
    120 s."""


PRE_FIX = Policy("pre-fix")
"""The client of the incident. That it has no single flight of its own, although Supabase's client has one, is an
ASSUMPTION: the report says that simultaneous requests caused several refreshes."""

FIXED = Policy(
    "fixed",
    session_cache=5.0,
    expiry_margin=120.0,
    single_flight=True,
    invalidate_on_401=True,
    invalidate_on_refresh_error=True,
    retry_on_401=True,
    clear_on_sign_out=True,
)
"""The fix as reported, exactly: nothing that it lacks was added."""

POLICIES = {policy.name: policy for policy in (PRE_FIX, FIXED)}


def knobs(policy: Policy) -> dict[str, object]:
    """Return every field of the policy by name, as a manifest stores it."""
    return dataclasses.asdict(policy)
