"""
What a client does about its tokens, as data: one frozen dataclass whose fields are the knobs.

No code asks for a policy's name. A field marked ASSUMPTION is a choice that the incident report does not
make for us; its comment quotes the report's words that come nearest.
"""

import dataclasses
from dataclasses import dataclass, replace
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
    # --- what the fix as reported lacks; see HARDENED ---

    check_generation: bool = False
    """A 401 for a pair that has been replaced refreshes nothing: the request is sent again with the newer pair.
    client-go compares the credentials that were refused with those it has (exec.go:419); google-auth's aio sessions
    compare a counter."""
    share_store_read: bool = False
    """Callers whose cache has lapsed share one reading of the store, the first step of the shared refresh. The fix's
    own cache does not help a burst that meets a stale pair: each caller reads."""
    guard_put_back: bool = False
    """A reading that began before the cache was dropped, or got a newer pair, does not fill the cache."""
    fence_sign_out: bool = False
    """A refresh that began before a sign-out stores nothing after it, and an attempt never changes accounts.
    auth-js has such a commit guard (supabase-js#2696); logto-io/kotlin#253 is what happens without."""
    reread_in_flight: bool = False
    """A refresh reads the store again before it exchanges anything, and adopts a newer pair that it finds:
    its caller may have read before another refresh ended (auth0-spa-js: check, lock, check again)."""
    lock_across_tabs: bool = False
    """One refresh at a time among all sessions over the same store. auth-js and auth0-spa-js take a Web Lock, gcx a
    lock file (grafana/gcx#522)."""
    ticker_joins: bool = False
    """The background auto-refresh is the shared refresh, not a second one beside it (axios#10701)."""
    mandatory_margin: float | None = None
    """With at least so many seconds left, callers start a refresh and go on with the pair they have; below, they
    wait. None: they always wait. botocore's advisory and mandatory windows."""
    margin_share: float = 0.0
    """The margins are at most this share of the token's lifetime; 0: whatever they are. With a lifetime of less than
    120 s, the plain fix refreshes on every call."""
    follow_refresh_in: bool = False
    """Where the server says `refresh_in`, that decides instead of the margin, as in msal (token_cache.py:479)."""
    anchor_expiry: bool = False
    """The expiry is the client's instant of receipt + `expires_in`, which a wrong clock does not shift, and not the
    server's `expires_at`."""
    failure_cooldown: float = 0.0
    """For so long after a failed exchange nobody begins another. azure-identity: 30 s, botocore: 60 s, both while the
    token lives; here it holds for expired ones too, so it is shorter."""
    jitter: float = 0.0
    """The margin is smaller by a share of this that each session draws once, so that a fleet does not refresh in
    step. azure-core: up to 60 s."""

    # --- the background auto-refresh ---

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

HARDENED = replace(
    FIXED,
    name="hardened",
    invalidate_on_refresh_error=False,  # that a refresh failed says nothing about the pair that is cached
    on_refresh_failure="send_current",
    check_generation=True,
    share_store_read=True,
    guard_put_back=True,
    fence_sign_out=True,
    reread_in_flight=True,
    lock_across_tabs=True,
    ticker_joins=True,
    mandatory_margin=30.0,  # s; an exchange's timeout is 10 s (exchange.py), so three of them
    margin_share=0.25,  # botocore waits within 10 of 60 minutes and refreshes within 15
    follow_refresh_in=True,
    anchor_expiry=True,
    failure_cooldown=5.0,
    jitter=10.0,
)
"""What the best token managers do and the fix does not: the one to copy."""

POLICIES = {policy.name: policy for policy in (PRE_FIX, FIXED, HARDENED)}


def knobs(policy: Policy) -> dict[str, object]:
    """Return every field of the policy by name, as a manifest stores it."""
    return dataclasses.asdict(policy)
