"""
The words of stored evidence: a word that the judge does not know makes UNKNOWN, and is never skipped.

An expectation of a check that does not exist would be an expectation that nothing violates.
"""

from collections.abc import Iterator
from typing import Any

from race401.harness.judge.checks.coverage import COVERAGE
from race401.harness.judge.evidence import Evidence
from race401.harness.judge.expectation import WORDS
from race401.harness.judge.findings import Finding, Value
from race401.ledger.outcomes import Outcome

NAME = "vocabulary"
OUTCOMES = {*Outcome, "lost"}


def unknown(evidence: Evidence) -> Iterator[Finding]:
    """Yield a finding for each word that the judge does not know, with the words that it knows."""
    yield from _outcomes(evidence)
    for condition, about in evidence.manifest["conditions"].items():
        for sentence in _wrong(about):
            yield Finding(NAME, Value.UNKNOWN, sentence, condition)


def _outcomes(evidence: Evidence) -> Iterator[Finding]:
    for outcome in sorted({e.grant_outcome for e in evidence.entries if e.grant_outcome is not None} - OUTCOMES):
        seqs = [e.seq for e in evidence.entries if e.grant_outcome == outcome]
        known = ", ".join(sorted(map(str, OUTCOMES)))
        sentence = f"an exchange has the outcome {outcome!r}, which is not known; known are {known}"
        yield Finding(NAME, Value.UNKNOWN, sentence, rows=seqs)


def _wrong(about: dict[str, Any]) -> Iterator[str]:
    for role, words in (about.get("expects") or {}).items():
        for key, word in words.items():
            if key == "cause" or word is None:
                continue
            if key not in WORDS:
                yield f"nothing checks {key!r}, which is expected of {role}; known are {', '.join(WORDS)}"
            elif word not in WORDS[key].known:
                yield f"{key} of {role} may be {', '.join(WORDS[key].known)}, not {word!r}"
    for name in about.get("covers") or ():
        if name not in COVERAGE:
            yield f"the condition covers {name!r}, which is not known; known are {', '.join(COVERAGE)}"
