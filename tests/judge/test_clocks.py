"""A host's clock: bounded by the `Date` of every answer, taken out, and never mixed with the skew under test."""

from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledgers import NO_HARM, PAGE, Run, reproduced

from race401.harness.judge.checks import Finding, Value
from race401.harness.judge.clocks import Offset
from race401.harness.judge.verdict import judge

AFTER = "run/rfc9700/subject/0.001"
NOON = 1_800_000_000.0


def dated(server: float) -> str:
    """The header of an answer that the server made then."""
    return formatdate(int(server), usegmt=True)


def test_one_answer_bounds_the_offset_by_a_second_and_the_round_trip() -> None:
    """The server's 12:00:00 was some time in [12:00:00, 12:00:01), while the host's clock went from .2 to .3."""
    offset = Offset().narrow(dated(NOON), NOON + 0.2, NOON + 0.3)
    assert (offset.low, offset.high) == pytest.approx((-0.3, 0.8))
    assert (offset.answers, offset.least) == (1, 0.0)


def test_many_answers_narrow_it_down_to_the_round_trip() -> None:
    """A server 30.4 s ahead, asked every 70 ms over a wire of 20 ms each way."""
    offset = Offset()
    for n in range(100):
        sent = NOON + 0.07 * n
        offset = offset.narrow(dated(sent + 0.02 + 30.4), sent, sent + 0.04)
    assert offset.low <= 30.4 <= offset.high
    assert offset.high - offset.low < 0.06
    assert offset.least == offset.low
    assert offset.moved(-30.0).middle == pytest.approx(offset.middle - 30.0)


@given(st.floats(-100, 100), st.lists(st.tuples(st.floats(0, 100), st.floats(0, 2), st.floats(0, 1)), min_size=1))
def test_the_true_offset_is_in_the_interval(true: float, answers: list[tuple[float, float, float]]) -> None:
    """Whatever the round trips, and wherever in them the answer was made."""
    offset = Offset()
    for at, round_trip, share in answers:
        offset = offset.narrow(dated(NOON + at + share * round_trip + true), NOON + at, NOON + at + round_trip)
    assert offset.low - 1e-6 <= true <= offset.high + 1e-6


@pytest.mark.parametrize("date", [None, "", "soon"])
def test_an_answer_without_a_date_says_nothing(date: str | None) -> None:
    assert Offset().narrow(date, NOON, NOON) == Offset()


def test_a_server_that_is_behind_is_below_zero() -> None:
    offset = Offset().narrow(dated(NOON - 30), NOON, NOON)
    assert offset.least == offset.high < 0


def ran_on(run: Run, left: list[float], taken_out: float = 0.0) -> Run:
    """Let the run's browsers have been on one host, with such a clock."""
    clock: dict[str, Any] = {"taken_out_s": taken_out, "left_s": left, "answers": 10}
    run.manifest["hosts"] = [{"name": "worker 0 (a)", "share": 0, "heard": True, "clock": clock}]
    return run


def finding_of(run: Run) -> Finding:
    """What the check says of that host."""
    (finding,) = [f for f in judge(run.evidence()).findings if f.check == "clocks"]
    return finding


def test_the_clean_twin() -> None:
    """A clock that was 30 s behind, and is not once that is taken out: said, and apart from the skew under test."""
    run = ran_on(reproduced(), [-0.01, 0.02], taken_out=30.0)
    run.manifest["conditions"]["rfc9700"]["skew_s"] = -90.0
    assert judge(run.evidence()).value is Value.PASS
    assert finding_of(run).sentence == (
        "worker 0 (a): its clock is 29.99 to 30.02 s behind the server's, by 10 answers; "
        "+30.00 s of that are taken out; skew under test, beside that: rfc9700 -90 s"
    )


def test_an_offset_of_either_sign_is_an_interval() -> None:
    """A host that may agree with the server is said to be between the two."""
    assert (
        "its clock is between 0.20 s ahead of and 0.03 s behind the server's"
        in finding_of(ran_on(reproduced(), [-0.2, 0.03])).sentence
    )


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (
            [1.2, 1.3],
            "1.20 to 1.30 s behind the server's, by 10 answers; 0.00 s of that were taken out, which was not",
        ),
        ([-1.3, -1.2], "1.20 to 1.30 s ahead of the server's, by 10 answers; 0.00 s of that were taken out, which"),
        ([5.0, 0.1], "which moved while the run lasted: set it by NTP and run again"),
    ],
)
def test_a_clock_that_is_off_proves_nothing(left: list[float], said: str) -> None:
    finding = finding_of(ran_on(reproduced(), left))
    assert finding.value is Value.UNKNOWN
    assert said in finding.sentence


@pytest.mark.parametrize("left", [[0.4, 0.6], [-0.2, 1.2], [0.3, 0.1]])
def test_less_than_a_second_is_less_than_a_tokens_dates_can_tell(left: list[float]) -> None:
    assert finding_of(ran_on(reproduced(), left)).value is Value.PASS


def test_what_a_clock_may_have_caused_is_not_held_against_the_client() -> None:
    """A 401 may be the clock's doing: UNKNOWN. A second exchange of one token is not: FAIL."""
    run = ran_on(reproduced(), [3.0, 3.1])
    run.attempt(AFTER, "2.1", PAGE[0], "expired")
    assert judge(run.evidence()).value is Value.UNKNOWN
    run.exchange(AFTER)
    run.exchange(AFTER, "reuse_tolerated")
    verdict = judge(run.evidence())
    assert {f.check for f in verdict.findings if f.value is Value.FAIL} == {"exchanges-per-generation"}


def test_samples_and_ledger_are_compared_with_what_is_left_between_their_clocks() -> None:
    """A page whose refresh the ledger dates 0.5 s later than the browser does."""
    run = Run()
    run.manifest["conditions"]["rfc9700"]["expects"] = {"subject": NO_HARM}
    run.exchange(AFTER, received_at=100.5, answered_at=100.5)
    run.attempt(AFTER, "1.1", PAGE[0], None, intended_at=99.9, started_at=99.9, ended_at=100.1)
    for left, paid in (
        ([0.0, 0.0], None),
        ([0.4, 0.5], 0.2),
        ([0.5, 0.4], 0.2),
        ([0.3, 0.3], None),
        ([0.7, 0.7], None),
    ):
        row = judge(ran_on(run, left).evidence()).rows[1]
        assert row.waits["with_refresh"] == (paid if paid is None else pytest.approx(paid)), left


def test_nothing_is_added_where_no_clock_was_measured() -> None:
    """On a host without one, and in a run that names no hosts; the refresh is a moment before or after the page."""
    for moment in (100.3, 99.7):
        run = Run()
        run.exchange(AFTER, received_at=moment, answered_at=moment)
        run.attempt(AFTER, "1.1", PAGE[0], None, intended_at=99.9, started_at=99.9, ended_at=100.1)
        for hosts in ([], [{"name": "worker 0 (a)", "share": 0, "heard": True, "clock": None}]):
            run.manifest["hosts"] = hosts
            assert judge(run.evidence()).rows[1].waits["with_refresh"] is None
