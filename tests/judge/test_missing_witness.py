"""A worker that was killed: its witness is named, and what its end may have cut away is held against nobody."""

import pytest
from ledgers import PAGE, Run, reproduced

from race401.harness.judge.checks import Value
from race401.harness.judge.verdict import judge


def lost(run: Run) -> Run:
    """Let the run have had two workers, of which the second was killed."""
    run.manifest["hosts"] = [
        {"name": "worker 0 (a)", "share": 0, "heard": True, "clock": None},
        {"name": "worker 1 (b)", "share": 1, "heard": False, "clock": None},
    ]
    run.manifest["missing_witnesses"] = ["worker 1 (b)"]
    return run


def test_the_missing_witness_is_named() -> None:
    verdict = judge(lost(reproduced()).evidence())
    assert (verdict.value, verdict.exit_code) == (Value.UNKNOWN, 3)
    assert verdict.sentence == "UNKNOWN: worker 1 (b) left before its last report"


@pytest.mark.parametrize(("number", "value"), [("1.001", Value.UNKNOWN), ("0.001", Value.FAIL)])
def test_a_401_whose_retry_a_kill_may_have_cut_away_proves_nothing(number: str, value: Value) -> None:
    """The last burst of a lost worker's browser; that of a worker that was heard to its end proves what it shows."""
    run = lost(reproduced())
    run.attempt(client := f"run/rfc9700/subject/{number}", "1.1", PAGE[0], "expired")
    if value is Value.UNKNOWN:
        run.samples.pop()
    assert judge(run.evidence()).value is value
    run.attempt(client, "2.1", PAGE[0], None)
    for entry in run.entries[-1:]:
        entry.received_at = entry.answered_at = entry.received_at + 5
    assert judge(run.evidence()).value is Value.FAIL, "a later burst shows that there was no retry"
