"""
Whether a run proves anything: it came to its end, both witnesses agree, and what it is about happened.

These checks never FAIL: what is missing proves nothing, against the client or for it.
"""

from collections.abc import Iterator

from race401.harness.judge.counted import counted
from race401.harness.judge.evidence import Evidence
from race401.harness.judge.findings import SHOWN, Finding, Value
from race401.harness.judge.measure import Row, cut_off_attempts, whose
from race401.harness.judge.recovery import of_nobody

LONGER = "run longer, or with more browsers"
COVERAGE = {
    "refresh": ("a token came within the margin under a burst", LONGER),
    "expiry": ("a token met its expiry or was refreshed before", LONGER),
    "two-401s-one-token": ("two requests were refused with one token", LONGER),
    "late-401": ("a 401 came after its token had been replaced", "hold the second 401 until the refresh is answered"),
    "refresh-during-sign-out": ("a refresh was under way at sign-out", "hold the refresh until the sign-out"),
    "failed-refresh": ("a refresh failed, and its token was not spent", "let the mock fail exchanges"),
    "lost-answer": ("the answer of an exchange was lost", "let the mock drop answers after it rotated"),
}


def coverage(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """Whether what the condition is about happened at all."""
    for row in rows:
        for name in evidence.manifest["conditions"][row.condition].get("covers", []):
            did, change = COVERAGE[name]
            if n := row.coverage[name]:
                yield Finding("coverage", Value.PASS, f"{n} times {did}", row.condition, row.role)
            else:
                sentence = f"never {did}: the race had no chance; {change}"
                yield Finding("coverage", Value.UNKNOWN, sentence, row.condition, row.role)


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
        "that the ledger lacks": unseen,
        "that no client reported": untold,
        "with another answer in the ledger": differ,
    }
    for what, attempts in problems.items():
        if attempts:
            examples = ", ".join(attempts[:3])
            yield Finding("witnesses", Value.UNKNOWN, f"{counted(len(attempts), 'attempt')} {what}, e.g. {examples}")
    if not any(problems.values()):
        agreed = f"clients and ledger agree on {counted(len(samples), 'attempt')}"
        sentence = agreed + (f"; {len(cut)} cut off" if cut else "")
        yield Finding("witnesses", Value.PASS, sentence)
    for worker in evidence.manifest.get("missing_witnesses") or []:
        yield Finding("witnesses", Value.UNKNOWN, f"{worker} left before its last report")


def _nameless(evidence: Evidence) -> Iterator[Finding]:
    """Say which requests a ledger alone can't attribute to anyone."""
    if nobodys := [e.seq for e in of_nobody(evidence.entries)]:
        told = f"{counted(len(nobodys), '401')} for want of a token, of callers without a session in this ledger"
        sentence = f"{told}: whether a session failed there is not known"
        yield Finding("witnesses", Value.UNKNOWN, sentence, rows=nobodys[:SHOWN])
    unsaid = [e.seq for e in evidence.entries if e.grant_outcome == "refused"]
    if unsaid:
        told = f"{counted(len(unsaid), 'refusal')} of a refresh, and nothing says why"
        sentence = f"{told}: whether a session was lost is not known"
        yield Finding("witnesses", Value.UNKNOWN, sentence, rows=unsaid[:SHOWN])


def completeness(evidence: Evidence, _: list[Row]) -> Iterator[Finding]:
    """Whether the run came to its end, and the ledger to its last line."""
    last = evidence.entries[-1].seq if evidence.entries else 0
    if evidence.torn:
        yield Finding("completeness", Value.UNKNOWN, f"the ledger's last line is torn; it ends after entry #{last}")
    elif evidence.lost is not None:
        what = {"store_lost": "its store", "worker_lost": f"a process ({evidence.lost.target})"}[
            str(evidence.lost.cause)
        ]
        sentence = f"the mock lost {what} at entry #{evidence.lost.seq}: what came from then on is not judged"
        yield Finding("completeness", Value.UNKNOWN, sentence)
    elif evidence.missing:
        had = len(evidence.entries) + evidence.missing
        sentence = f"the ledger ends after entry #{last}: {evidence.missing} of its {had} entries are missing"
        yield Finding("completeness", Value.UNKNOWN, sentence)
    if not evidence.manifest.get("finished"):
        why = evidence.manifest.get("unfinished_because") or "no end is recorded"
        yield Finding("completeness", Value.UNKNOWN, f"the run is unfinished: {why}")
    if not evidence.entries:
        yield Finding("completeness", Value.UNKNOWN, "the ledger is empty: nobody made a request")
