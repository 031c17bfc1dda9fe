"""Whether the recorder's clock went on all the time; where it went back, nobody knows what came before what."""

from collections.abc import Iterator

from race401.harness.judge import order, possible
from race401.harness.judge.check import Check
from race401.harness.judge.evidence import Evidence
from race401.harness.judge.findings import Finding, Value
from race401.harness.judge.row import Row

NAME = "order"


def _finds(evidence: Evidence, _: list[Row]) -> Iterator[Finding]:
    """Whether the recorder's clock went on all the time: what came before what is told by it."""
    if (never := possible.at_no_time(evidence.entries)) is not None:
        sentence, seq = never
        yield Finding(NAME, Value.UNKNOWN, f"{sentence}: what came before what is not known", rows=[seq])
    if evidence.ledger_alone and any(e.generation is not None for e in evidence.entries):
        return  # a mock, whose clock a test may set as it likes
    if (back := order.went_back(evidence.entries)) is not None:
        seq, by = back
        sentence = f"the recorder's clock went back by {by:.1f} s or more before entry #{seq}"
        yield Finding(NAME, Value.UNKNOWN, f"{sentence}: what came before what is not known", rows=[seq])


ORDER = Check(NAME, _finds)
