"""
What a client does about its tokens, as data: one frozen dataclass whose fields are the knobs.

No code asks for a policy's name. A new knob is a field here, with what the ablation calls it, and the code that turns
by it: options, manifests, reports and the ablation read the fields.

A field marked ASSUMPTION is a choice that the incident report does not make for us; its comment quotes the report's
words that come nearest.
"""

import dataclasses
from dataclasses import dataclass, field, replace
from typing import Any, Literal


def knob(default: Any, part: str = "", does: str = "", *, undone: str = "", unseen: str = "", unit: str = "") -> Any:
    """
    Return a field of `Policy`, with what the ablation calls it and says that it does.

    `undone`: what it says where HARDENED leaves out a part of the fix. `unseen`: why exploring cannot show it.
    `unit`: of a number, as a report writes it.
    """
    return field(
        default=default, metadata={"part": part, "does": does, "undone": undone, "unseen": unseen, "unit": unit}
    )


@dataclass(frozen=True, slots=True)
class Policy:
    """One column of behaviour. Durations are in s."""

    name: str
    session_cache: float = knob(0.0, "session cache", "the session is reused for 5 s", unit="s")
    """For how long a pair read from the session store is used without reading again; 0 reads on each call.
    The report: `SESSION_CACHE_MS = 5000`."""
    expiry_margin: float = knob(60.0, "wider margin", "a refresh is due 120 s before the expiry, not 60", unit="s")
    """Refresh when fewer than this many seconds are left. The report: 60 s before the fix, 120 s after it."""
    single_flight: bool = knob(False, "shared refresh", "callers wait for one refresh together")
    """Callers share one refresh. The report: a "shared refresh promise"."""
    invalidate_on_401: bool = knob(False, "cache dropped on 401", "a 401 empties the session cache")
    """A 401 drops the session cache."""
    invalidate_on_refresh_error: bool = knob(
        False, "cache after a failed refresh", "it is emptied", undone="it is kept, as before the fix"
    )
    """A failed refresh drops the session cache."""
    retry_on_401: bool = knob(False, "retry after 401", "one forced refresh, then the request once more")
    """A 401 forces one refresh, and the request is sent once more with the new token."""
    clear_on_sign_out: bool = knob(False, "cache dropped at sign-out", "sign-out empties cache and shared refresh")
    """Sign-out drops the session cache and the shared refresh. The report: `clearSessionCache`."""
    on_refresh_failure: Literal["send_without_token", "send_current"] = knob(
        "send_without_token", "send what is there", "after a failed refresh a request carries the token at hand"
    )
    """ASSUMPTION: what a caller sends whose proactive refresh failed. The report says only "the session token
    expired or auth headers were missing"."""
    # --- what the fix as reported lacks; see HARDENED ---

    check_generation: bool = knob(False, "generation check", "a 401 for a token already replaced refreshes nothing")
    """A 401 for a pair that has been replaced refreshes nothing: the request is sent again with the newer pair.
    client-go compares the credentials that were refused with those it has (exec.go:419); google-auth's aio sessions
    compare a counter."""
    share_store_read: bool = knob(False, "shared reading", "callers share one reading of the store")
    """Callers whose cache has lapsed share one reading of the store, the first step of the shared refresh. The fix's
    own cache does not help a burst that meets a stale pair: each caller reads."""
    guard_put_back: bool = knob(False, "no late refill", "an old reading never fills the cache")
    """A reading that began before the cache was dropped, or got a newer pair, does not fill the cache."""
    fence_sign_out: bool = knob(False, "sign-out fence", "what began before a sign-out stores nothing after it")
    """A refresh that began before a sign-out stores nothing after it, and an attempt never changes accounts.
    auth-js has such a commit guard (supabase-js#2696); logto-io/kotlin#253 is what happens without."""
    reread_in_flight: bool = knob(False, "second look", "a refresh reads the store again before it exchanges")
    """A refresh reads the store again before it exchanges anything, and adopts a newer pair that it finds:
    its caller may have read before another refresh ended (auth0-spa-js: check, lock, check again)."""
    lock_across_tabs: bool = knob(False, "lock across tabs", "tabs refresh one at a time")
    """One refresh at a time among all sessions over the same store. auth-js and auth0-spa-js take a Web Lock, gcx a
    lock file (grafana/gcx#522)."""
    ticker_joins: bool = knob(False, "ticker joins", "the background refresh is the shared one")
    """The background auto-refresh is the shared refresh, not a second one beside it (axios#10701)."""
    mandatory_margin: float | None = knob(
        None, "no wait above 30 s", "with 30 s left, callers go on while the token is refreshed", unit="s"
    )
    """With at least so many seconds left, callers start a refresh and go on with the pair they have; below, they
    wait. None: they always wait. botocore's advisory and mandatory windows."""
    margin_share: float = knob(0.0, "capped margin", "the margin is at most a quarter of the token's life")
    """The margins are at most this share of the token's lifetime; 0: whatever they are. With a lifetime of less than
    120 s, the plain fix refreshes on every call."""
    follow_refresh_in: bool = knob(False, unseen="no world here says refresh_in")
    """Where the server says `refresh_in`, that decides instead of the margin, as in msal (token_cache.py:479)."""
    anchor_expiry: bool = knob(
        False, "anchored expiry", "the expiry counts from the client's receipt, whatever its clock says"
    )
    """The expiry is the client's instant of receipt + `expires_in`, which a wrong clock does not shift, and not the
    server's `expires_at`."""
    failure_cooldown: float = knob(0.0, "cooldown", "after a failed refresh none begins for 5 s", unit="s")
    """For so long after a failed exchange nobody begins another. azure-identity: 30 s, botocore: 60 s, both while the
    token is still valid; here it also applies to expired tokens, so it is shorter."""
    jitter: float = knob(0.0, unseen="spreads many sessions; one shows nothing", unit="s")
    """The margin is smaller by a share of this that each session draws once, so that a fleet does not refresh in
    step. azure-core: up to 60 s."""

    # --- the background auto-refresh ---

    auto_refresh_every: float = knob(
        30.0, unseen="here the timer of the background refresh fires at any time", unit="s"
    )
    """ASSUMPTION: the period of the background auto-refresh, where it runs. Supabase's ticker has 30 s
    (auth-js constants.ts: AUTO_REFRESH_TICK_DURATION_MS); the report does not mention it."""
    auto_refresh_margin: float = knob(120.0, unseen="it is the same in all three clients", unit="s")
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
    mandatory_margin=30.0,  # s; an exchange gives up after 30 s (exchange.py)
    margin_share=0.25,  # botocore waits within 10 of 60 minutes and refreshes within 15
    follow_refresh_in=True,
    anchor_expiry=True,
    failure_cooldown=5.0,
    jitter=10.0,
)
"""What the best token managers do and the fix does not: the one to copy."""

POLICIES = {policy.name: policy for policy in (PRE_FIX, FIXED, HARDENED)}


PARTS = {each.name: each for each in dataclasses.fields(Policy) if each.metadata.get("part")}
"""The knobs that the ablation turns, by name, in its order."""
UNSEEN = {each.name: each.metadata["unseen"] for each in dataclasses.fields(Policy) if each.metadata.get("unseen")}
"""Why exploring cannot show the others."""


def knobs(policy: Policy) -> dict[str, object]:
    """Return every field of the policy by name, as a manifest stores it."""
    return dataclasses.asdict(policy)
