"""A server that checks a refresh token and consumes it in two steps: what the explorer finds there, and tells."""

from dataclasses import replace

import pytest
from exploring import enumerated, explored, stage

from race401.harness.explore.core.scenario import Scenario
from race401.harness.explore.core.schedule import Step, Walk, choices_of, walk
from race401.harness.explore.core.search import Search
from race401.harness.explore.core.stage import Stage
from race401.harness.explore.core.story import tell
from race401.harness.explore.core.token import decode, encode
from race401.harness.tokens.policy import FIXED, HARDENED, POLICIES, PRE_FIX, Policy
from race401.mock_api.rules import issuer
from race401.mock_api.rules.worlds import WORLDS

TWO = "two-successors"
TWIN = replace(WORLDS["toctou"], atomic=True)


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
    assert TWO in explored(scenario, "toctou").found
    assert TWO not in Search(Stage(scenario, TWIN, issuer)).run().found


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
    assert TWO not in explored(scenario, "toctou").found


def test_a_lost_answer_brings_them_too() -> None:
    """The retry comes before the first is written. That is not held against the policy: later it would be a reuse."""
    found = set(explored(Scenario(FIXED, 2, lose=1, instant_store=True), "toctou").found)
    assert f"{TWO}, incurably" in found
    assert TWO not in found


def test_where_it_is_one_step_nothing_else_is_different() -> None:
    """The twin is RFC 9700's world by another name: as many states, and as many schedules."""
    twin, plain = Search(Stage(Scenario(PRE_FIX, 3), TWIN, issuer)).run(), explored(Scenario(PRE_FIX, 3), "rfc9700")
    assert (twin.states, twin.steps, twin.schedules) == (plain.states, plain.steps, plain.schedules)


@pytest.mark.parametrize("policy", [PRE_FIX, FIXED, HARDENED], ids=lambda policy: policy.name)
@pytest.mark.parametrize(
    "more",
    [{"callers": 2, "lose": 1}, {"callers": 2, "cancel": 1}, {"callers": 1, "ticks": 1}, {"callers": 1, "tabs": 2}],
    ids=" ".join,
)
def test_nothing_is_missed_by_remembering(policy: Policy, more: dict[str, int]) -> None:
    """As in `test_explore_core`, whose own are slow in this world: what plain enumeration finds and counts."""
    due = stage(Scenario(policy), "toctou").instants[1:2]
    scenario = Scenario(policy, instant_store=True, instants=due, **more)  # type: ignore[arg-type]
    result = explored(scenario, "toctou")
    assert (result.schedules, set(result.found)) == enumerated(stage(scenario, "toctou", merge=False))


# --- what it tells ---


def test_the_story_tells_both_steps() -> None:
    """Each check and each consumption, which of the two successors is whose, and a token that replays it."""
    here = stage(Scenario(PRE_FIX, 2), "toctou")
    choices = choices_of(here, Search(here).run().found[TWO].path)
    assert decode(encode(here.scenario, "toctou", 3600.0, choices, POLICIES), POLICIES)[3] == choices
    told = [line.split("POST /token with token A0's refresh token ")[-1] for line in tell(here, walk(here, choices))]
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
    walking = Walk(stage(scenario, "toctou"))
    going(walking, "passes", "begins", "is checked", what)
    assert [link.generation for link in walking.env.families[0].links] == [0]
    *_, last = going(walking, "is written")
    assert last.actor.kind == "orphan"
    assert [link.generation for link in walking.env.families[0].links] == [0, 1]


def test_a_revocation_that_can_be_written_over_is_not_settled() -> None:
    """Where resources ask whether the session lives, a refusal is final only if no older answer is unwritten."""
    for atomic in (True, False):
        here = Stage(Scenario(PRE_FIX), replace(WORLDS["toctou"], check_session=True, atomic=atomic), issuer)
        env, _ = here.first()
        revoked = env._replace(families=tuple(replace(family, revoked=True) for family in env.families))
        assert here.servers.settled(revoked, here.first_pair, refusals=False) is atomic
