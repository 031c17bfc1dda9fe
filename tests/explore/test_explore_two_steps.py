"""A server that checks a refresh token and consumes it in two steps: what the explorer finds there, and tells."""

import itertools
from dataclasses import replace
from typing import Any

import pytest
from exploring import enumerated, explored
from shares import every

from race401.harness.explore.core.scenario import Scenario
from race401.harness.explore.core.schedule import Step, Walk, choices_of, walk
from race401.harness.explore.core.search import Search
from race401.harness.explore.core.stage import Stage
from race401.harness.explore.core.story import sentences
from race401.harness.explore.core.token import decode, encode
from race401.harness.tokens.policy import FIXED, HARDENED, POLICIES, PRE_FIX, Policy
from race401.mock_api.rules import issuer
from race401.mock_api.rules.worlds import WORLDS, World

TWO = "two-successors"
LOST = replace(WORLDS["rfc9700"], name="lost-update", losers_get="overwrite", transaction=0.005)
TWIN = replace(LOST, losers_get="as_reuse")


def found(scenario: Scenario, world: World) -> set[str]:
    """What is wrong in any order."""
    result = Search(Stage(scenario, world, issuer)).run()
    assert result.exhausted
    return set(result.found)


# --- what it finds ---


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario(PRE_FIX, 2),
        Scenario(FIXED, 1, tabs=2),
        Scenario(FIXED, 2, ticks=1, instant_store=True),
    ],
    ids=["each on its own", "tabs without a lock", "beside an auto-refresh"],
)
def test_two_refreshes_of_one_token_bring_two_successors(scenario: Scenario) -> None:
    """Wherever two can be under way at once; and the same world has none where an exchange is one step."""
    assert TWO in found(scenario, LOST)
    assert TWO not in found(scenario, TWIN)


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario(FIXED, 3),
        Scenario(HARDENED, 3),
        Scenario(HARDENED, 1, tabs=2),
        Scenario(HARDENED, 2, ticks=1, fail=1),
    ],
    ids=["shared", "hardened", "tabs with a lock", "one flight for the auto-refresh too"],
)
def test_one_refresh_at_a_time_brings_none(scenario: Scenario) -> None:
    """Of several that are not at once the second is refused, as in any world."""
    assert TWO not in found(scenario, LOST)


def test_a_lost_answer_brings_them_too() -> None:
    """The retry comes before the first is written. That is not held against the policy: later it would be a reuse."""
    faults = found(Scenario(FIXED, 2, lose=1, instant_store=True), LOST)
    assert f"{TWO}, incurably" in faults
    assert TWO not in faults


def test_where_it_is_one_step_nothing_else_is_different() -> None:
    """The twin is RFC 9700's world by another name: as many states, and as many schedules."""
    twin, plain = Search(Stage(Scenario(PRE_FIX, 3), TWIN, issuer)).run(), explored(Scenario(PRE_FIX, 3), "rfc9700")
    assert (twin.states, twin.steps, twin.schedules) == (plain.states, plain.steps, plain.schedules)


LOSERS = ["overwrite", "sibling", "same", "refusal"]
HAPPENS = [
    {"callers": 2, "lose": 1},
    {"callers": 2, "cancel": 1},
    {"callers": 1, "ticks": 1},
    {"callers": 1, "tabs": 2},
]


@pytest.mark.parametrize(
    ("more", "losers", "policy"),
    every(  # each of all three is in it
        5,
        itertools.product(HAPPENS, LOSERS, [PRE_FIX, FIXED, HARDENED]),
        lambda more, losers, policy: f"{' '.join(more)}-{losers}-{policy.name}",
    ),
)
def test_nothing_is_missed_by_remembering(losers: Any, policy: Policy, more: dict[str, int]) -> None:
    """As in `test_explore_core`, whose own are slow in this world: what plain enumeration finds and counts."""
    world = replace(LOST, losers_get=losers)
    due = Stage(Scenario(policy), world, issuer).instants[1:2]
    scenario = Scenario(policy, instant_store=True, instants=due, **more)  # type: ignore[arg-type]
    result = Search(Stage(scenario, world, issuer)).run()
    assert (result.schedules, set(result.found)) == enumerated(Stage(scenario, world, issuer, merge=False))


@pytest.mark.parametrize(
    ("policy", "name"),
    every(  # both, and each world
        2,
        [
            (FIXED, "django-oauth-toolkit"),
            (HARDENED, "django-oauth-toolkit"),
            (FIXED, "oauth2-server"),
            (HARDENED, "oauth2-server"),
            (HARDENED, "doorkeeper"),
            (FIXED, "doorkeeper"),
        ],
        lambda policy, name: f"{policy.name}-{name}",
    ),
)
def test_nothing_is_missed_where_a_refresh_ends_access_tokens(policy: Policy, name: str) -> None:
    """Where what a resource answers depends on what others did meanwhile: what plain enumeration finds and counts."""
    world = WORLDS[name]
    due = Stage(Scenario(policy), world, issuer).instants[1:2]
    scenario = Scenario(policy, 2, instant_store=True, instants=due)
    result = Search(Stage(scenario, world, issuer)).run()
    assert (result.schedules, set(result.found)) == enumerated(Stage(scenario, world, issuer, merge=False))


# --- what it tells ---


def test_the_story_tells_both_steps() -> None:
    """Each check and each consumption, which of the two successors is whose, and a token that replays it."""
    here = Stage(Scenario(PRE_FIX, 2), LOST, issuer)
    choices = choices_of(here, Search(here).run().found[TWO].path)
    assert decode(encode(here.scenario, LOST.name, 3600.0, choices, POLICIES), POLICIES)[3] == choices
    told = [
        line.split("POST /token with token A0's refresh token ")[-1] for line in sentences(here, walk(here, choices))
    ]
    assert [line for line in told if line.startswith("is c")] == [
        "is checked: rotated, but nothing is written yet",
        "is checked: rotated, but nothing is written yet",
        "is consumed: token A1 is the session's token now",
        "is consumed: token A1b is the session's token now",
    ]


def going(walking: Walk, *wanted: str) -> list[Step]:
    """Take the first open step that is called so, one after the other."""
    taken = []
    for what in wanted:
        taken.append(next(step for step in walking.options() if step.move.what.startswith(what)))
        walking.take(taken[-1])
    return taken


@pytest.mark.parametrize("what", ["is cancelled", "loses its answer"])
def test_what_was_checked_is_written_whoever_listens(what: str) -> None:
    """A caller that leaves between the two steps, or loses its connection, leaves the second to the server."""
    scenario = Scenario(PRE_FIX, 1, cancel=1, lose=1, instant_store=True)
    walking = Walk(Stage(scenario, LOST, issuer))
    going(walking, "passes", "begins", "is checked", what)
    assert [link.generation for link in walking.env.families[0].links] == [0]
    *_, last = going(walking, "is written")
    assert last.actor.kind == "orphan"
    assert [link.generation for link in walking.env.families[0].links] == [0, 1]


def test_a_revocation_that_can_be_written_over_is_not_settled() -> None:
    """Where resources check the session, a refusal is final only if no older answer is unwritten."""
    for losers in ("as_reuse", "sibling", "overwrite"):
        here = Stage(Scenario(PRE_FIX), replace(LOST, check_session=True, losers_get=losers), issuer)
        env, _ = here.first()
        revoked = env._replace(families=tuple(replace(family, revoked=True) for family in env.families))
        assert here.servers.settled(revoked, here.first_pair, refusals=False) is (losers != "overwrite")
