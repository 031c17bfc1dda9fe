"""The burst's options: what can work becomes a plan, what can't is refused in words that help."""

from typing import Any

import pytest

from race401.scenarios.options import Refused, check_load, read

GIVEN: dict[str, Any] = {
    "policies": "pre-fix,fixed",
    "conditions": "supabase,slow-clock,rfc9700",
    "arrival": "together",
    "seed": 401,
    "pages": 0,
    "num_users": 60,
    "spawn_rate": 60,
    "run_time": 20,
}


def test_the_main_job_is_a_plan() -> None:
    plan = read(GIVEN)
    check_load(plan)
    assert str(plan) == (
        "60 browsers, conditions supabase, slow-clock, rfc9700, "
        "policies pre-fix, fixed, 20 s; requests leave together"
    )
    assert plan.idle == 2.0
    assert plan.last_page_after == 18.0


def test_a_single_policy_is_the_subject() -> None:
    assert list(read(GIVEN | {"policies": "pre-fix"}).policies) == ["subject"]


def test_fixed_work_has_no_last_page() -> None:
    plan = read(GIVEN | {"pages": 8})
    assert plan.last_page_after == float("inf")
    assert "8 pages each" in str(plan)


def test_a_late_browser_has_pages_enough_too() -> None:
    """Browsers that start late leave less of the run: the idle time follows, so that each still crosses."""
    assert read(GIVEN | {"spawn_rate": 6, "run_time": 20}).idle == pytest.approx((20 - 9 - 2) / 8)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"policies": "pre-fix,fxied"}, "unknown policy 'fxied'; known: pre-fix, fixed"),
        ({"policies": "fixed:expiry_margin=soon"}, "expiry_margin is a number of seconds, 0 or more, not 'soon'"),
        ({"policies": "pre-fix,fixed,fixed"}, "--policies takes a control and a subject, or a subject alone, not 3"),
        ({"policies": ""}, "not 0 names"),
        ({"conditions": "supabase,mars"}, "unknown condition 'mars'; known: supabase, slow-clock, rfc9700"),
        ({"conditions": ","}, "--conditions is empty; known: supabase"),
        ({"arrival": "late"}, "unknown arrival 'late'; known: together, first-then-rest"),
        ({"pages": -1}, "--pages -1: a browser loads at least one page"),
        ({"pages": "x"}, "--pages 'x' is not a whole number"),
        ({"num_users": 0}, "-u 0: too few browsers; a run needs at least 6"),
        ({"num_users": 5}, "-u 5: too few browsers; a run needs at least 6"),
        ({"run_time": 3}, "-t 3s holds no burst"),
        ({"spawn_rate": 3}, "the last browser starts after 19 s, no page begins in the last 2 s"),
    ],
    ids=str,
)
def test_what_cannot_work_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused) as refused:
        check_load(read(GIVEN | change))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
