"""The comparison: each measure with a change that is worse and its clean twin; and which runs are comparable."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from ledgers import PAGE, Run, manifest, reproduced
from runfolders import SHAPE

from race401.harness.judge import summary
from race401.harness.judge.checks import Value
from race401.harness.judge.comparable import differences, incomparable
from race401.harness.judge.compare import Change, Comparison, Went, compare
from race401.harness.judge.statistics import fisher_greater
from race401.harness.judge.summary import Counts, Summary
from race401.harness.judge.thresholds import Thresholds
from race401.harness.judge.verdict import judge

AFTER = "run/rfc9700/subject/1"


def summed(run: Run | None = None, **more: Any) -> Summary:
    """A judged run in short, made with fixed pages."""
    run = run or reproduced()
    run.manifest |= SHAPE | more
    return summary.summarise(run.manifest, judge(run.evidence()))


def counted(role: str = "subject", **changes: Any) -> Summary:
    """The clean run with other counts for one role."""
    clean = summed()
    rows = [msgspec.structs.replace(row, **changes) if row.role == role else row for row in clean.rows]
    return msgspec.structs.replace(clean, rows=rows)


def changed(result: Comparison, measure: str, role: str = "subject") -> Change:
    """How one measure went."""
    (change,) = [c for c in result.changes if (c.measure, c.role) == (measure, role)]
    return change


def test_the_clean_twin() -> None:
    """A run compared with its own like: nothing got worse, and the zeroes have their exact bound."""
    result = compare(summed(), summed(), Thresholds())
    assert (result.value, result.exit_code, result.differences) == (Value.PASS, 0, [])
    assert {change.went for change in result.changes} == {Went.SAME}
    assert changed(result, "caller-401s").why == "at most 95.0%, at 95 %"  # of one session
    assert result.sentence == (
        "PASS: no worse than the baseline: the app saw a 401 in none of 1 session (at most 95.0%, at 95 %)"
    )


def test_refusals_that_are_no_401_are_called_so() -> None:
    """In the sentence, as soon as one of the run's was answered otherwise."""
    result = compare(counted(), counted(other_refusals=1), Thresholds())
    assert "the app saw a refusal in none of 1 session" in result.sentence


PLANTED: dict[str, tuple[Callable[[Run], object], str, str]] = {
    "a 401 that the app saw": (
        lambda run: run.attempt(AFTER, "2.1", PAGE[0], "expired"),
        "caller-401s",
        "fixed: 1 of 1 session, 1 of 6 answers (16.7%); the baseline had 0 of 1 session (one is too many)",
    ),
    "a 401 that was recovered": (
        lambda run: run.attempt(AFTER, "2.1", PAGE[0], "expired", None),
        "wire-401s",
        "fixed: 1 of 1 session, 1 of 7 answers (14.3%); the baseline had 0 of 1 session (one is too many)",
    ),
    "a lost session": (
        lambda run: run.exchange(AFTER, "reused", generation=7),
        "sessions-lost",
        "fixed: 1 of 1 session; the baseline had 0 of 1 session (one is too many)",
    ),
    "a generation that was exchanged twice": (
        lambda run: run.exchange(AFTER, "reuse_tolerated"),
        "repeated-exchanges",
        "fixed: 1 of 1 session, 2 exchanges; the baseline had 0 of 1 session (one is too many)",
    ),
    "two exchanges of one generation": (
        lambda run: run.exchange(AFTER, "reuse_tolerated"),
        "exchanges-per-generation",
        "fixed: 2.00; the baseline had 1.00 (more than 1.05, 5% above the baseline)",
    ),
    "more refreshes than before": (
        lambda run: run.exchange(AFTER, generation=1),
        "exchanges-per-session",
        "fixed: 2.00; the baseline had 1.00 (more than 1.25, 25% above the baseline)",
    ),
    "a store that is read more often": (
        lambda run: run.attempt(AFTER, "2.1", PAGE[0], None, store_reads=7),
        "store-reads-per-request",
        "fixed: 2.00; the baseline had 1.00 (more than 1.50, 50% above the baseline)",
    ),
}


@pytest.mark.parametrize(("plant", "measure", "told"), PLANTED.values(), ids=PLANTED)
def test_what_got_worse_is_found(plant: Callable[[Run], object], measure: str, told: str) -> None:
    """What is planted in the clean twin fails the comparison, by its measure, in a sentence with both numbers."""
    run = reproduced()
    plant(run)
    result = compare(summed(), summed(run), Thresholds())
    assert (result.value, result.exit_code) == (Value.FAIL, 1)
    assert changed(result, measure).went is Went.WORSE
    (finding,) = [f for f in result.findings if f.check == measure and f.role == "subject"]
    assert (finding.value, finding.sentence) == (Value.FAIL, told)


def test_more_exchanges_than_crossings() -> None:
    """Against the refreshes that the run itself called for, and never below the ideal of one."""
    spared = counted(exchanges=9, crossings=10)
    assert changed(
        compare(spared, counted(exchanges=10, crossings=10), Thresholds()), "exchanges-per-crossing"
    ).went is (Went.CHANGED)
    assert changed(
        compare(spared, counted(exchanges=12, crossings=10), Thresholds()), "exchanges-per-crossing"
    ).went is (Went.WORSE)


def test_what_got_better_is_no_alarm() -> None:
    result = compare(counted(sessions_401=1, store_reads=9), summed(), Thresholds())
    assert result.value is Value.PASS
    assert changed(result, "caller-401s").went is changed(result, "store-reads-per-request").went is Went.BETTER


def test_the_control_is_shown_and_not_judged() -> None:
    result = compare(counted("control", sessions_401=0, exchanges=1), summed(), Thresholds())
    assert changed(result, "caller-401s", "control").went is Went.CHANGED
    assert changed(result, "exchanges-per-generation", "control").went is Went.CHANGED
    assert result.value is Value.PASS


def test_chance_is_told_from_change_by_an_exact_test() -> None:
    """Where the baseline has some: 2 of 10 sessions and then 3 is chance, 9 is not."""
    before = counted(sessions=10, sessions_401=2)
    few = compare(before, counted(sessions=10, sessions_401=3), Thresholds())
    assert (few.value, changed(few, "caller-401s").went) == (Value.PASS, Went.CHANGED)
    many = changed(compare(before, counted(sessions=10, sessions_401=9), Thresholds()), "caller-401s")
    assert (many.went, many.p) == (Went.WORSE, fisher_greater(9, 10, 2, 10))


def test_several_tests_are_corrected() -> None:
    """One p that would count alone does not among four (Holm): 0.029 becomes 0.11."""
    alone: dict[str, Any] = {"sessions": 10, "sessions_401": 6}
    all_of_them = alone | {"sessions_lost": 6, "sessions_wire_401": 6, "sessions_repeated": 6}
    few: dict[str, Any] = {"sessions": 10} | dict.fromkeys(all_of_them.keys() - {"sessions"}, 1)
    assert fisher_greater(6, 10, 1, 10) == pytest.approx(0.0286, abs=1e-4)
    one = changed(compare(counted(**few), counted(**few | alone), Thresholds()), "caller-401s")
    assert one.went is Went.WORSE
    four = changed(compare(counted(**few), counted(**all_of_them), Thresholds()), "caller-401s")
    assert four.went is Went.CHANGED
    assert four.p == pytest.approx(4 * 0.0286, abs=1e-3)
    assert "of 4 tests" in four.why


def test_a_threshold_allows_so_many_more() -> None:
    limits = replace(Thresholds(), caller_401s=2, store_reads_per_request=1.0)
    before = counted(sessions=10, sampled=5, store_reads=5)
    assert compare(before, counted(sessions=10, sessions_401=2, store_reads=10), limits).value is Value.PASS
    assert compare(before, counted(sessions=10, sessions_401=3), limits).value is Value.FAIL
    assert compare(before, counted(sessions=10, store_reads=11), limits).value is Value.FAIL
    more = compare(counted(sessions=10, sessions_401=3), counted(sessions=10, sessions_401=5), limits)
    assert changed(more, "caller-401s").why == "2 more are allowed", "more than the baseline's, not than none"


def test_nothing_to_divide_by_is_shown_as_such() -> None:
    result = compare(summed(), counted(exchanges=0, generations=0), Thresholds())
    assert (changed(result, "exchanges-per-generation").now, result.value) == ("-", Value.PASS)


@pytest.mark.parametrize(
    ("before", "now", "value"),
    [
        ("PASS", "PASS", Value.PASS),
        ("PASS", "FAIL", Value.FAIL),
        ("FAIL", "FAIL", Value.PASS),
        ("FAIL", "PASS", Value.PASS),
        ("UNKNOWN", "PASS", Value.UNKNOWN),
        ("PASS", "UNKNOWN", Value.UNKNOWN),
        ("UNKNOWN", "FAIL", Value.FAIL),
    ],
)
def test_a_run_that_proved_nothing_is_no_proof(before: str, now: str, value: Value) -> None:
    old, new = (msgspec.structs.replace(summed(), verdict=Value(verdict)) for verdict in (before, now))
    assert compare(old, new, Thresholds()).value is value


def test_fail_beats_unknown() -> None:
    worse = msgspec.structs.replace(counted(sessions_lost=1), verdict=Value.UNKNOWN)
    assert compare(summed(), worse, Thresholds()).value is Value.FAIL


WORLD = {"rfc9700": {"lifetime": 3600.0, "leeway": 0.0}}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"scenario": {"name": "burst", "version": 2}}, "scenario.version: 1 in the baseline, 2 now"),
        ({"scenario": {"name": "tabs", "version": 1}}, "scenario.name: burst in the baseline, tabs now"),
        (
            {"worlds": {"rfc9700": {"lifetime": 600.0, "leeway": 0.0}}},
            "worlds.rfc9700.lifetime: 3600.0 in the baseline",
        ),
        ({"worlds": WORLD | {"supabase": {}}}, "worlds.supabase: nothing in the baseline, {} now"),
        ({"pages": 9}, "pages: 8 in the baseline, 9 now"),
        ({"pages": None}, "the run was timed (pages: none)"),
        ({"users": 18}, "users: 12 in the baseline, 18 now"),
        ({"arrival": "first-then-rest"}, "arrival: together in the baseline, first-then-rest now"),
        ({"page": ["/contacts"]}, "page: /contacts?limit=1000, /me/entitlements"),
        ({"policies": {"subject": {"name": "fixed"}}}, "roles: control, subject in the baseline, subject now"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_runs_that_did_other_things_are_not_comparable(change: dict[str, Any], told: str) -> None:
    before, now = summed(worlds=WORLD), summed(**{"worlds": WORLD} | change)
    assert any(told in reason for reason in incomparable(before, now)), incomparable(before, now)


def test_another_skew_is_another_condition() -> None:
    skewed = Run(manifest())
    skewed.manifest["conditions"]["rfc9700"] = skewed.manifest["conditions"]["rfc9700"] | {"skew_s": -90.0}
    assert incomparable(summed(), summed(skewed)) == ["conditions.rfc9700.skew_s: nothing in the baseline, -90.0 now"]


def test_a_changed_knob_is_a_difference_and_no_obstacle() -> None:
    before = summed(policies={"control": {"name": "pre-fix"}, "subject": {"name": "fixed", "single_flight": True}})
    now = summed(
        policies={"control": {"name": "pre-fix"}, "subject": {"name": "fixed", "single_flight": False}}, seed=2
    )
    assert incomparable(before, now) == []
    assert differences(before, now) == [
        "policies.subject.single_flight: true in the baseline, false now",
        "seed: 401 in the baseline, 2 now",
    ]


def test_compared_twice_is_the_same() -> None:
    assert compare(summed(), counted(sessions_401=1), Thresholds()) == compare(
        summed(), counted(sessions_401=1), Thresholds()
    )


def test_the_counts_are_the_rows() -> None:
    """What a summary keeps is what the verdict counted."""
    (control, subject) = summed().rows
    assert isinstance(control, Counts)
    assert (control.sessions_401, control.sessions_lost, control.sessions_repeated, control.caller_401s) == (
        1,
        1,
        1,
        4,
    )
    assert (subject.sessions_401, subject.sessions_lost, subject.sessions_repeated, subject.exchanges) == (0, 0, 0, 1)
