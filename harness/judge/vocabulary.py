"""
The words of stored evidence: a word that the judge does not know is refused, never skipped.

An expectation of a check that does not exist would be an expectation that nothing violates.
"""

from collections.abc import Iterator
from typing import Any

from race401.harness.judge.checks.coverage import COVERAGE
from race401.harness.judge.evidence import Evidence, EvidenceError
from race401.harness.judge.expectation import WORDS
from race401.ledger.outcomes import Outcome

ROLES = ("control", "subject")
OUTCOMES = {*Outcome, "lost"}


def understood(evidence: Evidence) -> Evidence:
    """Return the evidence; raises EvidenceError if it has a word that the judge does not know."""
    wrong = [*_outcomes(evidence), *(each for about in _conditions(evidence) for each in _wrong(*about, evidence))]
    if wrong:
        raise EvidenceError("; ".join(wrong))
    return evidence


def _outcomes(evidence: Evidence) -> Iterator[str]:
    for outcome in sorted({e.grant_outcome for e in evidence.entries if e.grant_outcome is not None} - OUTCOMES):
        first = next(e for e in evidence.entries if e.grant_outcome == outcome)
        known = ", ".join(sorted(map(str, OUTCOMES)))
        yield f"entry #{first.seq}: grant_outcome {outcome!r} is not known; known are {known}"


def _conditions(evidence: Evidence) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from evidence.manifest["conditions"].items()


def _wrong(condition: str, about: dict[str, Any], evidence: Evidence) -> Iterator[str]:
    roles = {*ROLES, *evidence.manifest["policies"]}
    for role, words in (about.get("expects") or {}).items():
        where = f"condition {condition}, role {role}"
        if role not in roles:
            yield f"{where}: known roles are {', '.join(sorted(roles))}"
        for key, word in words.items():
            if key == "cause" or word is None:
                continue
            if key not in WORDS:
                yield f"{where}: nothing checks {key!r}; known are {', '.join(WORDS)}"
            elif word not in WORDS[key].known:
                yield f"{where}: {key} may be {', '.join(WORDS[key].known)}, not {word!r}"
    for name in about.get("covers") or ():
        if name not in COVERAGE:
            yield f"condition {condition} covers {name!r}; known are {', '.join(COVERAGE)}"
