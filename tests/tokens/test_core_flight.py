"""The core's refresh, knob by knob: what it reads, exchanges, stores and keeps."""

from dataclasses import replace

import pytest
from stepping import (
    DUE,
    FENCED,
    FRESH,
    LANDED,
    NEWER,
    NOW,
    READ,
    REFUSED,
    REREADING,
    SHARING,
    SPENT,
    about,
    pair,
    play,
    upto,
)

from race401.harness.tokens.core import fly
from race401.harness.tokens.model import (
    Cached,
    Change,
    Cleared,
    Done,
    Effect,
    Exchange,
    Exchanged,
    ExchangeFailed,
    Flight,
    Launch,
    Lock,
    ReadStore,
    Reason,
    RefreshWanted,
    Session,
    StoreRead,
    TokenPair,
    Withheld,
    WriteStore,
)
from race401.harness.tokens.policy import FIXED, Policy

# --- what it reads --------------------------------------------------------------------------------


def read_by(flight: Flight, stored: TokenPair | None, session: Session | None = None) -> list[Effect]:
    """What a flight that has yet to read the store asks for once it has read this, up to an exchange."""
    session = session or Session()
    session.flight = flight
    flow = fly(session, SHARING, flight)
    effects: list[Effect] = [next(flow)]
    try:
        effects.append(flow.send(StoreRead(READ, stored)))
        while not isinstance(effects[-1], Exchange):
            effects.append(flow.send(Done(NOW)))
    except StopIteration:
        pass
    return effects


def test_a_fresh_pair_needs_no_exchange() -> None:
    """It is cached for all who joined."""
    session, flight = Session(), Flight(None, Reason.LAPSED)
    assert read_by(flight, FRESH, session) == [ReadStore()]
    assert (flight.pair_after, session.cached) == (FRESH, Cached(FRESH, READ, READ + 5.0))
    assert (flight.done, session.flight) == (True, None)


def test_a_reading_that_is_out_of_date_is_not_kept() -> None:
    """What was cached or dropped meanwhile is newer than what this reading found."""
    session, flight = Session(), Flight(None, Reason.LAPSED)
    flow = fly(session, SHARING, flight)
    next(flow)
    session.store_version += 1
    with pytest.raises(StopIteration):
        flow.send(StoreRead(READ, FRESH))
    assert (flight.pair_after, session.cached) == (FRESH, None)


def test_a_pair_that_is_due_serves_whoever_joined() -> None:
    """Its refresh flies by itself: another flight, launched and not waited for."""
    session, flight = Session(), Flight(None, Reason.LAPSED)
    effects = read_by(flight, DUE, session)
    assert session.flight is not None
    assert effects == [ReadStore(), RefreshWanted(READ, Reason.EXPIRING), Launch(session.flight)]
    assert about(session.flight) == (DUE, Reason.EXPIRING, 0, None)
    assert session.flight is not flight
    assert (flight.pair_after, session.cached) == (
        DUE,
        Cached(DUE, READ, NOW - 19.999),
    )


def test_of_such_a_pair_an_outdated_reading_is_not_kept_either() -> None:
    session, flight = Session(), Flight(None, Reason.LAPSED)
    flow = fly(session, SHARING, flight)
    next(flow)
    session.store_version += 1
    assert flow.send(StoreRead(READ, DUE)) == RefreshWanted(READ, Reason.EXPIRING)
    assert session.cached is None


EXCHANGED = {
    "expiring": (None, SPENT, Reason.EXPIRING),
    "expired": (None, pair(1, 3, family="ada"), Reason.EXPIRED),
    "refused, though fresh": (FRESH, FRESH, Reason.REJECTED),
    "refused, though it would serve": (DUE, DUE, Reason.REJECTED),
}


@pytest.mark.parametrize(("rejected", "stored", "reason"), EXCHANGED.values(), ids=EXCHANGED)
def test_what_a_flight_exchanges_once_it_has_read(
    rejected: TokenPair | None, stored: TokenPair, reason: Reason
) -> None:
    flight = Flight(None, Reason.LAPSED, rejected=rejected)
    assert read_by(flight, stored) == [ReadStore(), RefreshWanted(READ, reason), Exchange(stored, reason)]


def test_a_newer_pair_than_the_refused_one_needs_no_exchange() -> None:
    """By generation. As reported every 401 costs one."""
    assert read_by(Flight(None, Reason.REJECTED, rejected=FRESH), NEWER) == [ReadStore()]
    flow = fly(Session(), replace(SHARING, check_generation=False), Flight(None, Reason.REJECTED, rejected=FRESH))
    assert upto(flow, StoreRead(READ, NEWER)) == Exchange(NEWER, Reason.REJECTED)


@pytest.mark.parametrize(("before", "begins"), [(0.0, True), (0.001, False)], ids=["as it ends", "just before"])
def test_a_flight_that_has_read_exchanges_nothing_while_the_last_failure_cools(before: float, begins: bool) -> None:
    session = Session(cool_until=READ + before)
    assert isinstance(read_by(Flight(None, Reason.LAPSED), SPENT, session)[-1], Exchange) == begins


@pytest.mark.parametrize(
    ("policy", "stored"),
    [(SHARING, None), (replace(SHARING, fence_sign_out=True), SPENT)],
    ids=["signed out", "another session by now"],
)
def test_a_flight_that_finds_nothing_of_its_own_ends(policy: Policy, stored: TokenPair | None) -> None:
    session, flight = Session(), Flight(None, Reason.LAPSED)
    flow = fly(session, policy, flight)
    next(flow)
    session.epoch += 1
    with pytest.raises(StopIteration):
        flow.send(StoreRead(READ, stored))
    assert (flight.done, flight.pair_after) == (True, None)


def test_a_flight_of_this_session_goes_on() -> None:
    """Fenced: nobody signed out. As reported: whether somebody did or not."""
    for policy, epoch in ((replace(SHARING, fence_sign_out=True), 0), (SHARING, 1)):
        flow = fly(Session(epoch=epoch), policy, Flight(None, Reason.LAPSED))
        assert isinstance(upto(flow, StoreRead(READ, SPENT)), Exchange)


# --- what it finds when it reads again, under the lock across tabs --------------------------------


def test_it_locks_reads_again_and_exchanges_what_is_still_there() -> None:
    flow = fly(Session(), REREADING, Flight(SPENT, Reason.EXPIRING))
    assert [next(flow), flow.send(Done(NOW))] == [Lock(), ReadStore()]
    assert flow.send(StoreRead(READ, SPENT)) == Exchange(SPENT, Reason.EXPIRING)


def test_what_is_still_there_is_exchanged_though_no_caller_would_yet() -> None:
    """The ticker's margin is wider than theirs: that nobody else has refreshed is all that counts."""
    flow = fly(Session(), replace(REREADING, expiry_margin=60.0), Flight(DUE, Reason.TICK))
    assert upto(flow, Done(NOW), StoreRead(READ, DUE)) == Exchange(DUE, Reason.TICK)


ADOPTED = {
    "a newer pair is adopted": (NEWER, None, True),
    "a newer pair, due itself, is exchanged": (pair(20, 4, family="ada"), None, False),
    "a newer pair that was refused is exchanged": (NEWER, NEWER, False),
    "a newer pair, when an older one was refused, is adopted": (NEWER, SPENT, True),
}


@pytest.mark.parametrize(("stored", "rejected", "adopted"), ADOPTED.values(), ids=ADOPTED)
def test_what_it_does_with_what_another_tab_has_stored(
    stored: TokenPair, rejected: TokenPair | None, adopted: bool
) -> None:
    session, flight = Session(), Flight(SPENT, Reason.EXPIRING, rejected=rejected)
    flow = fly(session, REREADING, flight)
    next(flow)
    flow.send(Done(NOW))
    if not adopted:
        assert flow.send(StoreRead(READ, stored)) == Exchange(stored, Reason.EXPIRING)
        return
    with pytest.raises(StopIteration):
        flow.send(StoreRead(READ, stored))
    assert (flight.pair_after, session.cached) == (stored, Cached(stored, READ, READ + 5.0))


def test_what_it_adopts_is_not_kept_if_it_is_out_of_date() -> None:
    session, flight = Session(), Flight(SPENT, Reason.EXPIRING)
    flow = fly(session, replace(REREADING, guard_put_back=True), flight)
    next(flow)
    flow.send(Done(NOW))
    session.store_version += 1
    with pytest.raises(StopIteration):
        flow.send(StoreRead(READ, NEWER))
    assert (flight.pair_after, session.cached) == (NEWER, None)


@pytest.mark.parametrize("stored", [None, pair(3600, 9, family="bob")], ids=["nobody's", "another account's"])
def test_it_ends_when_the_session_is_not_its_own_any_more(stored: TokenPair | None) -> None:
    flight = Flight(SPENT, Reason.EXPIRING)
    assert play(fly(Session(), REREADING, flight), Done(NOW), StoreRead(READ, stored)) == [Lock(), ReadStore()]
    assert flight.pair_after is None


# --- what it stores and keeps ---------------------------------------------------------------------


@pytest.mark.parametrize(("policy", "instead_of"), [(FENCED, SPENT), (FIXED, None)], ids=["fenced", "as reported"])
def test_what_it_stores(policy: Policy, instead_of: TokenPair | None) -> None:
    """The next generation of its family; fenced, only in the place of the pair that it exchanged."""
    session, flight = Session(), Flight(SPENT, Reason.EXPIRING)
    effects = play(fly(session, policy, flight), Exchanged(LANDED, replace(NEWER, generation=0, family="")))
    assert effects[1:] == [WriteStore(NEWER, Change.TOKEN_REFRESHED, instead_of)]
    assert (flight.pair_after, session.cached) == (NEWER, Cached(NEWER, LANDED, LANDED + 5.0))
    assert session.store_version == 1  # no reading under way may put the old one back


def test_what_the_store_did_not_take_is_not_kept() -> None:
    """The callers that waited have it all the same; whether it may be sent is for them to see."""
    session, flight = Session(), Flight(SPENT, Reason.EXPIRING)
    flow = fly(session, FENCED, flight)
    next(flow)
    assert isinstance(flow.send(Exchanged(LANDED, NEWER)), WriteStore)
    with pytest.raises(StopIteration):
        flow.send(Withheld())
    assert (flight.pair_after, session.cached, session.store_version) == (NEWER, None, 0)


@pytest.mark.parametrize(("cooldown", "until"), [(0.0, 0.0), (5.0, LANDED + 5.0)])
def test_a_failure_cools_for_as_long_as_the_policy_says(cooldown: float, until: float) -> None:
    session, flight = Session(), Flight(SPENT, Reason.EXPIRING)
    policy = replace(FIXED, failure_cooldown=cooldown)
    effects = play(fly(session, policy, flight), ExchangeFailed(LANDED, REFUSED))
    assert effects == [Exchange(SPENT, Reason.EXPIRING), Cleared(LANDED)]
    assert (session.cool_until, session.store_version) == (until, 1)
