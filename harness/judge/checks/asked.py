"""Whether each condition of a run says what each role should show."""

from collections.abc import Iterator

from race401.harness.judge.evidence import Evidence
from race401.harness.judge.findings import Finding, Value

NAME = "completeness"
UNJUDGED = "only the control took part, which shows the race and is not judged: a run needs a subject, too"


def unsaid(evidence: Evidence) -> Iterator[Finding]:
    """Yield UNKNOWN for each thing that is not said, and for what is said of nobody."""
    manifest, roles = evidence.manifest, evidence.manifest["policies"]
    if list(roles) == ["control"]:
        yield Finding(NAME, Value.UNKNOWN, UNJUDGED)
    for name, about in {} if evidence.ledger_alone else manifest["conditions"].items():
        expects = about.get("expects") or {}
        wrong = [f"the manifest does not say what {role} should show" for role in roles if not expects.get(role)]
        wrong += [
            f"the manifest expects something of {role}, who is not in this run: its roles are {', '.join(roles)}"
            for role in sorted(expects.keys() - roles)
        ]
        for sentence in wrong:
            yield Finding(NAME, Value.UNKNOWN, sentence, name)
