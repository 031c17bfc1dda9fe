"""Scenarios: what their data means, what each policy should get and gets, and each of them once for real."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bounds import HANG
from ledgers import NO_HARM, Run, manifest, reproduced

from race401.harness.judge.apart import apart
from race401.harness.judge.checks import Value
from race401.harness.judge.checks.memory import growths
from race401.harness.judge.verdict import judge
from race401.harness.load.conditions import NOTHING_WRONG as SOUND
from race401.harness.load.conditions import Condition, Expectation, by_name
from race401.harness.load.options import read
from race401.harness.load.plan import ROLES, Refused
from race401.harness.load.scenario import Scenario
from race401.harness.reporting import console
from race401.scenarios.__main__ import NAMES, Result
from race401.scenarios.burst import SCENARIO as BURST

ROOT = Path(__file__).parents[2]
RACE = Expectation("some", "any")
HOLE = SOUND.but(needless_exchanges="some")
HOLED = Scenario("holed", by_name(Condition("late", "supabase", "", control=RACE, known={"fixed": HOLE})))
GIVEN: dict[str, Any] = {
    "conditions": "rfc9700",
    "leave": "together",
    "arrivals": "",
    "transport": "httpx",
    "connections": 6,
    "seed": 401,
    "pages": 0,
    "num_users": 6,
    "spawn_rate": 6,
    "run_time": 10,
}
slow = pytest.mark.slow


def plan_of(policies: str) -> Any:
    """The plan of a scenario in which the fix has a known hole."""
    return read({**GIVEN, "conditions": "late", "policies": policies}, HOLED)


# --- the data -------------------------------------------------------------------------------------


def test_policies_after_the_second_have_their_own_names_for_roles() -> None:
    plan = read({**GIVEN, "policies": "fixed,pre-fix"}, BURST)
    assert {role: policy.name for role, policy in plan.policies.items()} == {"control": "fixed", "subject": "pre-fix"}
    three = replace(plan, policies={**plan.policies, "third": replace(plan.policies["control"], name="third")})
    assert [three.should_get(role) for role in three.policies] == ["FAIL", "PASS", "PASS"]


def test_a_known_hole_is_expected_where_policies_are_compared() -> None:
    """The control should show the race, the fix its hole, everybody else nothing."""
    plan = plan_of("pre-fix,fixed")
    assert [plan.should_get(role) for role in plan.policies] == ["FAIL", "FAIL"]
    condition = HOLED.conditions["late"]
    assert [condition.expected("control", "fixed"), condition.expected("subject", "other")] == [RACE, SOUND]


def test_visits_and_an_open_schedule_exclude_each_other() -> None:
    visited = Scenario("visited", by_name(replace(HOLED.conditions["late"], visit=1)))
    with pytest.raises(Refused, match="visits follow one another"):
        read({**GIVEN, "conditions": "late", "policies": "fixed", "arrivals": "5/s"}, visited)


@pytest.mark.parametrize(
    ("fields", "margin", "remaining"),
    [
        ({}, 60.0, 63.0),
        ({"skew": -90.0}, 120.0, 33.0),
        ({"skew": -90.0, "at_expiry": True}, 120.0, 3.0),
        ({"left": -28_800.0, "skew": -90.0}, 120.0, -28_800.0),
    ],
)
def test_the_first_tokens_life(fields: dict[str, Any], margin: float, remaining: float) -> None:
    """Decided 3 s after sign-in: by the margin on the client's clock, by the expiry, or as the condition says."""
    assert Condition("any", "supabase", "", control=RACE, **fields).remaining(3.0, margin) == remaining


READ = """
import sys
from race401.scenarios.__main__ import NAMES, scenario
for name in NAMES:
    assert scenario(name).name.replace("-", "_") == name
    module = sys.modules[f"race401.scenarios.{name}"]
    browsers = sum(type(each).__name__ == "UserMeta" for each in vars(module).values())
    print(name, browsers // len(scenario(name).parts))
print(*sorted({"locust", "gevent"} & set(sys.modules)))
"""


@pytest.mark.parametrize(
    ("first", "browsers", "imported"), [("", 0, ""), ("import locust\n", len(ROLES), "gevent locust")]
)
def test_a_scenario_is_data_until_locust_reads_it(first: str, browsers: int, imported: str) -> None:
    """Reading scenarios patches no process; where locust is, each has a class for every condition and role."""
    done = subprocess.run([sys.executable, "-c", first + READ], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [*(f"{name} {browsers}" for name in NAMES), imported]


# --- what each policy gets ------------------------------------------------------------------------


def compared() -> Run:
    """A run in which the control shows the race, the subject nothing, and a third policy refreshes in vain."""
    run = reproduced()
    run.manifest["policies"]["third"] = {"name": "third", "expiry_margin": 120.0}
    about = run.manifest["conditions"]["rfc9700"]
    about["sound"] = {**NO_HARM, "needless_exchanges": "none"}
    about["expects"]["third"] = {**NO_HARM, "needless_exchanges": "some"}
    third = "run/rfc9700/third/1"
    run.exchange(third)
    run.exchange(third, generation=1, token_left_s=3600.0)
    run.page(third, 1, *[None] * 5)
    return run


def test_each_policy_is_judged_apart() -> None:
    """A comparison passes because its control fails, and the third shows the hole that it should show."""
    evidence = compared().evidence()
    assert judge(evidence).value is Value.PASS
    assert apart(evidence) == {"control": Value.FAIL, "subject": Value.PASS, "third": Value.FAIL}


def test_a_hole_that_does_not_show_is_unknown() -> None:
    run = compared()
    del run.entries[-6]
    assert judge(run.evidence()).value is Value.UNKNOWN


def test_a_worthless_run_proves_nothing_for_anybody() -> None:
    run = compared()
    run.manifest["finished"] = False
    assert apart(run.evidence()) == {"control": Value.FAIL, "subject": Value.UNKNOWN, "third": Value.FAIL}


def test_the_sentence_says_what_each_policy_showed() -> None:
    sentence = judge(compared().evidence()).sentence
    assert sentence == (
        "PASS: before the fix, pre-fix let the app see 4 401s in 5 requests and lost 1 session; after it, "
        "fixed showed no 401 and no lost session in 5 requests of 1 session (so at most 95.0% of sessions, at 95 %); "
        "no 401 had its chance; third showed 1 needless exchange in 5 requests of 1 session."
    )


def test_the_table_has_a_column_for_each_condition_and_policy() -> None:
    """However many there are; none is cut short."""
    run = compared()
    names = ("rfc9700", "a-long-name", "another-long-name", "more")
    run.manifest["conditions"] = dict.fromkeys(names, run.manifest["conditions"]["rfc9700"])
    lines = console.render(judge(run.evidence()), run.manifest, width=300).splitlines()
    assert lines[2].split() == [name for name in names for _ in range(3)]
    assert lines[3].split() == ["before", "after", "third"] * 4


@pytest.mark.parametrize(("got", "value"), [("FAIL", Value.PASS), ("PASS", Value.FAIL), ("UNKNOWN", Value.UNKNOWN)])
def test_a_policy_that_gets_what_it_should_get_passes(got: str, value: Value) -> None:
    assert Result("late_401", "fixed", "FAIL", got).value is value


# --- memory ---------------------------------------------------------------------------------------

WARMING_UP = [40.0, 55.0, 58.0, *[60.0] * 17]


@pytest.mark.parametrize(
    ("held", "value"),
    [
        ([*WARMING_UP, *[60.0] * 60], Value.PASS),
        ([*WARMING_UP, *[60.0 + n / 6 for n in range(60)]], Value.FAIL),
        ([*WARMING_UP, *[60.0, 60.5] * 30], Value.PASS),
        ([67.6 + n * 5.6 / 360 for n in range(360)], Value.FAIL),  # what locust added in an hour before it forgot
        ([60.0 + n for n in range(50)], None),  # 500 s
    ],
    ids=["flat", "a leak", "flat but for noise", "a small leak", "too short to tell"],
)
def test_memory_that_grows(held: list[float], value: Value | None) -> None:
    """What is held late is compared with what was held after warming up, in runs that are long enough."""
    run = Run(manifest(memory_mb={"mock": held}, memory_every_s=10.0))
    found = [finding.value for finding in judge(run.evidence()).findings if finding.check == "memory"]
    assert found == ([] if value is None else [value])


def test_growth_is_of_medians() -> None:
    """One reading that is out of line says nothing."""
    (growth,) = growths({"mock": [50.0] * 39 + [500.0]}, 60.0)
    assert (growth.early, growth.late, growth.flat) == (50.0, 50.0, True)


def test_growth_is_told_by_the_request() -> None:
    """Of a thousand requests, half came between the middles of the second and of the last quarter."""
    (growth,) = growths({"mock": [50.0] * 20 + [51.0] * 20}, 60.0)
    assert growth.each(1_000) == 2_000


def test_the_terminal_says_what_was_held_even_where_it_is_flat() -> None:
    run = reproduced()
    run.manifest |= {"memory_mb": {"mock": [50.0] * 75}, "memory_every_s": 10.0}
    said = console.render(judge(run.evidence()), run.manifest).splitlines()
    assert "mock held 50.0 MB early on and 50.0 MB late in the run (+0 bytes a request)" in said


# --- for real -------------------------------------------------------------------------------------


def played(reports: Path, *names: str) -> "subprocess.CompletedProcess[str]":
    """`python -m race401.scenarios NAMES`."""
    command = [sys.executable, "-m", "race401.scenarios", "--reports", str(reports), *names]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=HANG, check=False)


def test_an_unknown_scenario_is_refused(tmp_path: Path) -> None:
    done = played(tmp_path, "tides")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"race401: unknown scenario 'tides'; known: {', '.join(NAMES)}\n"


@slow
@pytest.mark.parametrize("name", [name for name in NAMES if name != "burst"])
def test_every_policy_gets_what_the_scenario_says(name: str, tmp_path: Path) -> None:
    """In one short run each; the comparison as a whole passes, too."""
    done = played(tmp_path, name)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = tmp_path.iterdir()
    assert json.loads((folder / "verdict.json").read_text())["verdict"] == "PASS"
    docstring = (ROOT / "scenarios" / f"{name}.py").read_text().partition('"""\n\nfrom')[0]
    should_get = json.loads((folder / "manifest.json").read_text())
    for role, policy in should_get["policies"].items():
        assert f"{policy['name']} {should_get['should_get'][role]}" in docstring, "the docstring says the verdict"
