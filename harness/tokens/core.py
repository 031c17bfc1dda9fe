"""
The decision core: what one caller, one refresh, the ticker and sign-out do, as generators.

Rules: effects out, events in; every event says when it happened. No socket, thread, clock or chance in here.
A generator changes the session only while it is being stepped, and whoever steps it sees to it that nobody
else steps another one of the same session meanwhile. All that a caller knows between two steps is in its
local names and the session: no iterator and no `with` lives across a yield.

For example, one call by the fix, whose stored pair has 30 s left. On the left what the generator yields, on the right
what its driver sends back::

    attempt  ReadStore()                      StoreRead(at, pair): 30 s are left, within the margin of 120 s
             RefreshWanted(at, EXPIRING)      Done(at): it was told
             Join(flight)                     nothing yet: the driver starts the flight, a second caller would join it
      fly      Exchange(pair, EXPIRING)       Exchanged(at, newer)
               WriteStore(newer)              Done(at): the flight is over, and its session holds the newer pair
             Send(newer)                      Answered(at, 200): the call is over

On a 401 instead, `attempt` goes on with `recover`: a flight for the pair that was refused, and one more `Send`.
"""

from collections.abc import Generator
from dataclasses import replace
from typing import TypeAlias

from race401.harness.tokens.due import clamped, due, expiry, ms, serves, why_refresh
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
    Launch,
    Lock,
    ReadStore,
    Reason,
    RefreshWanted,
    Send,
    Session,
    StoreRead,
    TokenPair,
    Withheld,
    WriteStore,
    fingerprint,
    same,
)
from race401.harness.tokens.policy import Policy

Flow: TypeAlias = Generator[Effect, Event, None]

UNAUTHORIZED = 401
NOT_REPLAYABLE = "the request's body was a stream and cannot be sent again"
NO_NEW_TOKEN = "no newer token was available"  # noqa: S105 - a sentence, not a secret


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
    cached, epoch = session.cached, session.epoch
    if cached is not None and at < cached.fresh_until:
        send = Send(cached.pair, at, age=at - cached.read_at)
    else:
        send = yield from _acquire(session, policy, at)
        if policy.fence_sign_out and session.epoch != epoch:
            send = replace(send, pair=None)
    sent = send.pair
    answer = yield send
    assert isinstance(answer, Answered)
    yield from recover(session, policy, answer, sent)


def recover(session: Session, policy: Policy, answer: Answered, sent: TokenPair | None) -> Flow:
    """Act on the answer to the first sending; a driver that took the fast path starts here."""
    if answer.status != UNAUTHORIZED:
        return
    newer = _newer(session, sent) if policy.check_generation else None
    yield from _refuse(session, policy, sent, answer.at)
    if not policy.retry_on_401:
        return
    if not answer.replayable:
        yield GaveUp(answer.at, NOT_REPLAYABLE)
        return
    if newer is not None:
        send = Send(newer, answer.at, retry=True)
    elif policy.fence_sign_out and sent is None:
        send = Send(None, answer.at)
    else:
        send = yield from _replace(session, policy, sent)
    if send.pair is None or (policy.fence_sign_out and sent is not None and send.pair.family != sent.family):
        yield GaveUp(send.at, NO_NEW_TOKEN)
        return
    sent = send.pair
    again = yield send
    assert isinstance(again, Answered)
    if again.status == UNAUTHORIZED:
        yield from _refuse(session, policy, sent, again.at)


def fly(session: Session, policy: Policy, flight: Flight) -> Flow:
    """Make the flight's pair a newer one, keep what comes, and end the flight however this generator ends."""
    try:
        if flight.pair is not None or (yield from _read_in_flight(session, policy, flight)):
            yield from _exchange(session, policy, flight)
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
    left = ms(expiry(policy, read.pair)) - ms(read.at)
    if left >= ms(clamped(policy, read.pair, policy.auto_refresh_margin)) or read.at < session.cool_until:
        return
    if policy.ticker_joins:
        yield from _refresh(session, policy, read.pair, Reason.TICK, read.at)
        return
    session.tick = flight = Flight(read.pair, Reason.TICK)
    yield RefreshWanted(read.at, Reason.TICK)
    yield from fly(session, policy, flight)


def sign_in(session: Session, policy: Policy, pair: TokenPair) -> Flow:
    """Begin with this pair."""
    session.cached = None
    pair = replace(pair, family=pair.family or fingerprint(pair.refresh_token))
    yield WriteStore(pair, Change.SIGNED_IN)
    _fence(session, policy)


def sign_out(session: Session, policy: Policy, at: float) -> Flow:
    """Forget the stored pair; the cache and the shared refresh too, if the policy says so."""
    yield WriteStore(None, Change.SIGNED_OUT)
    _fence(session, policy)
    if policy.clear_on_sign_out:
        session.flight = None
    yield from _invalidate(session, at, wanted=policy.clear_on_sign_out)


# --- how a caller comes by a pair -----------------------------------------------------------------


def _acquire(session: Session, policy: Policy, at: float) -> Generator[Effect, Event, Send]:
    """Return what to send after reading the store and refreshing if need be; without a pair: no token."""
    cached = session.cached
    if cached is not None and serves(session, policy, cached.pair, at):
        yield from _refresh_beside(session, policy, cached.pair, at)
        return Send(cached.pair, at, age=at - cached.read_at)
    if policy.share_store_read:
        return (yield from _join_reading(session, policy))
    store_version = session.store_version
    read = yield ReadStore()
    assert isinstance(read, StoreRead)
    if read.pair is None:
        return Send(None, read.at)
    reason = why_refresh(session, policy, read.pair, read.at)
    if reason is None:
        _keep(session, policy, read.pair, read.at, store_version)
        return Send(read.pair, read.at)
    if serves(session, policy, read.pair, read.at):
        yield from _refresh_beside(session, policy, read.pair, read.at)
        return Send(read.pair, read.at)
    fresh = yield from _refresh(session, policy, read.pair, reason, read.at)
    if fresh is None and policy.on_refresh_failure == "send_current":
        fresh = read.pair
    return Send(fresh, read.at)


def _join_reading(session: Session, policy: Policy) -> Generator[Effect, Event, Send]:
    """Do the same with one reading for all."""
    flight = _under_way(session, policy)
    if flight is None:
        session.flight = flight = Flight(None, Reason.LAPSED, epoch=session.epoch)
    joined = yield Join(flight)
    if flight.pair_after is None and policy.on_refresh_failure == "send_current":
        return Send(flight.pair, joined.at)
    return Send(flight.pair_after, joined.at)


def _replace(session: Session, policy: Policy, sent: TokenPair | None) -> Generator[Effect, Event, Send]:
    """Return what to send in the place of what was answered with 401; without a pair: nothing."""
    if policy.share_store_read:
        flight = _under_way(session, policy)
        if flight is None:
            session.flight = flight = Flight(None, Reason.REJECTED, epoch=session.epoch)
        flight.rejected = sent  # a flight that has only begun to read the store learns that reading is not enough
        joined = yield Join(flight)
        return Send(flight.pair_after, joined.at, retry=True)
    read = yield ReadStore()
    assert isinstance(read, StoreRead)
    fresh = read.pair
    if read.pair is not None and not (policy.check_generation and _follows(read.pair, sent)):
        fresh = yield from _refresh(session, policy, read.pair, Reason.REJECTED, read.at, sent)
    return Send(fresh, read.at, retry=True)


def _refresh(
    session: Session,
    policy: Policy,
    pair: TokenPair,
    reason: Reason,
    at: float,
    rejected: TokenPair | None = None,
) -> Generator[Effect, Event, TokenPair | None]:
    """Return a newer pair, from the shared refresh where there is one; None if that failed."""
    yield RefreshWanted(at, reason)
    if not policy.single_flight:
        own = Flight(pair, reason, rejected=rejected)
        yield from fly(session, policy, own)
        return own.pair_after
    flight = _under_way(session, policy)
    if flight is None:
        if at < session.cool_until:
            return None
        session.flight = flight = Flight(pair, reason, epoch=session.epoch, rejected=rejected)
    yield Join(flight)
    return flight.pair_after


def _refresh_beside(session: Session, policy: Policy, pair: TokenPair, at: float) -> Flow:
    """Start the shared refresh, if nobody has, and do not wait for it."""
    if _under_way(session, policy) is None and at >= session.cool_until:
        session.flight = flight = Flight(pair, Reason.EXPIRING, epoch=session.epoch)
        yield RefreshWanted(at, Reason.EXPIRING)
        yield Launch(flight)


def _under_way(session: Session, policy: Policy) -> Flight | None:
    """Return the shared refresh; one that began before a sign-out is none."""
    flight = session.flight
    return None if flight is not None and policy.fence_sign_out and flight.epoch != session.epoch else flight


# --- what a flight does ---------------------------------------------------------------------------


def _read_in_flight(session: Session, policy: Policy, flight: Flight) -> Generator[Effect, Event, bool]:
    """Read the store for all who have joined; return whether an exchange is needed."""
    store_version = session.store_version
    read = yield ReadStore()
    assert isinstance(read, StoreRead)
    flight.pair = read.pair
    if read.pair is None or (policy.fence_sign_out and session.epoch != flight.epoch):
        return False
    reason = why_refresh(session, policy, read.pair, read.at)
    if flight.rejected is not None and (not policy.check_generation or same(read.pair, flight.rejected)):
        reason = Reason.REJECTED
    if reason is None:
        _keep(session, policy, read.pair, read.at, store_version)
        flight.pair_after = read.pair
        return False
    if reason is not Reason.REJECTED and serves(session, policy, read.pair, read.at):
        # nobody need wait for the refresh: it flies by itself
        _keep(session, policy, read.pair, read.at, store_version)
        flight.pair_after = read.pair
        session.flight = None
        yield from _refresh_beside(session, policy, read.pair, read.at)
        return False
    if read.at < session.cool_until:
        return False
    flight.reason = reason
    yield RefreshWanted(read.at, reason)
    return True


def _exchange(session: Session, policy: Policy, flight: Flight) -> Flow:
    """Exchange the flight's pair, unless somebody else has, and store what comes."""
    if policy.lock_across_tabs:
        yield Lock()
    assert flight.pair is not None
    if policy.reread_in_flight:
        store_version = session.store_version
        read = yield ReadStore()
        assert isinstance(read, StoreRead)
        if not same(read.pair, flight.pair):
            if read.pair is None or read.pair.family != flight.pair.family:
                return
            flight.pair = read.pair
            if not same(read.pair, flight.rejected) and why_refresh(session, policy, read.pair, read.at) is None:
                _keep(session, policy, read.pair, read.at, store_version)
                flight.pair_after = read.pair
                return
    answer = yield Exchange(flight.pair, flight.reason)
    if isinstance(answer, Exchanged):
        yield from _land(session, policy, flight, answer)
    else:
        assert isinstance(answer, ExchangeFailed)
        if policy.failure_cooldown:
            session.cool_until = answer.at + policy.failure_cooldown
        yield from _invalidate(session, answer.at, wanted=policy.invalidate_on_refresh_error)


def _land(session: Session, policy: Policy, flight: Flight, answer: Exchanged) -> Flow:
    """Store the new pair and keep it, unless the session has changed hands meanwhile."""
    assert flight.pair is not None
    fresh = replace(answer.pair, generation=flight.pair.generation + 1, family=flight.pair.family)
    written = yield WriteStore(fresh, Change.TOKEN_REFRESHED, flight.pair if policy.fence_sign_out else None)
    flight.pair_after = fresh
    if session.tick is flight:  # Supabase's ticker knows its store, not the app's cache
        return
    if not isinstance(written, Withheld):
        _outdate(session)
        _keep(session, policy, fresh, answer.at, session.store_version)


# --- what is kept of a pair -----------------------------------------------------------------------


def _newer(session: Session, sent: TokenPair | None) -> TokenPair | None:
    """Return the cached pair if it has replaced the one that was sent."""
    if sent is None or (cached := session.cached) is None:
        return None
    return cached.pair if _follows(cached.pair, sent) else None


def _follows(pair: TokenPair, sent: TokenPair | None) -> bool:
    """Return whether the pair is a later generation of the same family."""
    return sent is not None and pair.family == sent.family and pair.generation > sent.generation


def _keep(session: Session, policy: Policy, pair: TokenPair, at: float, store_version: int) -> None:
    """Cache the pair, where there is a cache, up to the first ms at which it must be read or refreshed again."""
    if policy.session_cache > 0 and (store_version == session.store_version or not policy.guard_put_back):
        unread = ms(at) + ms(policy.session_cache)
        session.cached = Cached(pair, at, min(unread, due(session, policy, pair)) / 1000)


def _fence(session: Session, policy: Policy) -> None:
    """Let nothing that began under the last account go on under this one."""
    if policy.fence_sign_out:
        session.epoch += 1
        session.cached = None
        _outdate(session)


def _outdate(session: Session) -> None:
    """Let readings of the store that are under way not fill the cache."""
    session.store_version += 1


def _refuse(session: Session, policy: Policy, sent: TokenPair | None, at: float) -> Flow:
    """Drop the cache after a 401, unless it says nothing about the pair in it."""
    wanted = policy.invalidate_on_401
    if wanted and policy.check_generation:
        wanted = sent is not None and ((cached := session.cached) is None or same(cached.pair, sent))
    yield from _invalidate(session, at, wanted=wanted)


def _invalidate(session: Session, at: float, *, wanted: bool) -> Flow:
    """Drop the cache."""
    if wanted:
        session.cached = None
        _outdate(session)
        yield Cleared(at)
