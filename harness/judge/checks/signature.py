"""
Pages that look like the incident: the first request 200 and, within a second, 401 on all the others.

For example `/contacts?limit=1000` 200, then `/me/entitlements`, `/contacts`, `/persona-notes` and `/messages` 401.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from race401.harness.judge.check import Cell, Check, Figure, Words, by_cause, expected, judged, number
from race401.harness.judge.cohort import Cohort, page_of
from race401.harness.judge.counted import counted
from race401.harness.judge.evidence import Evidence
from race401.harness.judge.findings import Finding
from race401.harness.judge.row import Row
from race401.ledger.entry import Entry

NAME = "signature"
WORDS = Words(ledger_alone=None)
WITHIN = 1.0  # s from the 200 to the last 401, as in the incident


def _count(cohort: Cohort, row: Row) -> None:
    pages = _pages(cohort.last, cohort.evidence.manifest.get("page") or [])
    row.signatures = Counter(", ".join(sorted({e.cause or "?" for e in rest})) for _, *rest in pages)
    row.signature_seqs = [first.seq for first, *_ in pages]


def _pages(last: list[Entry], page: list[str]) -> list[list[Entry]]:
    refused: dict[str, dict[str, Entry]] = defaultdict(dict)
    if not page:
        return []
    for e in last:
        if e.unauthorized and e.attempt is not None:
            refused[page_of(e.attempt)][e.target] = e
    found = []
    for first in last:
        if first.target != page[0] or first.status != 200 or first.attempt is None:  # noqa: PLR2004
            continue
        rest = refused[page_of(first.attempt)]
        near = all(abs(e.answered_at - first.answered_at) <= WITHIN for e in rest.values())
        if near and all(target in rest for target in page[1:]):
            found.append([first, *(rest[target] for target in page[1:])])
    return found


def _finds(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """A page like the incident: its first request 200, the others 401 within a second; a cost unless expected."""
    for row, want in expected(evidence, rows, "signature", WORDS):
        n = row.signatures.total()
        sentence = f"{counted(n, 'page')} looked like the incident"
        sentence += f" ({by_cause(row.signatures, '{n} by {cause}', '; ')})" if n else ""
        yield judged(NAME, row, want, n, sentence, row.signature_seqs)


def _figures(_: list[Row]) -> Iterable[Figure]:
    def cell(row: Row) -> Cell:
        return number(row.signatures.total(), row.signature_seqs)

    yield Figure("the incident's signature", cell, held_to="caller_401s")


SIGNATURE = Check(NAME, _finds, _count, WORDS, "wire", _figures)
