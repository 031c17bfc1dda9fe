"""The holes of the fix as reported: each one found by exploring every schedule, and closed in HARDENED, exhausted."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from exploring import explored, faults, violations
from shares import every

from race401.harness.explore.core.scenario import Scenario
from race401.harness.tokens.policy import FIXED, HARDENED
from race401.mock_api.rules.worlds import WORLDS


@dataclass(frozen=True)
class Hole:
    """One weakness: what has to happen, and what FIXED then does in some schedule."""

    name: str
    does: set[str]
    more: dict[str, Any] = field(default_factory=dict)
    world: str = "rfc9700"
    lifetime: float | None = None


HOLES = [
    Hole("a late reader exchanges the old pair again", {"exchanged-again", "session-lost", "caller-401"}),
    Hole("a refresh in flight resurrects the session at sign-out", {"resurrected"}, {"sign_out": True}),
    Hole("requests after sign-out carry the old session", {"sent-after-sign-out"}, {"sign_out": True}),
    Hole("a late 401 refreshes again", {"needless-exchange"}, {"refuse": True}, "supabase"),
    Hole("a slow store read refills the cache", {"put-back"}, {"refuse": True}, "supabase"),
    Hole("a burst reads the store once per caller", {"read-again"}, world="supabase"),
    Hole("a margin longer than the lifetime refreshes on every call", {"needless-exchange"}, {}, "supabase", 100.0),
    Hole("failed refreshes give up a token that still lives", {"caller-401"}, {"fail": 2}, "supabase"),
    Hole("callers wait though their token still serves", {"waits-needlessly"}, world="supabase"),
    Hole(
        "ticker and shared refresh race each other",
        {"exchanged-again", "session-lost"},
        {"ticks": 1, "instant_store": True},
    ),
    Hole("a failing token endpoint is hammered", {"hammered"}, {"fail": 2}, "supabase"),
    Hole("a clock so fast that every token is expired at once", {"needless-exchange"}, {"skew": 3700.0}, "supabase"),
    Hole("a clock so slow that only 401s refresh", {"needless-exchange", "put-back"}, {"skew": -3700.0}, "supabase"),
    Hole(
        "several tabs exchange one generation",
        {"exchanged-again", "session-lost", "caller-401"},
        {"tabs": 2, "callers": 1},
    ),
    Hole("a switch of accounts in mid-flight mixes their tokens", {"wrong-account"}, {"switch": True}, "supabase"),
]


@pytest.mark.parametrize("hole", HOLES, ids=lambda hole: hole.name)
def test_the_fix_has_it(hole: Hole) -> None:
    """FIXED does it in some schedule of two callers."""
    assert hole.does <= faults(explored(Scenario(FIXED, **hole.more), hole.world, hole.lifetime))


@pytest.mark.parametrize("hole", HOLES, ids=lambda hole: hole.name)
def test_hardened_has_not(hole: Hole) -> None:
    """HARDENED does not do it in any schedule, nor anything else that an app or its user would notice."""
    result = explored(Scenario(HARDENED, **hole.more), hole.world, hole.lifetime)
    assert not violations(result)
    assert not hole.does & set(result.found)


LEFT = [
    Hole("a tab whose refresh failed does not wait for another tab's", {"caller-401"}, {"fail": 1}),
    Hole("a tab hears of another's change of accounts only from the store", {"wrong-account"}, {"switch": True}),
]


@pytest.mark.parametrize("hole", every(2, [(hole,) for hole in LEFT], lambda hole: hole.name))
def test_what_hardened_leaves_to_several_tabs(hole: Hole) -> None:
    """Not closed: in one tab the same does nothing, in two it does; README's known limits say so."""
    assert not violations(explored(Scenario(HARDENED, 2, **hole.more), hole.world))
    assert violations(explored(Scenario(HARDENED, 1, tabs=2, **hole.more), hole.world)) == hole.does


EVERYTHING: dict[str, Any] = {"sign_out": True, "cancel": 1, "fail": 1}
OTHERS: list[dict[str, Any]] = [{"switch": True}, {"refuse": True, "fail": 1}, {"ticks": 1, "fail": 1}, {"lose": 1}]


@pytest.mark.parametrize("world", every(6, [(name,) for name in WORLDS]))
def test_hardened_in_every_world(world: str) -> None:
    """Two callers, a sign-out, a cancellation, a failed refresh: exhausted, and nothing a client could prevent.

    Each sixth world by `make test`; all of them, and with three callers, by `make test-all`.
    """
    assert not violations(explored(Scenario(HARDENED, 2, **EVERYTHING), world))


@pytest.mark.parametrize("more", OTHERS, ids=" ".join)
def test_hardened_whatever_else_happens(more: dict[str, Any]) -> None:
    """The same with what else can happen, where reuse costs the session."""
    assert not violations(explored(Scenario(HARDENED, 2, **more), "rfc9700"))


@pytest.mark.slow
@pytest.mark.parametrize("more", [EVERYTHING, *OTHERS], ids=" ".join)
@pytest.mark.parametrize("world", WORLDS)
def test_three_callers_in_every_world(world: str, more: dict[str, Any]) -> None:
    """The same with three."""
    assert not violations(explored(Scenario(HARDENED, 3, **more), world))
