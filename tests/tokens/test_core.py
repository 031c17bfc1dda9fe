"""The decision core, stepped by hand: no server, no clock, no driver."""

import dataclasses

import pytest
from stepping import NOW, REFUSED, kinds, pair, play

from race401.harness.tokens.core import attempt, fly, sign_in, sign_out, tick, usable
from race401.harness.tokens.model import (
    Answered,
    Done,
    Exchange,
    Exchanged,
    ExchangeFailed,
    Flight,
    Join,
    ReadStore,
    Reason,
    RefreshWanted,
    Send,
    Session,
    StoreRead,
    TokenPair,
)
from race401.harness.tokens.policy import FIXED, PRE_FIX, Policy


def test_the_example_of_the_cores_docstring() -> None:
    """One call of the fix with 30 s left, step by step."""
    session, newer = Session(), pair(3600)
    caller = attempt(session, FIXED, NOW)
    seen = [next(caller), caller.send(StoreRead(NOW, pair(30))), caller.send(Done(NOW))]
    join = seen[-1]
    assert isinstance(join, Join)
    flight = fly(session, FIXED, join.flight)
    flown = [next(flight), flight.send(Exchanged(NOW, newer))]
    with pytest.raises(StopIteration):
        flight.send(Done(NOW))
    seen.append(caller.send(Done(NOW)))
    assert kinds(seen) == ["ReadStore", "RefreshWanted", "Join", "Send"]
    assert kinds(flown) == ["Exchange", "WriteStore"]
    with pytest.raises(StopIteration):
        caller.send(Answered(NOW, 200))


@pytest.mark.parametrize("policy", [PRE_FIX, FIXED], ids=lambda policy: policy.name)
@pytest.mark.parametrize(
    ("beyond_margin_ms", "refreshes"), [(1, False), (0, False), (-1, True)], ids=["before", "at", "within"]
)
def test_the_margin_to_the_millisecond(policy: Policy, beyond_margin_ms: int, refreshes: bool) -> None:
    """A token is refreshed when strictly fewer ms than the margin are left, and not at the margin."""
    stored = pair(policy.expiry_margin + beyond_margin_ms / 1000)
    flow = attempt(Session(), policy, NOW)
    assert isinstance(next(flow), ReadStore)
    effect = flow.send(StoreRead(NOW, stored))
    assert isinstance(effect, RefreshWanted if refreshes else Send)
    flow.close()


@pytest.mark.parametrize(("after_ms", "reads"), [(4_999, False), (5_000, True)])
def test_the_cache_lasts_five_seconds(after_ms: int, reads: bool) -> None:
    """A pair that was read is used without reading for less than 5 s, and read again at 5 s."""
    session = Session()
    play(attempt(session, FIXED, NOW), StoreRead(NOW, pair(3600)), Answered(NOW, 200))
    assert (usable(session, NOW + after_ms / 1000) is None) == reads


def test_a_cached_pair_is_checked_against_the_margin_on_every_call() -> None:
    """The cache does not carry a pair across the margin: 1 ms inside it the pair is no longer usable."""
    session = Session()
    play(attempt(session, FIXED, NOW), StoreRead(NOW, pair(121)), Answered(NOW, 200))
    assert usable(session, NOW + 1.0) is not None
    assert usable(session, NOW + 1.001) is None


def test_before_the_fix_the_store_is_read_on_every_call() -> None:
    """PRE_FIX has no cache at all."""
    session = Session()
    for _ in range(2):
        effects = play(attempt(session, PRE_FIX, NOW), StoreRead(NOW, pair(3600)), Answered(NOW, 200))
        assert kinds(effects) == ["ReadStore", "Send"]


def test_before_the_fix_every_caller_exchanges() -> None:
    """Two PRE_FIX callers that met the same stale pair each ask for an exchange of it."""
    session, stale = Session(), pair(30)
    flows = [attempt(session, PRE_FIX, NOW) for _ in range(2)]
    for flow in flows:
        next(flow)
        assert isinstance(flow.send(StoreRead(NOW, stale)), RefreshWanted)
        assert flow.send(Done(NOW)) == Exchange(stale, Reason.EXPIRING)
        flow.close()


def test_after_the_fix_callers_share_one_flight() -> None:
    """Two FIXED callers that met the same stale pair join the same flight."""
    session, joined = Session(), []
    for _ in range(2):
        flow = attempt(session, FIXED, NOW)
        next(flow)
        flow.send(StoreRead(NOW, pair(30)))
        effect = flow.send(Done(NOW))
        assert isinstance(effect, Join)
        joined.append(effect.flight)
        flow.close()
    assert joined[0] is joined[1] is session.flight


def test_a_flight_stores_announces_and_caches_what_it_brings() -> None:
    """The new pair is written, is the next generation, is cached, and the session has no flight left."""
    flight = Flight(pair(30), Reason.EXPIRING)
    session = Session(flight=flight)
    effects = play(fly(session, FIXED, flight), Exchanged(NOW, pair(3600)))
    assert kinds(effects) == ["Exchange", "WriteStore"]
    assert flight.pair_after is not None
    assert flight.pair_after.generation == 1
    assert (flight.done, session.flight) == (True, None)
    assert usable(session, NOW) is flight.pair_after


def test_a_failed_refresh_clears_the_cache_and_sends_without_a_token() -> None:
    """ASSUMPTION send_without_token: the request goes out bare; the fix also drops the cache."""
    effects = play(
        attempt(Session(), dataclasses.replace(FIXED, single_flight=False), NOW),
        StoreRead(NOW, pair(30)),
        ExchangeFailed(NOW, REFUSED),
        Answered(NOW, 200),
    )
    assert kinds(effects) == ["ReadStore", "RefreshWanted", "Exchange", "Cleared", "Send"]
    assert isinstance(effects[-1], Send)
    assert effects[-1].pair is None


def test_the_other_assumption_sends_the_current_token() -> None:
    """ASSUMPTION send_current: the token that still lives is sent when its refresh failed."""
    stale = pair(30)
    effects = play(
        attempt(Session(), dataclasses.replace(PRE_FIX, on_refresh_failure="send_current"), NOW),
        StoreRead(NOW, stale),
        ExchangeFailed(NOW, REFUSED),
        Answered(NOW, 200),
    )
    assert effects[-1] == Send(stale, NOW)


def test_a_401_is_recovered_by_one_forced_refresh_and_one_retry() -> None:
    """FIXED drops the cache, refreshes though the token looks fresh, and sends once more; a second 401 stands."""
    session = Session()
    flow = attempt(session, dataclasses.replace(FIXED, single_flight=False), NOW)
    effects = play(
        flow,
        StoreRead(NOW, pair(3600)),
        Answered(NOW, 401),
        StoreRead(NOW, pair(3600)),
        Exchanged(NOW, pair(3600)),
        Answered(NOW, 401),
    )
    assert kinds(effects) == [
        *("ReadStore", "Send", "Cleared", "ReadStore", "RefreshWanted", "Exchange", "WriteStore", "Send", "Cleared")
    ]
    assert session.cached is None


def test_before_the_fix_a_401_reaches_the_app() -> None:
    """PRE_FIX does nothing about a 401."""
    effects = play(attempt(Session(), PRE_FIX, NOW), StoreRead(NOW, pair(3600)), Answered(NOW, 401))
    assert kinds(effects) == ["ReadStore", "Send"]


def test_a_stream_is_not_sent_again() -> None:
    """A request whose body is gone is not retried, and the reason is told."""
    effects = play(attempt(Session(), FIXED, NOW), StoreRead(NOW, pair(3600)), Answered(NOW, 401, replayable=False))
    assert kinds(effects) == ["ReadStore", "Send", "Cleared", "GaveUp"]


def test_sign_out_empties_store_cache_and_flight() -> None:
    """FIXED keeps nothing that a caller after sign-out could use or join."""
    session = Session(flight=Flight(pair(30), Reason.EXPIRING))
    play(attempt(session, FIXED, NOW), StoreRead(NOW, pair(3600)), Answered(NOW, 200))
    effects = play(sign_out(session, FIXED, NOW))
    assert kinds(effects) == ["WriteStore", "Cleared"]
    assert (session.cached, session.flight) == (None, None)


def test_signing_in_drops_what_was_cached() -> None:
    """A new pair is not hidden by the cache of the last one."""
    session = Session()
    play(attempt(session, FIXED, NOW), StoreRead(NOW, pair(3600)), Answered(NOW, 200))
    play(sign_in(session, FIXED, pair(3600)))
    assert session.cached is None


@pytest.mark.parametrize(("left", "exchanges"), [(120.0, 0), (119.999, 1)])
def test_the_ticker_refreshes_below_its_own_margin(left: float, exchanges: int) -> None:
    """The background auto-refresh acts below 120 s, by a flight of its own that no caller joins."""
    session = Session()
    effects = play(tick(session, PRE_FIX), StoreRead(NOW, pair(left)), *[Exchanged(NOW, pair(3600))] * exchanges)
    assert kinds(effects).count("Exchange") == exchanges
    assert (session.tick, session.flight) == (None, None)


def test_a_killed_flight_leaves_no_trace() -> None:
    """A flight that is closed in mid-exchange is done, and the next caller can begin another."""
    flight = Flight(pair(30), Reason.EXPIRING)
    session = Session(flight=flight)
    flow = fly(session, FIXED, flight)
    next(flow)
    flow.close()
    assert (flight.done, flight.pair_after, session.flight) == (True, None, None)


def test_no_repr_shows_a_token() -> None:
    """A pair's repr has fingerprints only."""
    secret = TokenPair("eyJ-access", "abcdefghijkl", NOW)
    assert "eyJ-access" not in repr(secret)
    assert "abcdefghijkl" not in repr(secret)
