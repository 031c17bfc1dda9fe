"""Whether a run came to its end. This never FAILs: what is missing proves nothing."""

from collections.abc import Iterator

from race401.harness.judge.check import Check
from race401.harness.judge.cohort import named, owners
from race401.harness.judge.counted import counted
from race401.harness.judge.evidence import LOST, Evidence
from race401.harness.judge.findings import Finding, Value
from race401.harness.judge.possible import impossible
from race401.harness.judge.row import Row
from race401.ledger.dialects.entries import asks_for_refresh
from race401.ledger.entry import Entry

NAME = "completeness"


def _finds(evidence: Evidence, _: list[Row]) -> Iterator[Finding]:
    """Whether the run came to its end, and the ledger to its last line."""
    for sentence in (*evidence.damage, *impossible(evidence.entries), *_unknown(evidence)):
        yield Finding(NAME, Value.UNKNOWN, sentence)
    for sentence in evidence.gaps:
        yield Finding(NAME, Value.PASS, f"this is an excerpt: {sentence}")
    last = evidence.entries[-1].seq if evidence.entries else 0
    if evidence.torn:
        yield Finding(NAME, Value.UNKNOWN, f"the ledger's last line is torn; it ends after entry #{last}")
    elif evidence.lost is not None:
        what = {"store_lost": "its store", "worker_lost": f"a process ({evidence.lost.target})"}[
            str(evidence.lost.cause)
        ]
        sentence = f"the mock lost {what} at entry #{evidence.lost.seq}: what came from then on is not judged"
        yield Finding(NAME, Value.UNKNOWN, sentence)
    elif evidence.missing:
        had = len(evidence.entries) + evidence.missing
        sentence = f"the ledger ends after entry #{last}: {evidence.missing} of its {had} entries are missing"
        yield Finding(NAME, Value.UNKNOWN, sentence)
    if not evidence.manifest.get("finished"):
        why = evidence.manifest.get("unfinished_because") or "no end is recorded"
        yield Finding(NAME, Value.UNKNOWN, f"the run is unfinished: {why}")
    if not evidence.entries:
        yield Finding(NAME, Value.UNKNOWN, "the ledger is empty: nobody made a request")


def _unknown(evidence: Evidence) -> Iterator[str]:
    """Say which entries and samples nobody asked for, and which exchanges have no outcome."""
    manifest, strangers = evidence.manifest, list[int]()
    if not manifest["conditions"]:
        if not evidence.damage and not evidence.ledger_alone:
            yield "the manifest names no condition"
    else:
        if not manifest["policies"]:
            yield "the manifest names no policy"
        known = {(condition, role) for condition in manifest["conditions"] for role in manifest["policies"]}
        every = zip(evidence.entries, owners(evidence), strict=True)
        strangers = [e.seq for e, owner in every if owner not in known and e.cause not in LOST]
        if others := [s.attempt for s in evidence.samples if named(s.client, manifest["run"]) not in known]:
            who = f"{counted(len(others), 'sample')} of no condition or role of this run, e.g. {others[0]}"
            yield who
    bare = [e.seq for e in evidence.entries if e.grant_outcome is None and e.kind != "api" and _had_outcome(e)]
    for seqs, what in (
        (strangers, "of no condition or role of this run"),
        (bare, "of an exchange that was answered, without its outcome"),
    ):
        if seqs:
            yield f"{counted(len(seqs), 'entry', 'entries')} {what}, e.g. #{seqs[0]}"


def _had_outcome(e: Entry) -> bool:
    """Whether this exchange was decided: tokens came back, or the mock knew whose it was and refused it."""
    if e.cause is not None or e.fault is not None or not asks_for_refresh(e):
        return False
    return e.method == "POST" and (200 <= e.status < 300 or (e.status > 0 and e.generation is not None))  # noqa: PLR2004


COMPLETENESS = Check(NAME, _finds)
