"""
The checks: each a file here that counts, says what it finds, and has its lines of the table; `check.py` says how.

FAIL is proven by rows. UNKNOWN says that the run proves nothing, and what to change. What a condition does not
name as an expectation is a cost, shown in the table and not judged.

To add a check: a file here, and its line in `CHECKS`. All the rest is read from there.
"""

from race401.harness.judge.check import Check
from race401.harness.judge.checks import asked, clocks, order
from race401.harness.judge.checks.anew import SIGN_INS_ANEW
from race401.harness.judge.checks.app import CALLER_401S
from race401.harness.judge.checks.chances import CHANCES
from race401.harness.judge.checks.clocks import CLOCKS, unproven
from race401.harness.judge.checks.completeness import COMPLETENESS
from race401.harness.judge.checks.coverage import COVERED
from race401.harness.judge.checks.generations import EXCHANGES_PER_GENERATION, REUSED
from race401.harness.judge.checks.memory import MEMORY
from race401.harness.judge.checks.needless import NEEDLESS_EXCHANGES
from race401.harness.judge.checks.order import ORDER
from race401.harness.judge.checks.refreshes import REFRESHES
from race401.harness.judge.checks.retries import BODIES_LOST
from race401.harness.judge.checks.saturation import SATURATION
from race401.harness.judge.checks.sessions import AFTER_SIGN_OUT, SESSIONS_LOST
from race401.harness.judge.checks.signature import SIGNATURE
from race401.harness.judge.checks.streaks import IN_A_ROW
from race401.harness.judge.checks.waiting import ADDED_WAITING
from race401.harness.judge.checks.wire import WIRE_401S
from race401.harness.judge.checks.witnesses import WITNESSES
from race401.harness.judge.evidence import Evidence
from race401.harness.judge.findings import Finding, Value
from race401.harness.judge.row import Row

__all__ = ["CHECKS", "Finding", "Value", "described", "run"]

CHECKS: dict[str, Check] = {
    check.name: check
    for check in (
        COMPLETENESS,
        WITNESSES,
        CLOCKS,
        ORDER,
        CALLER_401S,
        BODIES_LOST,
        EXCHANGES_PER_GENERATION,
        SESSIONS_LOST,
        AFTER_SIGN_OUT,
        NEEDLESS_EXCHANGES,
        IN_A_ROW,
        SIGN_INS_ANEW,
        REFRESHES,
        COVERED,
        MEMORY,
        REUSED,
        WIRE_401S,
        SIGNATURE,
        ADDED_WAITING,
        CHANCES,
        SATURATION,
    )
}
"""In the order in which a verdict names its findings."""


SOUND = {
    check.key: check.words.ledger_alone
    for check in CHECKS.values()
    if check.words is not None and check.words.ledger_alone not in {None, "any"}
}
"""What the ledger of any sound client is held to, where nobody says more."""


def described() -> str:
    """Return the checks as a table: each one's name, and what it finds."""
    width = max(map(len, CHECKS))
    return "\n".join(f"{name:<{width}}  {check.about}" for name, check in CHECKS.items())


def run(evidence: Evidence, rows: list[Row]) -> list[Finding]:
    """Return every check's findings; a check that breaks is UNKNOWN, with its reason."""
    findings = list(asked.unsaid(evidence))
    for name, check in CHECKS.items():
        try:
            findings += check.finds(evidence, rows)
        except Exception as error:  # noqa: BLE001 - never green, and never a crash
            findings.append(Finding(name, Value.UNKNOWN, f"the check broke: {type(error).__name__}: {error}"))
    every = CHECKS.values()
    findings = unproven(findings, clocks.NAME, [c.name for c in every if c.by_clock], "a host's clock was off")
    return unproven(findings, order.NAME, [c.name for c in every if c.by_order], "the recorder's clock is in doubt")
