"""Who asks the core for a refresh, knob by knob: callers, the ticker, and what signing in and out changes."""

from dataclasses import replace

import pytest
from stepping import (
    BESIDE,
    DUE,
    FENCED,
    FRESH,
    LANDED,
    NEWER,
    NOW,
    READ,
    SHARING,
    SPENT,
    about,
    cached,
    pair,
    play,
    upto,
)

from race401.harness.tokens.core import attempt, sign_in, sign_out, tick
from race401.harness.tokens.model import (
    Answered,
    Cached,
    Change,
    Cleared,
    Done,
    Exchange,
    Flight,
    Join,
    Launch,
    ReadStore,
    Reason,
    RefreshWanted,
    Send,
    Session,
    StoreRead,
    TokenPair,
    WriteStore,
    fingerprint,
)
from race401.harness.tokens.policy import FIXED, PRE_FIX, Policy


def test_callers_whose_cache_has_lapsed_share_one_reading() -> None:
    """They join one flight, which is to read the store, and send what it brings."""
    session = Session(epoch=2)
    first, second = (attempt(session, SHARING, NOW) for _ in range(2))
    assert upto(first) == upto(second) == Join(session.flight)  # type: ignore[arg-type]
    assert about(session.flight) == (None, Reason.LAPSED, 2, None)
    assert session.flight is not None
    session.flight.pair, session.flight.pair_after = SPENT, NEWER
    assert first.send(Done(LANDED)) == second.send(Done(LANDED)) == Send(NEWER, LANDED)


@pytest.mark.parametrize(
    ("otherwise", "sent"), [("send_without_token", None), ("send_current", SPENT)], ids=["bare", "the old one"]
)
def test_what_they_send_whose_shared_refresh_failed(otherwise: str, sent: TokenPair | None) -> None:
    session = Session()
    flow = attempt(session, replace(SHARING, on_refresh_failure=otherwise), NOW)  # type: ignore[arg-type]
    upto(flow)
    assert session.flight is not None
    session.flight.pair = SPENT
    assert flow.send(Done(LANDED)) == Send(sent, LANDED)


def test_what_a_refresh_brings_is_sent_rather_than_the_old_one() -> None:
    session = Session()
    flow = attempt(session, replace(SHARING, on_refresh_failure="send_current"), NOW)
    upto(flow)
    assert session.flight is not None
    session.flight.pair, session.flight.pair_after = SPENT, NEWER
    assert flow.send(Done(LANDED)) == Send(NEWER, LANDED)


def test_a_shared_flight_knows_when_it_began() -> None:
    """Under which sign-in, for which pair and why; it was refused by nobody."""
    session = Session(epoch=2)
    upto(attempt(session, FIXED, NOW), StoreRead(READ, SPENT))
    assert about(session.flight) == (SPENT, Reason.EXPIRING, 2, None)


@pytest.mark.parametrize(("policy", "joined"), [(FENCED, False), (FIXED, True)], ids=["fenced", "as reported"])
def test_a_flight_from_before_a_sign_out(policy: Policy, joined: bool) -> None:
    """Fenced, nobody joins it; as reported, the callers of the next session do."""
    old = Flight(SPENT, Reason.EXPIRING, epoch=1)
    session = Session(flight=old, epoch=2)
    effect = upto(attempt(session, policy, NOW), StoreRead(READ, SPENT))
    assert isinstance(effect, Join)
    assert (effect.flight is old) == joined


def test_a_flight_of_this_session_is_joined() -> None:
    """Fenced or not."""
    flight = Flight(SPENT, Reason.EXPIRING, epoch=2)
    assert upto(attempt(Session(flight=flight, epoch=2), FENCED, NOW), StoreRead(READ, SPENT)) == Join(flight)


@pytest.mark.parametrize("held", [cached(100, 3, family="ada"), None], ids=["cached", "read"])
def test_a_pair_that_is_due_and_still_serves_is_sent_while_it_is_refreshed(held: Cached | None) -> None:
    """The refresh is launched beside, and is not waited for."""
    session = Session(cached=held, epoch=2)
    reading, age = ([], 1.0) if held else ([StoreRead(READ, DUE)], 0.0)
    effects = play(attempt(session, BESIDE, READ), *reading, Answered(LANDED, 200))
    assert session.flight is not None
    assert about(session.flight) == (DUE, Reason.EXPIRING, 2, None)
    told = [RefreshWanted(READ, Reason.EXPIRING), Launch(session.flight), Send(DUE, READ, age=age)]
    assert effects == [*(ReadStore() for _ in reading), *told]


@pytest.mark.parametrize(
    ("under_way", "cool_until", "launched"),
    [(True, 0.0, False), (False, READ, True), (False, READ + 0.001, False), (True, READ + 0.001, False)],
    ids=["one is under way", "as the cooling ends", "just before that", "both"],
)
def test_when_one_is_launched_beside(under_way: bool, cool_until: float, launched: bool) -> None:
    session = Session(flight=Flight(DUE, Reason.EXPIRING) if under_way else None, cool_until=cool_until)
    effects = play(attempt(session, BESIDE, NOW), StoreRead(READ, DUE), Answered(LANDED, 200))
    assert any(isinstance(effect, Launch) for effect in effects) == launched
    assert effects[-1] == Send(DUE, READ)


@pytest.mark.parametrize(("before", "begins"), [(0.0, True), (0.001, False)], ids=["as it ends", "just before"])
def test_nobody_begins_a_refresh_while_the_last_failure_cools(before: float, begins: bool) -> None:
    """Who has to wait for one is told at once that there is none."""
    session = Session(cool_until=READ + before)
    effect = upto(attempt(session, FIXED, NOW), StoreRead(READ, SPENT))
    assert isinstance(effect, Join) == begins
    assert begins or effect == Send(None, READ)


def test_without_that_guard_it_is_kept() -> None:
    """As reported: a slow reading puts back what was dropped."""
    session = Session()
    flow = attempt(session, FIXED, NOW)
    next(flow)
    session.store_version += 1
    assert flow.send(StoreRead(READ, FRESH)) == Send(FRESH, READ)
    assert session.cached == Cached(FRESH, READ, READ + 5.0)


def test_an_attempt_that_a_sign_out_overtook_goes_out_bare() -> None:
    """Fenced: what it had read is not sent after the sign-out. Without one, it is."""
    for epoch, sent in ((1, None), (0, FRESH)):
        session = Session()
        flow = attempt(session, FENCED, NOW)
        next(flow)
        session.epoch = epoch
        assert flow.send(StoreRead(READ, FRESH)) == Send(sent, READ)


def test_as_reported_it_is_sent_all_the_same() -> None:
    session = Session()
    flow = attempt(session, FIXED, NOW)
    next(flow)
    session.epoch = 1
    assert flow.send(StoreRead(READ, FRESH)) == Send(FRESH, READ)


# --- the ticker -----------------------------------------------------------------------------------


def test_the_ticker_that_joins_is_one_more_caller() -> None:
    session = Session(epoch=2)
    flow = tick(session, replace(PRE_FIX, ticker_joins=True, single_flight=True))
    next(flow)
    assert flow.send(StoreRead(READ, SPENT)) == RefreshWanted(READ, Reason.TICK)
    assert flow.send(Done(NOW)) == Join(session.flight)  # type: ignore[arg-type]
    assert about(session.flight) == (SPENT, Reason.TICK, 2, None)


def test_the_ticker_that_does_not_flies_by_itself() -> None:
    session = Session()
    flow = tick(session, PRE_FIX)
    next(flow)
    assert flow.send(StoreRead(READ, SPENT)) == RefreshWanted(READ, Reason.TICK)
    assert flow.send(Done(NOW)) == Exchange(SPENT, Reason.TICK)
    assert about(session.tick) == (SPENT, Reason.TICK, 0, None)
    assert session.flight is None


@pytest.mark.parametrize(
    ("stored", "others", "cool_until", "acts"),
    [
        (None, False, 0.0, False),
        (SPENT, True, 0.0, False),
        (SPENT, False, READ + 0.001, False),
        (SPENT, False, READ, True),
    ],
    ids=["signed out", "another tick is under way", "the last failure cools", "it has cooled"],
)
def test_when_the_ticker_acts(stored: TokenPair | None, others: bool, cool_until: float, acts: bool) -> None:
    session = Session(tick=Flight(SPENT, Reason.TICK) if others else None, cool_until=cool_until)
    flow = tick(session, PRE_FIX)
    next(flow)
    try:
        assert isinstance(flow.send(StoreRead(READ, stored)), RefreshWanted)
    except StopIteration:
        assert not acts
    else:
        assert acts


# --- signing in and out ---------------------------------------------------------------------------


def test_who_signs_in_begins_a_family() -> None:
    """Named after its first refresh token, unless the app has named it."""
    (written,) = play(sign_in(Session(), FIXED, pair(3600)))
    assert written == WriteStore(pair(3600, family=fingerprint("refresh-0")), Change.SIGNED_IN)
    assert play(sign_in(Session(), FIXED, NEWER)) == [WriteStore(NEWER, Change.SIGNED_IN)]


def test_who_signs_out_leaves_nothing() -> None:
    session = Session(cached=cached(3600))
    assert play(sign_out(session, FIXED, NOW)) == [WriteStore(None, Change.SIGNED_OUT), Cleared(NOW)]
    assert play(sign_out(session, PRE_FIX, NOW)) == [WriteStore(None, Change.SIGNED_OUT)]


def test_each_sign_in_and_out_is_an_epoch_of_its_own() -> None:
    """Fenced. What was read before is no longer the newest; as reported, nobody counts."""
    session, plain = Session(), Session()
    for policy, counted in ((FENCED, session), (FIXED, plain)):
        play(sign_in(counted, policy, FRESH))
        counted.cached = cached(3600)
        play(sign_in(counted, policy, NEWER))
        assert counted.cached is None
    assert (session.epoch, session.store_version) == (2, 2)
    assert (plain.epoch, plain.store_version) == (0, 0)
    session.cached = cached(3600)
    play(sign_out(session, replace(FENCED, clear_on_sign_out=False), NOW))
    assert (session.epoch, session.store_version) == (3, 3)
    assert session.cached is None
