"""A machine that does not keep up takes PASS away."""

import msgspec
from ledgers import reproduced

from race401.harness.judge.findings import Value
from race401.harness.judge.verdict import Verdict, judge

PASS, UNKNOWN = Value.PASS, Value.UNKNOWN


def on_a_machine(wait: float) -> Verdict:
    """A run whose pages without a refresh waited so long."""
    run = reproduced()
    for sample in run.samples:
        sample.ended_at = run.entries[-1].answered_at
    run.page("run/rfc9700/subject/1", 2, *[None] * 5, intended_at=50.0, started_at=50.0, ended_at=50.0 + wait)
    return judge(run.evidence())


def test_a_saturated_machine_takes_pass_away() -> None:
    """Requests waited for it: started, came to their instant and counted are said."""
    result = on_a_machine(25.0)
    assert result.value is UNKNOWN
    assert "saturated: requests waited 25 s (median); 1 session started, 1 came to their instant" in result.sentence


def test_a_machine_that_keeps_up_takes_nothing_away() -> None:
    """Near miss: a second is what a busy machine takes."""
    assert on_a_machine(1.0).value is PASS


def test_sessions_that_never_came_to_their_instant_are_said_and_count_for_nothing() -> None:
    """A bound is of those that did."""
    run = reproduced()
    for n in range(2, 5):
        run.entry(f"run/rfc9700/subject/{n}", "/contacts", 200, attempt=f"run/rfc9700/subject/{n}#1.1")
        run.samples.append(
            msgspec.structs.replace(
                run.samples[0],
                client=f"run/rfc9700/subject/{n}",
                attempt=f"run/rfc9700/subject/{n}#1.1",
                status=200,
            )
        )
    sentence = judge(run.evidence()).sentence
    assert "of 4 sessions, of which 1 came to their instant (so at most 95.0% of sessions" in sentence
