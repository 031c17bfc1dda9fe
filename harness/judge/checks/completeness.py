"""Whether a run came to its end. This never FAILs: what is missing proves nothing."""

from collections.abc import Iterator

from race401.harness.judge.check import Check
from race401.harness.judge.evidence import Evidence
from race401.harness.judge.findings import Finding, Value
from race401.harness.judge.row import Row

NAME = "completeness"


def _finds(evidence: Evidence, _: list[Row]) -> Iterator[Finding]:
    """Whether the run came to its end, and the ledger to its last line."""
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


COMPLETENESS = Check(NAME, _finds)
