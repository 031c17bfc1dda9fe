"""401s that were answered at all, whatever became of them."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from race401.harness.judge.check import OPEN, Cell, Check, Figure, by_cause, expected, judged, named, rate
from race401.harness.judge.cohort import Cohort
from race401.harness.judge.evidence import Evidence
from race401.harness.judge.findings import Finding
from race401.harness.judge.recovery import UNAUTHORIZED
from race401.harness.judge.row import Row, refusal

NAME = "wire-401s"


def _count(cohort: Cohort, row: Row) -> None:
    row.sends = len(cohort.api)
    row.wire_401s = Counter(map(cohort.cause, cohort.refused))
    row.wire_401_seqs = [e.seq for e in cohort.refused]
    row.other_refusals = sum(e.status != UNAUTHORIZED for e in cohort.refused)
    row.sessions_wire_401 = len({cohort.graph.session(e) or e.client for e in cohort.refused})


def _finds(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """A 401 that was answered at all, recovered or not, by cause; a cost unless expected."""
    for row, want in expected(evidence, rows, "wire_401s", OPEN):
        n = row.wire_401s.total()
        sentence = f"{n} of {row.sends} answers were {'refusals' if row.other_refusals else '401'}"
        sentence += f" ({n / row.sends:.1%}: {by_cause(row.wire_401s)})" if n else ""
        yield judged(NAME, row, want, n, sentence, row.wire_401_seqs)


def _figures(rows: list[Row]) -> Iterable[Figure]:
    def by(cause: str) -> Callable[[Row], Cell]:
        return lambda r: Cell(f"{r.wire_401s[cause]}")

    yield Figure(f"{refusal(rows)}s on the wire", lambda r: Cell(f"{r.wire_401s.total()}", seqs=r.wire_401_seqs))
    for cause in sorted({cause for row in rows for cause in row.wire_401s}):
        yield Figure(named(cause), by(cause), part=True)
    yield Figure("as a rate", lambda r: Cell(rate(r.wire_401s.total(), r.sends)), part=True)


WIRE_401S = Check(NAME, _finds, _count, OPEN, "wire", _figures)
