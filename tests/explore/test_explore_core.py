"""The core-level explorer: what it visits is what plain enumeration visits, and what it tells can be replayed."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from exploring import enumerated, explored, faults, searched, stage, violations
from shares import every

from race401.harness.__main__ import main
from race401.harness.explore.core.ablation import TICKED
from race401.harness.explore.core.forms import Forms, Held
from race401.harness.explore.core.live import Live
from race401.harness.explore.core.places import places
from race401.harness.explore.core.scenario import Scenario
from race401.harness.explore.core.schedule import choices_of, walk
from race401.harness.explore.core.search import Search
from race401.harness.explore.core.story import RISEN, sentences
from race401.harness.explore.core.token import BadToken, decode, encode
from race401.harness.explore.core.values import Renaming
from race401.harness.tokens.model import Session
from race401.harness.tokens.policy import FIXED, HARDENED, POLICIES, PRE_FIX, Policy

PLANTED = replace(HARDENED, name="planted", reread_in_flight=False, check_generation=False)
ALL = [PRE_FIX, FIXED, HARDENED, PLANTED]
MORE = {
    "2 callers, time passes": {"callers": 2},
    "2 callers, sign-out": {"callers": 2, "sign_out": True},
    "2 callers, one cancelled": {"callers": 2, "cancel": 1},
    "the API refuses, and a refresh fails": {"callers": 1, "refuse": True, "fail": 1},
    "3 callers": {"callers": 3, "instant_store": True},
    "the API refuses, sign-out": {"callers": 1, "refuse": True, "sign_out": True},
    "2 callers, a refresh fails": {"callers": 2, "fail": 1, "instant_store": True},
    "auto-refresh, sign-out": {"callers": 1, "ticks": 1, "sign_out": True, "instant_store": True},
    "2 tabs": {"callers": 1, "tabs": 2, "instant_store": True},
    "2 callers, an answer is lost": {"callers": 2, "lose": 1, "instant_store": True},
}


@pytest.mark.parametrize(
    ("what", "policy"),
    every(3, itertools.product(MORE, ALL), lambda what, policy: f"{what}-{policy.name}"),  # each of both is in it
)
@pytest.mark.parametrize("world", ["rfc9700", pytest.param("toctou", marks=pytest.mark.slow)])
def test_nothing_is_missed_by_remembering(world: str, policy: Policy, what: str) -> None:
    """Visiting each state once finds the same faults, and counts the same schedules, as walking every schedule."""
    more = MORE[what]
    fresh, due, *_ = stage(Scenario(policy), world).instants
    instants = (fresh, due) if len(more) == 1 else (due,)
    scenario = Scenario(policy, instants=instants, **more)  # type: ignore[arg-type]
    result = explored(scenario, world)
    assert (result.schedules, set(result.found)) == enumerated(stage(scenario, world, merge=False))


def _same_names(forms: Forms, what: tuple[int, Renaming]) -> int:
    """Flights change places, and those who wait for one keep its old number."""
    return what[0]


def _no_store_versions(
    forms: Forms, a: int, known: Callable[[Forms, int], Held | None] = Forms._ask_held
) -> Held | None:
    """Whoever reads the store is taken for one who does not, so that no reading is ever outdated."""
    held = known(forms, a)
    return held and held._replace(store_versions=())


UNSHARED = replace(HARDENED, name="unshared", share_store_read=False, reread_in_flight=False)


@pytest.mark.parametrize(
    ("name", "broken", "policy", "sign_out"),
    [("_rename_actor", _same_names, HARDENED, False), ("_ask_held", _no_store_versions, UNSHARED, True)],
)
def test_a_form_that_merges_too_much_is_noticed(
    name: str, broken: object, policy: Policy, sign_out: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison above fails, or the search itself, if states that can be told apart are taken for one."""
    scenario = Scenario(policy, 2, sign_out=sign_out, instants=stage(Scenario(policy), "rfc9700").instants[1:2])
    plain = enumerated(stage(scenario, "rfc9700", merge=False))
    whole = explored(scenario, "rfc9700")
    assert (whole.schedules, set(whole.found)) == plain
    monkeypatch.setattr(Forms, name, broken)
    try:
        merged = searched(stage(scenario, "rfc9700"))
    except (AttributeError, KeyError, IndexError, AssertionError):
        return
    assert (merged.schedules, set(merged.found)) != plain


def test_a_position_that_is_no_value_is_refused() -> None:
    """A generator that loops around a yield, or holds an iterator across one, cannot be taken for its names."""

    def loops(items: list[int]) -> Iterator[int]:
        for item in items:
            yield item + 1

    with pytest.raises(TypeError, match="has a loop"):
        list(places(loops([1, 2]), Live(Session()).valued))

    def holds(items: Iterator[int]) -> Iterator[int]:
        yield 1
        yield next(items)

    flow = holds(iter([1]))
    next(flow)
    with pytest.raises(TypeError, match="only values"):
        list(places(flow, Live(Session()).valued))


@pytest.mark.parametrize("world", ["supabase", "rfc9700"])
def test_the_race_of_the_incident(world: str) -> None:
    """PRE_FIX exchanges a generation again in both; only a server that revokes on reuse turns that into 401s."""
    found = faults(explored(Scenario(PRE_FIX, 2), world))
    assert "exchanged-again" in found
    assert ({"caller-401", "session-lost"} <= found) == (world == "rfc9700")


def test_a_slow_clock() -> None:
    """90 s behind, PRE_FIX shows the app a 401 even where reuse is forgiven; on time, it does not."""
    assert "caller-401" in faults(explored(Scenario(PRE_FIX, 2, skew=-90.0), "supabase"))
    assert "caller-401" not in faults(explored(Scenario(PRE_FIX, 2), "supabase"))


def test_a_refused_token_is_sent_again() -> None:
    """A cache holds what the store has replaced, and its tab has heard of the 401; dropped then, it does not."""
    happens: dict[str, Any] = {"refuse": True, "ticks": 1, "instants": TICKED, "instant_store": True}
    cached = replace(PRE_FIX, session_cache=5.0)
    for policy, again in ((PRE_FIX, False), (cached, True), (replace(cached, invalidate_on_401=True), False)):
        assert ("refused-again" in explored(Scenario(policy, 2, **happens), "rfc9700").found) is again


@pytest.mark.parametrize("callers", [2, 5])
def test_on_an_event_loop_the_fix_holds(callers: int) -> None:
    """With a store that is read in no time, as in the burst, FIXED is clean: its holes need something between."""
    assert not violations(explored(Scenario(FIXED, callers, instant_store=True), "rfc9700"))


@pytest.mark.parametrize("world", ["supabase", "rfc9700"])
def test_a_lost_answer(world: str) -> None:
    """Without a reuse interval no client survives it, and that is said; with one HARDENED does."""
    result = explored(Scenario(HARDENED, 2, lose=1), world)
    assert not violations(result)
    assert ("session-lost, incurably" in result.found) == (world == "rfc9700")


def test_the_shortest_story_and_its_token() -> None:
    """The story of a violation replays from its token, step by step, and ends with the violation."""
    here = stage(Scenario(FIXED, 2, sign_out=True), "rfc9700")
    found = Search(here).run().found["sent-after-sign-out"]
    choices = choices_of(here, found.path)
    token = encode(here.scenario, "rfc9700", 3600.0, choices, POLICIES)
    assert decode(token, POLICIES) == (here.scenario, "rfc9700", 3600.0, choices)
    steps = list(walk(stage(here.scenario, "rfc9700"), choices))
    assert [step.move.marks for step in steps if step.move.marks][-1] == ("sent-after-sign-out",)
    assert len(steps) == 6


def test_the_story_marks_the_step_that_brings_a_signed_out_session_back() -> None:
    """Once, and none where the session ends for good."""
    acted = stage(Scenario(FIXED, callers=2, sign_out=True), "rfc9700")
    found = Search(acted).run().found
    story = list(sentences(acted, walk(acted, choices_of(acted, found["resurrected"].path))))
    (risen,) = (n for n, line in enumerate(story) if line.endswith(RISEN))
    assert any("sign-out" in line for line in story[:risen])
    assert RISEN not in "".join(sentences(acted, walk(acted, choices_of(acted, found["exchanged-again"].path))))


def test_damaged_tokens_are_refused() -> None:
    """Anything but a whole token is refused in one line."""
    token = encode(Scenario(FIXED), "rfc9700", 3600.0, [0, 1], POLICIES)
    for bad in ("", "x", token[:-3], token[:5] + "A" + token[6:]):
        with pytest.raises(BadToken):
            decode(bad, POLICIES)


def test_explore_says_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1 with a story for a violation, 0 when exhausted and clean, 3 when cut short."""
    assert main(["explore", "--policy", "fixed", "--callers", "2"]) == 1
    told = capsys.readouterr().out
    assert "POST /token with token A0's refresh token is decided: reused" in " ".join(told.split())
    token = told.rsplit(" replay ", 1)[1].split()[0]
    assert main(["explore", "--policy", "hardened", "--callers", "2"]) == 0
    assert main(["explore", "--policy", "hardened", "--callers", "3", "--max-states", "100"]) == 3
    assert "NOT exhausted" in capsys.readouterr().out
    assert main(["replay", token]) in (0, 1)
    assert main(["replay", "nonsense"]) == 2


def test_a_policy_is_spelled_as_it_is_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    """`fixed:KNOB=VALUE;...` as in a burst; the story's token replays it by that name; so does the older `--set`."""
    text = "fixed:check_generation=true;single_flight=false"
    lists = [["--policy", text], ["--policy", "fixed:check_generation=true", "--set", "single_flight=false"]]
    lists += [["--set", "check_generation=true", "--set", "single_flight=false"]]
    told = []
    for words in lists:
        main(["explore", "--brief", *words])
        told.append([line for line in capsys.readouterr().out.splitlines() if " s of CPU" not in line])
    assert told[0] == told[1] == told[2]
    assert told[0][0].startswith(f"{text} in rfc9700: ")
    first = next(line for line in told[0] if " replay " in line)
    assert main(["replay", first.split()[-1]]) == 1
    assert capsys.readouterr().out.startswith(f"{text} in rfc9700, ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--policy", "fxied"], "unknown policy 'fxied'; known: pre-fix, fixed, hardened"),
        (["--policy", "fixed:"], "policy 'fixed:': '' sets nothing; write KNOB=VALUE"),
        (
            ["--set", "retry_on_401=perhaps"],
            "policy 'fixed:retry_on_401=perhaps': retry_on_401 is true or false, not 'perhaps'",
        ),
    ],
)
def test_a_wrong_policy_is_refused_as_in_a_burst(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, which writes the policy as it would be right."""
    assert main(["explore", *words]) == 2
    assert capsys.readouterr().err == f"race401: --policy: {said}\n"
