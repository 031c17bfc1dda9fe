"""Retries that lost their body, as of a stream that was read once: not what was refused is sent again."""

from collections import Counter
from collections.abc import Iterable, Iterator

from race401.harness.judge.check import SOME, Brief, Check, Figure, Words, expected, judged, number
from race401.harness.judge.cohort import Cohort
from race401.harness.judge.evidence import Evidence
from race401.harness.judge.findings import Finding
from race401.harness.judge.row import Row

NAME = "bodies-lost"
WORDS = Words(ledger_alone="none")


def _count(cohort: Cohort, row: Row) -> None:
    row.bodiless_seqs = [e.seq for e in cohort.answers.bodiless]
    row.bodiless = Counter(e.status for e in cohort.answers.bodiless)


def _finds(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """A retry without the body that the refused request had, answered with an error that the app got."""
    for row, want in expected(evidence, rows, "bodies_lost", WORDS):
        if (n := len(row.bodiless_seqs)) or want in SOME:
            told = ", ".join(f"{count} {status}" for status, count in row.bodiless.most_common())
            sentence = f"the app got {told}: the retry had no body" if n else "no retry lost its body"
            yield judged(NAME, row, want, n, sentence, row.bodiless_seqs)


def _figures(rows: list[Row]) -> Iterable[Figure]:
    if any(row.bodiless_seqs for row in rows):
        yield Figure("retries that lost their body", lambda r: number(len(r.bodiless_seqs), r.bodiless_seqs))


BODIES_LOST = Check(
    NAME,
    _finds,
    _count,
    WORDS,
    "app",
    _figures,
    Brief(lambda r: len(r.bodiless_seqs), "retry without its body"),
    by_order=True,
)
