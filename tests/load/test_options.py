"""The burst's options: what can work becomes a plan, what can't is refused in words that help."""

from functools import partial
from typing import Any

import pytest

from race401.harness.load import (
    help,  # noqa: A004 - it is what the word says
    limits,
    options,
)
from race401.harness.load.plan import KEPT_ALIVE, Plan, Refused, check_load
from race401.mock_api.process.serving import KEEP_ALIVE
from race401.scenarios.burst import SCENARIO as BURST

read = partial(options.read, scenario=BURST)
GIVEN: dict[str, Any] = {
    "policies": "pre-fix,fixed",
    "conditions": "supabase,slow-clock,rfc9700",
    "leave": "together",
    "arrivals": "",
    "transport": "httpx",
    "connections": 6,
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


def test_a_world_of_ones_own_is_played_alone() -> None:
    """Under its name, by browsers that locust knew before anybody said which world; it costs what it costs."""
    (condition,) = read(GIVEN | {"world": "mine", "worlds": "mine.toml"}).conditions
    assert (condition.name, condition.world, condition.part) == ("mine", "mine", "own")
    assert condition.expected("control", "pre-fix").plain()["caller_401s"] == "any"
    assert condition.expected("subject", "fixed").plain()["caller_401s"] == "none"


def test_an_option_is_read_by_its_old_name_too_and_help_has_the_new_one() -> None:
    """`--arrival` was a letter from `--arrivals`."""
    parser = help.Options()
    options.add_options(parser, BURST)
    assert parser.parse_args([]).leave == "together"
    assert parser.parse_args(["--leave", "first-then-rest"]).leave == "first-then-rest"
    assert parser.parse_args(["--arrival", "first-then-rest"]).leave == "first-then-rest"
    assert "--arrival " not in parser.format_help()


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
        ({"policies": "pre-fix,fixed,fixed"}, "--policies names 'fixed' twice"),
        (
            {"policies": "pre-fix,fixed,fixed:expiry_margin=1,fixed:expiry_margin=2"},
            "--policies has 'fixed' twice after the second policy; put one of them first or second",
        ),
        ({"policies": ""}, "--policies is empty; give a control and then subjects, or a subject alone"),
        ({"conditions": "supabase,mars"}, "unknown condition 'mars'; known: supabase, slow-clock, rfc9700"),
        ({"conditions": ","}, "--conditions is empty; known: supabase"),
        ({"worlds": "mine.toml"}, "--worlds mine.toml: say which of its worlds to play in, by --world NAME"),
        ({"conditions": "supabase", "world": "mine"}, "--conditions supabase and --world mine: give one of them"),
        ({"leave": "late"}, "--leave late: known are together, first-then-rest"),
        ({"pages": -1}, "--pages -1: a browser loads at least one page"),
        ({"pages": "x"}, "--pages 'x' is not a whole number"),
        ({"num_users": 0}, "-u 0: too few browsers; a run needs at least 6"),
        ({"num_users": 5}, "-u 5: too few browsers; a run needs at least 6"),
        ({"run_time": 3}, "-t 3s holds no burst"),
        ({"transport": "carrier-pigeon"}, "unknown transport 'carrier-pigeon'; known: httpx, fasthttp"),
        ({"connections": 0}, "--connections 0: a browser needs at least one"),
        ({"arrivals": "fast"}, "--arrivals 'fast': write the page bursts a second, such as 20/s"),
        ({"arrivals": "5/m"}, "--arrivals '5/m': write the page bursts a second"),
        ({"arrivals": "0/s"}, "--arrivals '0/s': write the page bursts a second"),
        ({"arrivals": "nan/s"}, "--arrivals 'nan/s': write the page bursts a second"),
        ({"arrivals": "3/s"}, "would load 0.9 pages in the 18 s for them, and needs 6; give 20/s or a longer -t"),
        ({"arrivals": "0.4/s"}, "a page in 150 s, and the mock keeps idle connections for 120 s; give 1/s or more"),
        ({"spawn_rate": 3}, "the last browser starts after 19 s, no page begins in the last 2 s"),
    ],
    ids=str,
)
def test_what_cannot_work_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused) as refused:
        check_load(read(GIVEN | change))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_open_model_shares_its_rate_among_the_browsers() -> None:
    plan = read(GIVEN | {"arrivals": "30/s"})
    check_load(plan)
    assert plan.arrivals == 30
    assert plan.idle == 2.0
    check_load(read(GIVEN | {"arrivals": "20"}))  # what the refusal of a lower rate asks for


def test_connections_are_kept_for_as_long_as_the_mock_says() -> None:
    assert KEPT_ALIVE == KEEP_ALIVE


FASTHTTP = read(GIVEN | {"transport": "fasthttp"})


def test_a_load_that_fits_exactly_is_let_through() -> None:
    assert limits.connections(FASTHTTP) == 360
    limits.check(FASTHTTP, 360 + limits.SPARE, 360)
    limits.check(FASTHTTP, 360 + limits.SPARE, None)


@pytest.mark.parametrize(
    ("plan", "open_files", "ports", "said"),
    [
        (FASTHTTP, 359 + limits.SPARE, None, "-u 60: 360 connections need 488 open files in a process, and 487 are"),
        (FASTHTTP, 9999, 359, "-u 60: 360 connections need 360 local ports, and there are 359"),
        (read(GIVEN), 800, None, "-u 60: 720 connections need 848 open files"),
    ],
)
def test_a_load_that_the_machine_cannot_hold_is_refused(
    plan: Plan, open_files: int, ports: int | None, said: str
) -> None:
    with pytest.raises(Refused) as refused:
        limits.check(plan, open_files, ports)
    assert said in str(refused.value)
