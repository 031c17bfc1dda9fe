"""What is shown with its numbers and not judged, unless a condition expects otherwise; each with its clean twin."""

from collections.abc import Callable

import pytest
from ledgers import NO_HARM, PAGE, Run, reproduced

from race401.harness.judge.checks import Finding, Value
from race401.harness.judge.verdict import judge

AFTER = "run/rfc9700/subject/1"


def finding_of(run: Run, check: str, role: str = "subject") -> Finding:
    """What a check says of a role."""
    (finding,) = [f for f in judge(run.evidence()).findings if (f.check, f.role) == (check, role)]
    return finding


CLEAN_TWINS = {
    "reuse": "fixed: 0 of 1 exchange presented a refresh token that had been used",
    "wire-401s": "fixed: 0 of 5 answers were 401",
    "signature": "fixed: 0 pages looked like the incident",
}


@pytest.mark.parametrize(("check", "sentence"), CLEAN_TWINS.items())
def test_the_clean_twin(check: str, sentence: str) -> None:
    finding = finding_of(reproduced(), check)
    assert (finding.value, finding.sentence, finding.rows) == (Value.PASS, sentence, [])


PLANTED: dict[str, tuple[Callable[[Run], object], str, str, list[int]]] = {
    "reuse": (
        lambda run: [run.exchange(AFTER, outcome) for outcome in ("reuse_tolerated", "forked")],
        "reuse",
        "fixed: 2 of 3 exchanges presented a refresh token that had been used (1 forked, 1 reuse_tolerated)",
        [17, 18],
    ),
    "a 401 that was recovered": (
        lambda run: run.attempt(AFTER, "2.1", PAGE[0], "expired", None),
        "wire-401s",
        "fixed: 1 of 7 answers were 401 (14.3%: 1 expired)",
        [17],
    ),
    "a page like the incident": (
        lambda run: run.page(AFTER, 2, None, *["expired"] * 4),
        "signature",
        "fixed: 1 page looked like the incident (1 by expired)",
        [17],
    ),
}


@pytest.mark.parametrize(("plant", "check", "sentence", "rows"), PLANTED.values(), ids=PLANTED)
def test_a_cost_is_counted_and_passes(
    plant: Callable[[Run], object], check: str, sentence: str, rows: list[int]
) -> None:
    run = reproduced()
    plant(run)
    finding = finding_of(run, check)
    assert (finding.value, finding.sentence, finding.rows) == (Value.PASS, sentence, rows)


@pytest.mark.parametrize(("plant", "check", "sentence", "rows"), PLANTED.values(), ids=PLANTED)
def test_a_cost_that_a_condition_forbids_fails(
    plant: Callable[[Run], object], check: str, sentence: str, rows: list[int]
) -> None:
    """The same, where the condition expects none: the clean twin passes, the planted one is proven by its rows."""
    for spoil, value in ((lambda _: None, Value.PASS), (plant, Value.FAIL)):
        run = reproduced()
        run.manifest["conditions"]["rfc9700"]["expects"]["subject"] = NO_HARM | {check.replace("-", "_"): "none"}
        spoil(run)
        finding = finding_of(run, check)
        assert finding.value is value
    assert finding.rows == rows


def page(run: Run, number: int, intended: float, started: float, ended: float) -> None:
    """A page load whose five requests share these instants."""
    for k, target in enumerate(PAGE, 1):
        run.attempt(AFTER, f"{number}.{k}", target, None, intended_at=intended, started_at=started, ended_at=ended)


def test_waiting_is_told_from_the_intended_start() -> None:
    """A page that paid for an exchange waited 0.5 s, counted from when it was meant to leave; the other 0.2 s."""
    run = Run()
    page(run, 1, intended=1.0, started=1.1, ended=1.2)
    page(run, 2, intended=9.8, started=9.9, ended=10.3)
    run.exchange(AFTER, received_at=10.0, answered_at=10.1)
    finding = finding_of(run, "added-waiting")
    assert finding.value is Value.PASS
    assert finding.sentence == (
        "fixed: requests of pages with a refresh took 500 ms from their intended start (median), "
        "those of others 200 ms: +300 ms"
    )
    assert finding.rows == [11]


def test_no_refresh_no_added_waiting() -> None:
    """The clean twin: nothing to compare, nothing said."""
    run = Run()
    run.page(AFTER, 1, *[None] * 5)
    assert not [f for f in judge(run.evidence()).findings if f.check == "added-waiting"]
