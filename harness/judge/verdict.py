"""
The verdict: every finding, the worst of them, and one sentence.

For example, a burst of five requests in `rfc9700`, of which the first exchanged the refresh token, four more sent it
again and then met a 401. `measure` makes a row of it: 5 exchanges of 1 generation, 4 401s that the app saw, 1 session
lost. `checks.run` holds the row against what the condition expects of its role. Of the control it expects the race,
which is there, so that each check says PASS. Of the subject it expects none: `caller-401s`,
`exchanges-per-generation` and `sessions-lost` say FAIL, each with the ledger's rows. Had the subject never refreshed,
`coverage` would say UNKNOWN: the race had no chance.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import msgspec

from race401.harness.judge import checks, vocabulary
from race401.harness.judge.checks import Finding, Value, chances
from race401.harness.judge.counted import counted
from race401.harness.judge.evidence import Evidence
from race401.harness.judge.measure import measure
from race401.harness.judge.row import Row, refusal
from race401.harness.judge.statistics import upper_bound

EXIT_CODES = {Value.PASS: 0, Value.FAIL: 1, Value.UNKNOWN: 3}
VALUES = {code: value for value, code in EXIT_CODES.items()}
ORDER = [Value.PASS, Value.UNKNOWN, Value.FAIL]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run says."""

    value: Value
    sentence: str
    rows: list[Row]
    findings: list[Finding]

    @property
    def exit_code(self) -> int:
        """0 PASS, 1 FAIL, 3 UNKNOWN."""
        return EXIT_CODES[self.value]


def worst(values: list[Value]) -> Value:
    """Return the value that beats the others; of none, UNKNOWN."""
    return max(values, key=ORDER.index) if values else Value.UNKNOWN


def judge(evidence: Evidence, besides: Iterable[Finding] = ()) -> Verdict:
    """Judge a run. The same evidence gives the same verdict, byte for byte.

    What else was found out about it (`besides`) counts as the checks' findings do.
    """
    rows = measure(evidence)
    findings = chances.unless_said([*vocabulary.unknown(evidence), *checks.run(evidence, rows), *besides])
    value = worst([finding.value for finding in findings])
    return Verdict(value, _sentence(value, rows, findings), rows, findings)


def to_json(verdict: Verdict) -> bytes:
    """Return the verdict as a stored run keeps it."""
    plain = {
        "verdict": verdict.value,
        "sentence": verdict.sentence,
        "rows": [row.json() for row in verdict.rows],
        "findings": [asdict(finding) for finding in verdict.findings],
    }
    return msgspec.json.format(msgspec.json.encode(plain), indent=2) + b"\n"


def _sentence(value: Value, rows: list[Row], findings: list[Finding]) -> str:
    if value is Value.PASS:
        return f"PASS: {_by_role(rows)}"
    decisive = [finding for finding in findings if finding.value is value]
    first = decisive[0]
    where = f" [{first.condition}]" if first.condition else ""
    more = f" (and {len(decisive) - 1} more)" if len(decisive) > 1 else ""
    return f"{value}:{where} {first.sentence}{more}"


def _by_role(rows: list[Row]) -> str:
    """Say what each role showed, the control first."""
    roles = {row.role: [each for each in rows if each.role == row.role] for row in rows}
    control = roles.pop("control", None)
    others = [_of_role(mine, apart=control is None and len(roles) > 1) for mine in roles.values()]
    if control is None:
        return "; ".join(others) + "."
    seen = counted(sum(row.caller_401s.total() for row in control), refusal(control))
    requests = counted(sum(row.requests for row in control), "request")
    lost = counted(sum(row.sessions_lost for row in control), "session")
    before = f"let the app see {seen} in {requests} and lost {lost}"
    return f"before the fix, {control[0].policy} {before}; after it, {'; '.join(others)}."


def _of_role(rows: list[Row], *, apart: bool = False) -> str:
    requests, (sessions, met) = sum(row.requests for row in rows), chances.of_sessions(rows)
    briefs = [check.brief for check in checks.CHECKS.values() if check.brief is not None]
    counts = [(sum(map(brief.n, rows)), brief) for brief in briefs]
    nouns = {"401": refusal(rows)}
    some = ", ".join(counted(n, nouns.get(brief.noun, brief.noun)) + brief.rest for n, brief in counts if n)
    where = f"in {counted(requests, 'request')} of {sessions}"
    bound = f" (so at most {upper_bound(met):.1%} of sessions, at 95 %)" if met and not some else ""
    name, missed = rows[0].policy, chances.missed(rows)
    first = f"{name} ({missed})" if apart and missed else f"{missed}; {name}" if missed else name
    return f"{first} showed {some or f'no {refusal(rows)} and no lost session'} {where}{bound}"
