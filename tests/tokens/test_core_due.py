"""When a pair is due, how long it serves and how long it is kept: each instant to the ms, knob by knob."""

from dataclasses import replace

import pytest
from stepping import NOW, cached, pair, play, upto

from race401.harness.tokens.core import attempt, tick
from race401.harness.tokens.due import clamped, due, expiry
from race401.harness.tokens.model import (
    Answered,
    Cached,
    Join,
    ReadStore,
    Reason,
    RefreshWanted,
    Send,
    Session,
    StoreRead,
    TokenPair,
)
from race401.harness.tokens.policy import FIXED, HARDENED, PRE_FIX, Policy

MS = 0.001
HOUR = pair(3600, received_at=NOW, expires_in=3600.0, lifetime=3600.0)
SHORT = pair(100, received_at=NOW, expires_in=100.0, lifetime=100.0)
CALM = replace(HARDENED, jitter=0.0)
BESIDE = replace(CALM, share_store_read=False)


def first_due(policy: Policy, stored: TokenPair, jitter_share: float = 0.0) -> float:
    """The first s after NOW at which the pair is to be refreshed."""
    return due(Session(jitter_share=jitter_share), policy, stored) / 1000 - NOW


DUE = {
    "120 s before its end": (FIXED, HOUR, 0.0, 3480.001),
    "as it comes, where no policy says otherwise": (FIXED, SHORT, 0.0, -19.999),
    "with a quarter of its life left": (CALM, SHORT, 0.0, 75.001),
    "120 s before its end, where a quarter is more": (CALM, HOUR, 0.0, 3480.001),
    "120 s before its end, where no lifetime is told": (CALM, pair(100), 0.0, -19.999),
    "later by this session's luck": (HARDENED, HOUR, 0.5, 3485.001),
    "later by the luck of a fleet's last": (HARDENED, HOUR, 0.999, 3489.991),
    "with a quarter left, whatever the luck": (HARDENED, SHORT, 0.5, 75.001),
    "when the server would like it": (CALM, replace(HOUR, refresh_in=1800.0), 0.0, 1800.0),
    "not when the server would like it, as reported": (FIXED, replace(HOUR, refresh_in=1800.0), 0.0, 3480.001),
    "by the instant of receipt, on a wrong clock": (CALM, replace(HOUR, expires_at=NOW + 7200), 0.0, 3480.001),
    "by the server's instant, as reported": (FIXED, replace(HOUR, expires_at=NOW + 7200), 0.0, 7080.001),
    "by the server's instant, where no duration is told": (CALM, replace(HOUR, expires_in=0.0), 0.0, 3480.001),
}


@pytest.mark.parametrize(("policy", "stored", "jitter_share", "expected"), DUE.values(), ids=DUE)
def test_when_a_pair_is_due(policy: Policy, stored: TokenPair, jitter_share: float, expected: float) -> None:
    assert first_due(policy, stored, jitter_share) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("margin", "lifetime", "share", "allowed"),
    [(120.0, 100.0, 0.25, 25.0), (20.0, 100.0, 0.25, 20.0), (120.0, 100.0, 0.0, 120.0), (120.0, 0.0, 0.25, 120.0)],
    ids=["clamped", "small enough", "no share", "no lifetime"],
)
def test_a_margin_is_at_most_a_share_of_the_lifetime(
    margin: float, lifetime: float, share: float, allowed: float
) -> None:
    assert clamped(replace(FIXED, margin_share=share), replace(SHORT, lifetime=lifetime), margin) == allowed


def test_the_expiry() -> None:
    """The receipt and the duration decide where the policy says so and the server told one."""
    shifted = replace(SHORT, expires_at=NOW + 7200)
    assert expiry(CALM, shifted) == NOW + 100
    assert expiry(FIXED, shifted) == expiry(CALM, replace(shifted, expires_in=0.0)) == NOW + 7200


def meets(policy: Policy, stored: TokenPair, at: float) -> str:
    """What a caller does that reads this pair so many s after NOW."""
    session = Session()
    effect = upto(attempt(session, replace(policy, share_store_read=False), NOW), StoreRead(NOW + at, stored))
    if isinstance(effect, Join):
        return "waits"
    return "sends and refreshes" if session.flight else "sends"


WINDOWS = {
    "an hour's token": (HOUR, {3480.0: "sends", 3480.001: "sends and refreshes"}),
    "an hour's token near its end": (HOUR, {3570.0: "sends and refreshes", 3570.001: "waits", 3600.0: "waits"}),
    "a token of 100 s waits within its margin": (SHORT, {75.0: "sends", 75.001: "waits"}),
}


@pytest.mark.parametrize(("stored", "then"), WINDOWS.values(), ids=WINDOWS)
def test_the_advisory_and_the_mandatory_window(stored: TokenPair, then: dict[float, str]) -> None:
    """HARDENED refreshes beside from 120 s on and waits below 30 s, both at most a quarter of the lifetime."""
    assert {at: meets(CALM, stored, at) for at in then} == then


def test_without_a_mandatory_margin_callers_wait() -> None:
    assert meets(FIXED, HOUR, 3480.001) == "waits"


def test_a_cached_pair_that_is_not_due_is_read_again() -> None:
    """It serves without being read once it is due, and the store is asked when its 5 s are over."""
    held = cached(3600)
    assert isinstance(upto(attempt(Session(cached=held), BESIDE, NOW + 5)), ReadStore)
    assert isinstance(upto(attempt(Session(cached=held), BESIDE, NOW + 3480.001)), Send)


@pytest.mark.parametrize(("left", "reason"), [(MS, Reason.EXPIRING), (0.0, Reason.EXPIRED)])
def test_a_pair_has_expired_when_no_ms_is_left(left: float, reason: Reason) -> None:
    flow = attempt(Session(), PRE_FIX, NOW)
    next(flow)
    assert flow.send(StoreRead(NOW, pair(left))) == RefreshWanted(NOW, reason)


@pytest.mark.parametrize(
    ("seconds", "held"),
    [(5.0, Cached(pair(3600), NOW, NOW + 5)), (0.5, Cached(pair(3600), NOW, NOW + 0.5)), (0.0, None)],
)
def test_how_long_a_pair_is_kept(seconds: float, held: Cached | None) -> None:
    """For as long as the policy says; without a cache nothing is kept at all."""
    session = Session()
    play(attempt(session, replace(FIXED, session_cache=seconds), NOW), StoreRead(NOW, pair(3600)), Answered(NOW, 200))
    assert session.cached == held


def test_a_cached_pair_is_sent_with_its_age() -> None:
    session = Session(cached=Cached(pair(3600), NOW, NOW + 5))
    assert play(attempt(session, FIXED, NOW + 2), Answered(NOW + 3, 200)) == [Send(pair(3600), NOW + 2, age=2.0)]


def test_the_tickers_margin_is_clamped_as_well() -> None:
    """Of a token that lives for 100 s, it lets three quarters pass."""
    assert play(tick(Session(), CALM), StoreRead(NOW, pair(25, lifetime=100.0))) == [ReadStore()]
    assert isinstance(upto(tick(Session(), CALM), StoreRead(NOW, pair(24.999, lifetime=100.0))), Join)
