"""
Whether clients and server tell the same story, attempt by attempt; of a ledger alone, what it can't attribute.

This never FAILs: what is missing proves nothing, against the client or for it.
"""

from collections.abc import Iterator

from race401.harness.judge.check import Check
from race401.harness.judge.cohort import cut_off_attempts, owners
from race401.harness.judge.counted import counted
from race401.harness.judge.evidence import Evidence, Sample
from race401.harness.judge.findings import SEQS_NAMED, Finding, Value
from race401.harness.judge.recovery import UNAUTHORIZED, of_nobody
from race401.harness.judge.row import Row
from race401.harness.judge.sessions import UNREAD

NAME = "witnesses"


def _finds(evidence: Evidence, _: list[Row]) -> Iterator[Finding]:
    """Whether clients and server tell the same story, attempt by attempt."""
    if evidence.ledger_alone:
        yield from _nameless(evidence)
        return
    cut = cut_off_attempts(evidence.samples)
    problems = _differences(evidence, cut)
    for what, attempts in problems.items():
        if attempts:
            examples = ", ".join(attempts[:3])
            yield Finding(NAME, Value.UNKNOWN, f"{counted(len(attempts), 'attempt')} {what}, e.g. {examples}")
    if not any(problems.values()):
        agreed = f"clients and ledger agree on {counted(sum(not s.cut_off for s in evidence.samples), 'attempt')}"
        sentence = agreed + (f"; {len(cut)} cut off" if cut else "")
        yield Finding(NAME, Value.PASS, sentence)
    for worker in evidence.manifest.get("missing_witnesses") or []:
        yield Finding(NAME, Value.UNKNOWN, f"{worker} left before its last report")


def _differences(evidence: Evidence, cut: set[str]) -> dict[str, list[str]]:
    """Return the attempts of which clients and server do not tell the same, by what differs."""
    samples: dict[str, Sample | None] = {s.attempt: s for s in evidence.samples if not s.cut_off}  # None: met
    untold, differ = list[str](), list[str]()
    for e, owner in zip(reversed(evidence.entries), reversed(list(owners(evidence))), strict=True):
        if e.attempt is None or e.attempt in cut or owner is None:
            continue
        if e.attempt not in samples:
            untold.append(e.attempt)
        elif (sample := samples[e.attempt]) is not None:  # its last answer is the one that the app got
            samples[e.attempt] = None
            if e.status != sample.status:
                differ.append(e.attempt)
    return {
        "that the ledger lacks": [attempt for attempt, sample in samples.items() if sample is not None],
        "that no client reported": list(dict.fromkeys(reversed(untold))),
        "with another answer in the ledger": differ[::-1],
    }


def _nameless(evidence: Evidence) -> Iterator[Finding]:
    """Say which requests a ledger alone can't attribute to anyone."""
    if tokenless := of_nobody(evidence.entries, evidence.entries, evidence.systems):
        nobodys = [e.seq for e in tokenless]
        noun = "refusal" if any(e.status != UNAUTHORIZED for e in tokenless) else "401"
        told = f"{counted(len(nobodys), noun)} because no token was sent, of callers without a session in this ledger"
        sentence = f"{told}: whether a session failed there is not known"
        yield Finding(NAME, Value.UNKNOWN, sentence, rows=nobodys[:SEQS_NAMED])
    if unread := [e.seq for e in evidence.entries if e.grant_outcome == UNREAD]:
        answers = counted(len(unread), "request")
        sentence = f"{answers} of a token endpoint could not be read, and nobody knows what became of a session there"
        sentence += "; record again with a --dialect that says how it speaks (race401 dialects)"
        yield Finding(NAME, Value.UNKNOWN, sentence, rows=unread[:SEQS_NAMED])
    if unnamed := [e for e in evidence.entries if e.kind == "unnamed"]:
        paths = sorted({e.target.partition("?")[0] for e in unnamed})
        sentence = (
            f"{counted(len(unnamed), 'request')} at {', '.join(paths[:3])} looked like a refresh and were not read"
        )
        sentence += f"; record again with --token-path {paths[0]}, or a --dialect that names it (race401 dialects)"
        yield Finding(NAME, Value.UNKNOWN, sentence, rows=[e.seq for e in unnamed[:SEQS_NAMED]])
    unsaid = [e.seq for e in evidence.entries if e.grant_outcome == "refused" and e.kind is None]
    if unsaid:
        told = f"{counted(len(unsaid), 'refusal')} of a refresh, and nothing says why"
        sentence = f"{told}: whether a session was lost is not known"
        yield Finding(NAME, Value.UNKNOWN, sentence, rows=unsaid[:SEQS_NAMED])


WITNESSES = Check(NAME, _finds)
