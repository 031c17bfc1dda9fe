"""Whether all that a run's conditions ask for is said, and in words that are known: none is skipped."""

from collections.abc import Iterator, Mapping
from typing import Any

from race401.harness.judge.check import Words
from race401.harness.judge.checks.coverage import COVERAGE
from race401.harness.judge.evidence import Evidence
from race401.harness.judge.findings import Finding, Value

NAME = "completeness"


def unknown(evidence: Evidence, words: Mapping[str, Words]) -> Iterator[Finding]:
    """Yield UNKNOWN for each thing that is not said, or that no check knows; `words`: the checks', by key."""
    roles = evidence.manifest["policies"]
    for name, about in evidence.manifest["conditions"].items():
        said = [] if evidence.ledger_alone else [*_expectations(about, roles, words), *_covers(about)]
        for sentence in said:
            yield Finding(NAME, Value.UNKNOWN, sentence, name)


def _expectations(about: Mapping[str, Any], roles: Mapping[str, Any], words: Mapping[str, Words]) -> Iterator[str]:
    expects = about.get("expects")
    if expects is None:
        yield "the manifest does not say what is expected here"
        return
    for role in (role for role in roles if not expects.get(role)):
        yield f"the manifest does not say what {role} should show"
    for role, said in expects.items():
        if role not in roles:
            yield f"the manifest expects something of {role!r}, which is no role of this run"
        for key, word in said.items():
            if key != "cause" and (key not in words or word not in words[key].known):
                yield f"nothing is known of the expectation {key}={word!r}"


def _covers(about: Mapping[str, Any]) -> Iterator[str]:
    for name in about.get("covers", ()):
        if name not in COVERAGE:
            yield f"nothing is known of covering {name!r}"
