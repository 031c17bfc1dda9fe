"""
Whether the machine kept up: started, came to their instant, counted.

On a saturated machine requests wait for the machine, not for each other: the race loses its chance, and a bound that
counts sessions which never came to their instant is a bound on nothing.
"""

from collections.abc import Iterator

from race401.harness.judge.check import Check
from race401.harness.judge.counted import counted, seconds
from race401.harness.judge.evidence import Evidence
from race401.harness.judge.findings import Finding, Value
from race401.harness.judge.row import Row

NAME = "saturation"
LONGEST_WAIT = 1.0  # s, the median of pages without a refresh; five answers of a mock take some ms


def _finds(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """A machine that took the race its chance: requests waited for it, not for each other."""
    if evidence.ledger_alone:
        return
    for row in rows:
        if row.role == "control" or not row.sessions:
            continue
        if (wait := row.waits.get("without") or 0.0) > LONGEST_WAIT:
            met = min(row.sessions_met, row.sessions)
            told = f"{counted(row.sessions, 'session')} started, {met} came to their instant, {met} counted"
            sentence = (
                f"the machine is saturated: requests waited {seconds(wait)} (median); {told}; use fewer browsers"
            )
            yield Finding(NAME, Value.UNKNOWN, f"{row.policy}: {sentence}", row.condition, row.role)


SATURATION = Check(NAME, _finds)
