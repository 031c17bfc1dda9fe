"""Whether the recorder's clock went on all the time; where it went back, nobody knows what came before what."""

from collections.abc import Iterator, Sequence

from race401.harness.judge import order, possible
from race401.harness.judge.check import Check
from race401.harness.judge.evidence import Evidence
from race401.harness.judge.findings import Finding, Value
from race401.harness.judge.row import Row
from race401.ledger.entry import Entry

NAME = "order"


def _finds(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """Whether the recorder's clock went on all the time: what came before what is told by it."""
    if (never := possible.at_no_time(evidence.entries)) is not None:
        sentence, seq = never
        yield Finding(NAME, Value.UNKNOWN, f"{sentence}: what came before what is not known", rows=[seq])
    yield from _was_set(evidence.entries, rows)
    if evidence.ledger_alone and any(e.generation is not None for e in evidence.entries):
        return  # a mock, whose clock a test may set as it likes
    if (back := order.went_back(evidence.entries)) is not None:
        seq, by = back
        sentence = f"the recorder's clock went back by {by:.1f} s or more before entry #{seq}"
        yield Finding(NAME, Value.UNKNOWN, f"{sentence}: what came before what is not known", rows=[seq])


def _was_set(entries: Sequence[Entry], rows: list[Row]) -> Iterator[Finding]:
    """Say where the recorder's clock was set forward: to it that is a silence, and by one a retry is told apart.

    What came before what is still known, so that it takes nothing from a run in which nobody was refused.
    """
    forward = [e for e in entries if e.clock_set is not None and e.clock_set > 0]
    decides = any(row.caller_401s for row in rows if row.role != "control")
    for e in forward[:1]:
        sentence = f"the recorder's clock was set forward by {e.clock_set:.1f} s before entry #{e.seq}"
        why = ": what was a silence there is not known" if decides else ", and nothing depends on it"
        yield Finding(NAME, Value.UNKNOWN if decides else Value.PASS, sentence + why, rows=[e.seq])


ORDER = Check(NAME, _finds)
