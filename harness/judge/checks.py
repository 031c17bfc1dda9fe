"""
The checks: each a pure function from a run to findings, in a registry that the verdict walks.

FAIL is proven by rows. UNKNOWN says that the run proves nothing, and what to change. What a condition does not
name as an expectation is a cost, shown in the table and not judged.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from race401.harness.judge.evidence import Evidence
from race401.harness.judge.measure import Row, cut_off_attempts, whose
from race401.harness.judge.recovery import UNAUTHORIZED
from race401.harness.judge.statistics import upper_bound

SHOWN = 20  # ledger rows that a finding names at most


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


Check: TypeAlias = Callable[[Evidence, list[Row]], Iterator[Finding]]


def caller_401s(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """A 401 that the program saw, where none should be; or none where the race should show."""
    for row, expects in _expected(evidence, rows):
        n = row.caller_401s.total()
        causes = ", ".join(f"{count} {cause}" for cause, count in row.caller_401s.most_common())
        told = f"the app saw {n} 401s in {row.requests} requests" + (f" ({causes})" if n else "")
        want, cause = expects.get("caller_401s", "any"), expects.get("cause")
        shown = row.caller_401s[cause] if cause else n
        yield _judged("caller-401s", row, want, n if want == "none" else shown, told, row.caller_401_seqs)
        if want == "none" and (undecided := row.undecided_401_seqs):
            sentence = (
                f"after {len(undecided)} more 401s the ledger ends too soon to tell whether they were made good"
            )
            yield Finding("caller-401s", Value.UNKNOWN, sentence, row.condition, row.role, undecided[:SHOWN])


def exchanges_per_generation(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """More than one exchange of a generation, where one is enough; or never, where the race should show."""
    for row, expects in _expected(evidence, rows):
        ratio = row.exchanges_per_generation
        reuses = {name: n for name, n in sorted(row.outcomes.items()) if name != "rotated"}
        told = f"{row.exchanges} exchanges of {row.generations} generations"
        told += f", {ratio:.2f} each" if ratio is not None else ""
        told += f" ({', '.join(f'{n} {name}' for name, n in reuses.items())})" if reuses else ""
        want = {"one": "none", "several": "some"}.get(expects.get("exchanges_per_generation", "any"), "any")
        yield _judged("exchanges-per-generation", row, want, len(row.repeated_seqs), told, row.repeated_seqs)


def sessions_lost(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """A session whose refresh was refused for good."""
    for row, expects in _expected(evidence, rows):
        told = f"{row.sessions_lost} of {row.sessions} sessions were lost"
        want = expects.get("sessions_lost", "any")
        if want == "none" and not row.sessions_lost and row.sessions:
            told += f" (at most {upper_bound(row.sessions):.1%}, at 95 %)"
        yield _judged("sessions-lost", row, want, row.sessions_lost, told, row.lost_seqs)


def after_sign_out(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """A request that carried a session after its sign-out had been answered."""
    for row, expects in _expected(evidence, rows):
        n = len(row.after_sign_out_seqs)
        told = f"{n} requests carried a session that had been signed out"
        yield _judged("after-sign-out", row, expects.get("after_sign_out", "none"), n, told, row.after_sign_out_seqs)


def refreshes(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """More exchanges than lifetimes, margins and the run's length call for."""
    for row, expects in _expected(evidence, rows):
        if row.ideal_exchanges is None:
            continue
        least, most = row.ideal_exchanges
        ideal = str(least) if least == most else f"{least} to {most}"
        want = {"ideal": "none"}.get(expects.get("refreshes", "any"), "any")
        told = f"{row.exchanges} exchanges, where {ideal} were needed"
        yield _judged("refreshes", row, want, max(0, row.exchanges - most), told, row.exchange_seqs[most:])


def coverage(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """Whether what the condition is about happened at all."""
    for row, _ in _expected(evidence, rows):
        for name in evidence.manifest["conditions"][row.condition].get("covers", []):
            did, change = COVERAGE[name]
            if n := row.coverage[name]:
                yield Finding("coverage", Value.PASS, f"{n} times {did}", row.condition, row.role)
            else:
                sentence = f"never {did}: the race had no chance; {change}"
                yield Finding("coverage", Value.UNKNOWN, sentence, row.condition, row.role)


LONGER = "run longer, or with more browsers"
COVERAGE = {
    "refresh": ("a token came within the margin under a burst", LONGER),
    "expiry": ("a token met its expiry or was refreshed before", LONGER),
    "two-401s-one-token": ("two requests were refused with one token", LONGER),
    "late-401": ("a 401 came after its token had been replaced", "hold the second 401 until the refresh is answered"),
    "refresh-during-sign-out": ("a refresh was under way at sign-out", "hold the refresh until the sign-out"),
    "lost-answer": ("the answer of an exchange was lost", "let the mock drop answers after it rotated"),
}


def witnesses(evidence: Evidence, _: list[Row]) -> Iterator[Finding]:
    """Whether clients and server tell the same story, attempt by attempt."""
    if evidence.alone:
        yield from _nameless(evidence)
        return
    cut = cut_off_attempts(evidence.samples)
    ledger = {
        e.attempt: e
        for e in evidence.entries
        if e.attempt is not None and e.attempt not in cut and whose(e, evidence) is not None
    }
    samples = {s.attempt: s for s in evidence.samples if not s.cut_off}
    unseen = [s.attempt for s in samples.values() if s.attempt not in ledger]
    untold = [str(e.attempt) for e in ledger.values() if e.attempt not in samples]
    differ = [a for a, s in samples.items() if a in ledger and ledger[a].status != s.status]
    problems = {
        "attempts that the ledger lacks": unseen,
        "attempts that no client reported": untold,
        "attempts with another answer in the ledger": differ,
    }
    for what, attempts in problems.items():
        if attempts:
            examples = ", ".join(attempts[:3])
            yield Finding("witnesses", Value.UNKNOWN, f"{len(attempts)} {what}, e.g. {examples}")
    if not any(problems.values()):
        sentence = f"clients and ledger agree on {len(samples)} attempts" + (f"; {len(cut)} cut off" if cut else "")
        yield Finding("witnesses", Value.PASS, sentence)
    for worker in evidence.manifest.get("missing_witnesses") or []:
        yield Finding("witnesses", Value.UNKNOWN, f"worker {worker} left before its last report")


def _nameless(evidence: Evidence) -> Iterator[Finding]:
    """Say which requests a ledger alone can't attribute to anyone."""
    lost = [e.seq for e in evidence.entries if e.client is None and e.family is None and e.status == UNAUTHORIZED]
    if lost:
        sentence = f"{len(lost)} refused requests name neither a client nor a session: whose they are is not known"
        yield Finding("witnesses", Value.UNKNOWN, sentence, rows=lost[:SHOWN])
    unsaid = [e.seq for e in evidence.entries if e.grant_outcome == "refused"]
    if unsaid:
        sentence = (
            f"{len(unsaid)} refreshes were refused, and nothing says why: whether a session was lost is not known"
        )
        yield Finding("witnesses", Value.UNKNOWN, sentence, rows=unsaid[:SHOWN])


def completeness(evidence: Evidence, _: list[Row]) -> Iterator[Finding]:
    """Whether the run came to its end, and the ledger to its last line."""
    if evidence.torn:
        last = evidence.entries[-1].seq if evidence.entries else 0
        yield Finding("completeness", Value.UNKNOWN, f"the ledger's last line is torn; it ends after entry #{last}")
    if not evidence.manifest.get("finished"):
        why = evidence.manifest.get("unfinished_because") or "no end is recorded"
        yield Finding("completeness", Value.UNKNOWN, f"the run is unfinished: {why}")
    if not evidence.entries:
        yield Finding("completeness", Value.UNKNOWN, "the ledger is empty: no browser made a request")


CHECKS: dict[str, Check] = {
    "completeness": completeness,
    "witnesses": witnesses,
    "caller-401s": caller_401s,
    "exchanges-per-generation": exchanges_per_generation,
    "sessions-lost": sessions_lost,
    "after-sign-out": after_sign_out,
    "refreshes": refreshes,
    "coverage": coverage,
}


def run(evidence: Evidence, rows: list[Row]) -> list[Finding]:
    """Return every check's findings; a check that breaks is UNKNOWN, with its reason."""
    findings: list[Finding] = []
    for name, check in CHECKS.items():
        try:
            findings += check(evidence, rows)
        except Exception as error:  # noqa: BLE001 - never green, and never a crash
            findings.append(Finding(name, Value.UNKNOWN, f"the check broke: {type(error).__name__}: {error}"))
    return findings


def _expected(evidence: Evidence, rows: list[Row]) -> Iterator[tuple[Row, dict[str, Any]]]:
    for row in rows:
        yield row, evidence.manifest["conditions"][row.condition].get("expects", {}).get(row.role, {})


def _judged(check: str, row: Row, want: str, n: int, told: str, seqs: list[int]) -> Finding:
    """Hold a count against `none`, `some` or `any`."""
    value, rows = Value.PASS, []
    if want == "none" and n:
        value, rows = Value.FAIL, seqs[:SHOWN]
        told += ", and there should be none"
    elif want == "some" and not n:
        value = Value.UNKNOWN
        told += ": the race did not show"
    return Finding(check, value, f"{row.policy}: {told}", row.condition, row.role, rows)
