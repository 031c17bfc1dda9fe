"""
The decision core: what one caller, one refresh, the ticker and sign-out do, as generators.

Rules: effects out, events in; every event says when it happened. No socket, thread, clock or chance in here.
A generator changes the session only while it is being stepped, and whoever steps it sees to it that nobody
else steps another one of the same session meanwhile. All that a caller knows between two steps is in its
local names and the session: no iterator and no `with` lives across a yield.
"""

from collections.abc import Generator
from dataclasses import replace
from math import floor
from typing import TypeAlias

from race401.harness.tokens.model import (
    Answered,
    Cached,
    Change,
    Cleared,
    Effect,
    Event,
    Exchange,
    Exchanged,
    ExchangeFailed,
    Flight,
    GaveUp,
    Join,
    ReadStore,
    Reason,
    RefreshWanted,
    Send,
    Session,
    StoreRead,
    TokenPair,
    WriteStore,
)
from race401.harness.tokens.policy import Policy

Flow: TypeAlias = Generator[Effect, Event, None]

UNAUTHORIZED = 401
NOT_REPLAYABLE = "the request's body was a stream and cannot be sent again"
NO_NEW_TOKEN = "no newer token was to be had"  # noqa: S105 - a sentence, not a secret


def usable(session: Session, at: float) -> TokenPair | None:
    """Return the cached pair if it may be sent at `at` without asking anyone, else None.

    One read and one compare: margin and cache time were made one instant when the pair was cached. Safe
    without a lock, since `Session.cached` is only ever replaced whole.
    """
    cached = session.cached
    if cached is not None and at < cached.fresh_until:
        return cached.pair
    return None


def attempt(session: Session, policy: Policy, at: float) -> Flow:
    """Send one request with a token that should hold; on a 401, recover once if the policy says so."""
    cached = session.cached
    if cached is not None and at < cached.fresh_until:
        answer = yield Send(cached.pair, at, age=at - cached.read_at)
    else:
        pair = yield from _acquire(session, policy)
        answer = yield Send(pair, at)
    assert isinstance(answer, Answered)
    yield from recover(session, policy, answer)


def recover(session: Session, policy: Policy, answer: Answered) -> Flow:
    """Act on the answer to the first sending; a driver that took the fast path starts here."""
    if answer.status != UNAUTHORIZED:
        return
    yield from _invalidate(session, answer.at, wanted=policy.invalidate_on_401)
    if not policy.retry_on_401:
        return
    if not answer.replayable:
        yield GaveUp(answer.at, NOT_REPLAYABLE)
        return
    read = yield ReadStore()
    assert isinstance(read, StoreRead)
    fresh = None
    if read.pair is not None:
        fresh = yield from _refresh(session, policy, read.pair, Reason.REJECTED, read.at)
    if fresh is None:
        yield GaveUp(read.at, NO_NEW_TOKEN)
        return
    again = yield Send(fresh, read.at, retry=True)
    assert isinstance(again, Answered)
    if again.status == UNAUTHORIZED:
        yield from _invalidate(session, again.at, wanted=policy.invalidate_on_401)


def fly(session: Session, policy: Policy, flight: Flight) -> Flow:
    """Exchange the flight's pair, store what comes, and end the flight however this generator ends."""
    try:
        answer = yield Exchange(flight.pair, flight.reason)
        if isinstance(answer, Exchanged):
            fresh = replace(answer.pair, generation=flight.pair.generation + 1)
            yield WriteStore(fresh, Change.TOKEN_REFRESHED)
            if flight.reason is not Reason.TICK:  # Supabase's ticker knows its store, not the app's cache
                _keep(session, policy, fresh, answer.at)
            flight.pair_after = fresh
        else:
            assert isinstance(answer, ExchangeFailed)
            yield from _invalidate(session, answer.at, wanted=policy.invalidate_on_refresh_error)
    finally:
        flight.done = True
        if session.flight is flight:
            session.flight = None
        if session.tick is flight:
            session.tick = None


def tick(session: Session, policy: Policy) -> Flow:
    """Refresh in the background if the stored pair has come within the ticker's margin; one tick at a time."""
    read = yield ReadStore()
    assert isinstance(read, StoreRead)
    if read.pair is None or session.tick is not None:
        return
    if _ms(read.pair.expires_at) - _ms(read.at) >= _ms(policy.auto_refresh_margin):
        return
    session.tick = flight = Flight(read.pair, Reason.TICK)
    yield RefreshWanted(read.at, Reason.TICK)
    yield from fly(session, policy, flight)


def sign_in(session: Session, pair: TokenPair) -> Flow:
    """Begin with this pair."""
    session.cached = None
    yield WriteStore(pair, Change.SIGNED_IN)


def sign_out(session: Session, policy: Policy, at: float) -> Flow:
    """Forget the stored pair; the cache and the shared refresh too, if the policy says so."""
    yield WriteStore(None, Change.SIGNED_OUT)
    if policy.clear_on_sign_out:
        session.flight = None
    yield from _invalidate(session, at, wanted=policy.clear_on_sign_out)


def _acquire(session: Session, policy: Policy) -> Generator[Effect, Event, TokenPair | None]:
    """Return the pair to send after reading the store and refreshing if need be; None: send no token."""
    read = yield ReadStore()
    assert isinstance(read, StoreRead)
    if read.pair is None:
        return None
    reason = _why_refresh(read.pair, policy, read.at)
    if reason is None:
        _keep(session, policy, read.pair, read.at)
        return read.pair
    fresh = yield from _refresh(session, policy, read.pair, reason, read.at)
    if fresh is None and policy.on_refresh_failure == "send_current":
        return read.pair
    return fresh


def _refresh(
    session: Session, policy: Policy, pair: TokenPair, reason: Reason, at: float
) -> Generator[Effect, Event, TokenPair | None]:
    """Return a newer pair, from the shared refresh where there is one; None if that failed."""
    yield RefreshWanted(at, reason)
    if not policy.single_flight:
        own = Flight(pair, reason)
        yield from fly(session, policy, own)
        return own.pair_after
    flight = session.flight
    if flight is None:
        session.flight = flight = Flight(pair, reason)
    yield Join(flight)
    return flight.pair_after


def _why_refresh(pair: TokenPair, policy: Policy, at: float) -> Reason | None:
    """Return why the pair needs a refresh at `at`, or None. Strictly within the margin, in ms, as the fix has it."""
    left = _ms(pair.expires_at) - _ms(at)
    if left <= 0:
        return Reason.EXPIRED
    return Reason.EXPIRING if left < _ms(policy.expiry_margin) else None


def _keep(session: Session, policy: Policy, pair: TokenPair, at: float) -> None:
    """Cache the pair, where there is a cache, up to the first ms at which it must be read or refreshed again."""
    if policy.session_cache > 0:
        unread = _ms(at) + _ms(policy.session_cache)
        margin = _ms(pair.expires_at) - _ms(policy.expiry_margin) + 1
        session.cached = Cached(pair, at, min(unread, margin) / 1000)


def _invalidate(session: Session, at: float, *, wanted: bool) -> Flow:
    """Drop the cache."""
    if wanted:
        session.cached = None
        yield Cleared(at)


def _ms(seconds: float) -> int:
    """Return whole ms, as JavaScript's `Date.now()` counts; 1 us makes up for what a float cannot hold."""
    return floor(seconds * 1000 + 1e-3)
