"""What a check answers with: a value, a sentence with its numbers, and the rows that prove it."""

from dataclasses import dataclass, field
from enum import StrEnum

SEQS_NAMED = 20  # ledger rows that a finding names at most


class Value(StrEnum):
    """FAIL beats UNKNOWN beats PASS."""

    PASS = "PASS"  # noqa: S105 - a verdict
    UNKNOWN = "UNKNOWN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's answer: a sentence with its numbers, and the `seq` of the ledger entries that prove it."""

    check: str
    value: Value
    sentence: str
    condition: str = ""
    role: str = ""
    rows: list[int] = field(default_factory=list)
