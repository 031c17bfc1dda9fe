"""
A refresh at every call: of tokens that nobody had refused, again and again with more than half of their life left.

What seconds taken for milliseconds make, for example: of a life of 60 s each token is exchanged with 59 s left.
"""

from collections.abc import Iterable, Iterator

from race401.harness.judge.check import SOME, Check, Figure, Words, expected, judged, number
from race401.harness.judge.cohort import Cohort
from race401.harness.judge.counted import counted
from race401.harness.judge.evidence import Evidence
from race401.harness.judge.findings import Finding
from race401.harness.judge.row import Row
from race401.harness.judge.streaks import streaks

NAME = "refreshes-in-a-row"
WORDS = Words(ledger_alone="none")


def _count(cohort: Cohort, row: Row) -> None:
    mine = {e.seq for e in cohort.exchanges}
    early = [each for each in streaks(cohort.marked_of_all, cohort.graph) if each.entry.seq in mine]
    row.in_a_row_seqs = [each.entry.seq for each in early]
    if early:
        row.margin, row.lifetime = min(each.left for each in early), max(each.lifetime for each in early)


def _finds(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """A refresh at every call: three tokens in a row and more, none refused, with over half of their life left."""
    for row, want in expected(evidence, rows, "refreshes_in_a_row", WORDS):
        n = len(row.in_a_row_seqs)
        if not n and want not in SOME:
            continue
        sentence = f"{counted(n, 'exchange')} in a row of tokens that nobody had refused"
        if row.margin is not None and row.lifetime is not None:
            sentence += f", each {int(row.margin)} s or more before the end of a life of {row.lifetime:.0f} s"
        yield judged(NAME, row, want, n, sentence, row.in_a_row_seqs)


def _figures(rows: list[Row]) -> Iterable[Figure]:
    if any(row.in_a_row_seqs for row in rows):
        yield Figure("refreshed in a row", lambda r: number(len(r.in_a_row_seqs), r.in_a_row_seqs), part=True)


IN_A_ROW = Check(NAME, _finds, _count, WORDS, "generations", _figures, by_order=True)
