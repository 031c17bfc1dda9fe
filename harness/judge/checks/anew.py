"""A stampede of sign-ins: tokens by client credentials that were fetched anew for each call."""

from collections.abc import Iterable, Iterator

from race401.harness.judge.anew import anew
from race401.harness.judge.check import SOME, Brief, Check, Figure, Words, expected, judged, number
from race401.harness.judge.cohort import Cohort
from race401.harness.judge.counted import counted
from race401.harness.judge.evidence import Evidence
from race401.harness.judge.findings import Finding
from race401.harness.judge.row import Row

NAME = "sign-ins-anew"
WORDS = Words(ledger_alone="none")


def _count(cohort: Cohort, row: Row) -> None:
    row.sign_ins_anew_seqs = [e.seq for e in anew(cohort.entries)]


def _finds(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """A stampede of sign-ins: three tokens by client credentials and more, each fetched for one call."""
    for row, want in expected(evidence, rows, "sign_ins_anew", WORDS):
        n = len(row.sign_ins_anew_seqs)
        if n or want in SOME:
            fetched = f"{counted(n, 'token')} by client credentials fetched anew for one call each"
            sentence = f"a stampede of sign-ins: {fetched}, while another was there with over half of its life left"
            yield judged(NAME, row, want, n, sentence if n else fetched, row.sign_ins_anew_seqs)


def _figures(rows: list[Row]) -> Iterable[Figure]:
    if any(row.sign_ins_anew_seqs for row in rows):
        line = "a sign-in for each call"
        yield Figure(line, lambda r: number(len(r.sign_ins_anew_seqs), r.sign_ins_anew_seqs), card=line)


SIGN_INS_ANEW = Check(
    NAME,
    _finds,
    _count,
    WORDS,
    "exchanges",
    _figures,
    Brief(lambda r: len(r.sign_ins_anew_seqs), "sign-in", " anew for each call"),
    by_order=True,
)
