"""The core after a 401, knob by knob: what is dropped, refreshed and sent again, and when it is given up."""

from dataclasses import replace

import pytest
from stepping import NOW, about, cached, pair, play, upto

from race401.harness.tokens.core import NO_NEW_TOKEN, NOT_REPLAYABLE, attempt, recover
from race401.harness.tokens.model import (
    Answered,
    Cleared,
    Done,
    Effect,
    Event,
    Exchange,
    Flight,
    GaveUp,
    Join,
    ReadStore,
    Reason,
    Send,
    Session,
    StoreRead,
    TokenPair,
)
from race401.harness.tokens.policy import FIXED, Policy

OLD, NEW = pair(3600, 3, family="ada"), pair(3600, 4, family="ada")
OTHERS = pair(3600, 4, family="bob")
BY_GENERATION = replace(FIXED, check_generation=True)
FENCED = replace(FIXED, fence_sign_out=True)
SHARING = replace(FIXED, share_store_read=True)
REFUSED, READ, JOINED, AGAIN = NOW + 1, NOW + 2, NOW + 3, NOW + 4


def refused(session: Session, policy: Policy, sent: TokenPair | None, *events: Event) -> list[Effect]:
    """What follows a 401 at REFUSED."""
    return play(recover(session, policy, Answered(REFUSED, 401), sent), *events)


def holding(held: TokenPair | None) -> Session:
    """A session with this pair in its cache."""
    session = Session()
    session.cached = cached(3600, held.generation, family=held.family) if held is not None else None
    return session


def test_a_newer_pair_in_the_cache_is_sent_at_once() -> None:
    """By generation: nothing is dropped, read or refreshed; what is refused again drops the cache and stands."""
    session = holding(NEW)
    effects = refused(session, BY_GENERATION, OLD, Answered(AGAIN, 401))
    assert effects == [Send(NEW, REFUSED, retry=True), Cleared(AGAIN)]
    assert (session.cached, session.store_version) == (None, 1)


@pytest.mark.parametrize("held", [OLD, OTHERS, None], ids=["the same", "another account's", "none"])
def test_no_other_pair_in_the_cache_is_sent_without_asking(held: TokenPair | None) -> None:
    """By generation: the same pair, another account's or none leads to the store."""
    session = holding(held)
    flow = recover(session, BY_GENERATION, Answered(REFUSED, 401), OLD)
    assert isinstance(upto(flow), ReadStore)


@pytest.mark.parametrize(
    ("sent", "held", "dropped"),
    [(OLD, OLD, True), (OLD, None, True), (OLD, NEW, False), (OLD, OTHERS, False), (None, OLD, False)],
    ids=["it is cached", "nothing is", "a newer one is", "another account's is", "nothing was sent"],
)
def test_a_401_drops_the_cache_only_if_it_speaks_of_it(
    sent: TokenPair | None, held: TokenPair | None, dropped: bool
) -> None:
    """By generation: readings under way may not fill the cache again either."""
    session = holding(held)
    upto(recover(session, BY_GENERATION, Answered(REFUSED, 401), sent))
    assert session.store_version == dropped
    assert (session.cached is None) == (dropped or held is None)


def test_a_policy_that_keeps_its_cache_keeps_it() -> None:
    """By generation, but without `invalidate_on_401`."""
    session = holding(OLD)
    upto(recover(session, replace(BY_GENERATION, invalidate_on_401=False), Answered(REFUSED, 401), OLD))
    assert session.cached is not None


def test_the_fix_as_reported_asks_for_no_generation() -> None:
    """FIXED drops the newer pair for a late 401, and refreshes the newer one that it finds stored."""
    session = holding(NEW)
    flow = recover(session, FIXED, Answered(REFUSED, 401), OLD)
    assert upto(flow, StoreRead(READ, NEW)) == Join(session.flight)  # type: ignore[arg-type]
    assert about(session.flight) == (NEW, Reason.REJECTED, 0, OLD)
    assert (session.cached, session.store_version) == (None, 1)


def test_a_newer_pair_in_the_store_is_sent_again() -> None:
    """By generation: somebody else has refreshed, so that no exchange is needed."""
    effects = refused(Session(), BY_GENERATION, OLD, StoreRead(READ, NEW), Answered(AGAIN, 200))
    assert effects == [Cleared(REFUSED), ReadStore(), Send(NEW, READ, retry=True)]


def test_the_same_pair_in_the_store_is_refreshed() -> None:
    """By generation: the flight knows which pair was refused."""
    session = Session(epoch=2)
    flow = recover(session, BY_GENERATION, Answered(REFUSED, 401), OLD)
    assert isinstance(upto(flow, StoreRead(READ, OLD)), Join)
    assert about(session.flight) == (OLD, Reason.REJECTED, 2, OLD)
    assert session.flight is not None
    session.flight.pair_after = NEW
    assert flow.send(Done(JOINED)) == Send(NEW, READ, retry=True)


def test_without_a_single_flight_the_refresh_knows_it_too() -> None:
    """A caller's own refresh does not adopt the pair that was refused, should the store turn up with it."""
    policy = replace(BY_GENERATION, single_flight=False, reread_in_flight=True)
    flow = recover(Session(), policy, Answered(REFUSED, 401), NEW)
    assert upto(flow, StoreRead(READ, OLD), StoreRead(READ, NEW)) == Exchange(NEW, Reason.REJECTED)


@pytest.mark.parametrize("policy", [FIXED, BY_GENERATION, SHARING], ids=["fixed", "by generation", "sharing"])
def test_without_a_new_token_it_is_given_up(policy: Policy) -> None:
    """The store is empty, or the shared refresh brought nothing: the 401 goes to the app, which is told why."""
    ends = Done(READ) if policy.share_store_read else StoreRead(READ, None)
    assert refused(Session(), policy, OLD, ends)[-1] == GaveUp(READ, NO_NEW_TOKEN)


def test_a_stream_is_given_up_at_once() -> None:
    flow = recover(Session(), FIXED, Answered(REFUSED, 401, replayable=False), OLD)
    assert play(flow) == [Cleared(REFUSED), GaveUp(REFUSED, NOT_REPLAYABLE)]


def test_what_is_recovered_is_what_was_sent() -> None:
    """An attempt whose cached token is refused recovers by that token's generation."""
    session = Session()
    session.cached = replace(cached(3600, 3, family="ada"), fresh_until=NOW + 5)
    flow = attempt(session, BY_GENERATION, NOW + 1)
    assert next(flow) == Send(OLD, NOW + 1, age=1.0)
    session.cached = cached(3600, 4, family="ada")
    assert flow.send(Answered(REFUSED, 401)) == Send(NEW, REFUSED, retry=True)


# --- when the session changes hands meanwhile -----------------------------------------------------


SWITCHES = {
    "fenced, another account's": (FENCED, OTHERS, GaveUp(READ, NO_NEW_TOKEN)),
    "fenced, its own": (FENCED, NEW, Send(NEW, READ, retry=True)),
    "as reported, another account's": (FIXED, OTHERS, Send(OTHERS, READ, retry=True)),
}


@pytest.mark.parametrize(("policy", "brought", "last"), SWITCHES.values(), ids=SWITCHES)
def test_a_retry_never_changes_accounts(policy: Policy, brought: TokenPair, last: Effect) -> None:
    """Fenced: a retry is of the account that the request was first sent for."""
    flow = recover(Session(), policy, Answered(REFUSED, 401), OLD)
    joined = upto(flow, StoreRead(READ, OLD))
    assert isinstance(joined, Join)
    joined.flight.pair_after = brought
    assert flow.send(Done(JOINED)) == last


def test_a_bare_request_takes_nobodys_token() -> None:
    """Fenced: what was sent without a token is given up. As reported, it looks for one that is stored by now."""
    assert refused(Session(), FENCED, None) == [Cleared(REFUSED), GaveUp(REFUSED, NO_NEW_TOKEN)]
    assert isinstance(upto(recover(Session(), FIXED, Answered(REFUSED, 401), None)), ReadStore)


# --- one reading for all --------------------------------------------------------------------------


def test_callers_that_were_refused_share_one_flight() -> None:
    """It reads the store itself, and knows what was refused."""
    session = Session(epoch=2)
    first, second = (recover(session, SHARING, Answered(REFUSED, 401), OLD) for _ in range(2))
    assert upto(first) == upto(second) == Join(session.flight)  # type: ignore[arg-type]
    assert about(session.flight) == (None, Reason.REJECTED, 2, OLD)
    assert session.flight is not None
    session.flight.pair_after = NEW
    assert first.send(Done(JOINED)) == Send(NEW, JOINED, retry=True)


def test_a_flight_that_is_under_way_learns_what_was_refused() -> None:
    """One that only wanted to read the store."""
    session = Session(flight=Flight(None, Reason.LAPSED))
    upto(recover(session, SHARING, Answered(REFUSED, 401), OLD))
    assert about(session.flight) == (None, Reason.LAPSED, 0, OLD)
