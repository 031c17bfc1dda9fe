"""
The headline of a verdict: at most ten words beside its numbers, the result first. What bounds it is said below it.

For example "The fix holds: 228 to 0 401s, 7 to 0 sessions lost".
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from race401.harness.judge.check import NONE, SOME, expected_word
from race401.harness.judge.checks import CHECKS, Finding, Value
from race401.harness.judge.counted import counted
from race401.harness.judge.row import Row, refusal
from race401.harness.judge.verdict import Verdict
from race401.harness.reporting import table

NOUNS: dict[str, tuple[str, str, Callable[[Row], int]]] = {  # by check: one, several, and how many a row has
    "caller-401s": ("401", "401s", lambda row: row.caller_401s.total()),
    "sessions-lost": ("session lost", "sessions lost", lambda row: row.sessions_lost),
    "after-sign-out": (
        "request after sign-out",
        "requests after sign-out",
        lambda row: len(row.after_sign_out_seqs),
    ),
    "needless-exchanges": ("needless exchange", "needless exchanges", lambda row: len(row.needless_seqs)),
    "sign-ins-anew": ("sign-in anew", "sign-ins anew", lambda row: len(row.sign_ins_anew_seqs)),
    "exchanges-per-generation": ("repeated exchange", "repeated exchanges", lambda row: len(row.repeated_seqs)),
}
NAMED = 2  # measures in a headline
UNPROVEN = {  # by the check that is UNKNOWN
    "completeness": "the run is not whole",
    "vocabulary": "the run has a word that nobody knows",
    "witnesses": "clients and ledger differ",
    "clocks": "the clocks differ too much",
    "coverage": "the race had no chance",
    "chances": "the race had no chance",
    "memory": "too short to judge memory",
    "saturation": "the machine was saturated",
}


def headline(verdict: Verdict, manifest: Mapping[str, Any]) -> str:
    """Return the headline, without the value."""
    if verdict.value is Value.FAIL:
        return _failed(verdict, manifest)
    if verdict.value is Value.UNKNOWN:
        first = next(f for f in verdict.findings if f.value is Value.UNKNOWN)
        return f"Nothing is proven: {UNPROVEN.get(first.check, 'the race did not show')}"
    before = [row for row in verdict.rows if row.role == "control"]
    after = [row for row in verdict.rows if row.role != "control"]
    weak = list(dict.fromkeys(row.policy for row in after if table.weak(manifest, row.condition, row.role)))
    holds = [row for row in after if row.policy not in weak]
    if not holds:
        return f"{' and '.join(weak)}: the race shows, as expected" if weak else "No race was seen"
    names = list(dict.fromkeys(row.policy for row in holds))
    measures = list(_before_and_after(before, holds, manifest))[:NAMED]
    if weak:
        result = f"{' and '.join(names)} holds, {' and '.join(weak)} fails as expected"
        measures = measures[:1]
    else:
        result = "The fix holds" if measures else "No race"
    return f"{result}: {', '.join(measures or _clean(holds))}"


def below(verdict: Verdict) -> str:
    """Return the verdict's sentence as it stands below the headline."""
    sentence = verdict.sentence.removeprefix(f"{verdict.value}:").strip()
    names = {row.policy for row in verdict.rows}  # a policy is spelled as it is
    return sentence if sentence.partition(" ")[0] in names else sentence[:1].upper() + sentence[1:]


def _before_and_after(before: list[Row], after: list[Row], manifest: Mapping[str, Any]) -> Iterable[str]:
    """Yield what the control showed, as expected, and the others did not."""
    for name, (_, many, n) in NOUNS.items():
        shown = [row for row in before if _word(row, name, manifest) in SOME]
        clean = [row for row in after if row.condition in {each.condition for each in shown}]
        most = max((sum(map(n, rows)) for rows in _by_policy(clean)), default=0)
        if all(_word(row, name, manifest) in NONE for row in clean) and (seen := sum(map(n, shown))):
            yield f"{seen} to {most} {f'{refusal(shown + clean)}s' if name == 'caller-401s' else many}"


def _clean(rows: list[Row]) -> list[str]:
    lost, of = sum(row.sessions_lost for row in rows), sum(row.sessions for row in rows)
    return [
        f"{counted(sum(row.caller_401s.total() for row in rows), refusal(rows))}",
        f"{lost} of {of} sessions lost",
    ]


def _by_policy(rows: list[Row]) -> list[list[Row]]:
    return [[row for row in rows if row.role == role] for role in dict.fromkeys(row.role for row in rows)]


def _failed(verdict: Verdict, manifest: Mapping[str, Any]) -> str:
    failed = [f for f in verdict.findings if f.value is Value.FAIL]
    policies = list(dict.fromkeys(row.policy for row in verdict.rows if any(f.role == row.role for f in failed)))
    who = " and ".join(policies)
    if manifest.get("ledger_alone"):
        who = who.replace("the client", "The client")
    measures = [_count(name, failed, verdict.rows) for name in NOUNS if any(f.check == name for f in failed)]
    measures = measures[:NAMED] or [f"{failed[0].check} is not as expected"]
    return f"{who} fails: {', '.join(measures)}" if who else measures[0].capitalize()


def _count(name: str, failed: list[Finding], rows: list[Row]) -> str:
    where = {(f.condition, f.role) for f in failed if f.check == name}
    one, many, n = NOUNS[name]
    if name == "caller-401s":
        one, many = refusal(rows), f"{refusal(rows)}s"
    return counted(sum(n(row) for row in rows if (row.condition, row.role) in where), one, many)


def _word(row: Row, name: str, manifest: Mapping[str, Any]) -> str | None:
    check = CHECKS[name]
    assert check.words is not None
    return expected_word(manifest, row.condition, row.role, check.key, check.words)
