"""
Exchanges: how many of one generation, and how many of a refresh token that had been used.

A generation is one pair of tokens of a session; five callers that each send its refresh token make
5 exchanges of 1 generation, of which 4 are repeated. One that follows another's hang-up before the answer is none,
and neither is one that follows an answer which says to try again, or the want of any.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from math import inf

from race401.harness.judge.check import Cell, Check, Figure, Words, counting, expected, judged
from race401.harness.judge.cohort import Cohort
from race401.harness.judge.counted import counted
from race401.harness.judge.evidence import Evidence
from race401.harness.judge.findings import Finding
from race401.harness.judge.row import Row
from race401.ledger.entry import Entry
from race401.ledger.outcomes import REUSE, TRY_AGAIN

NAME = "exchanges-per-generation"
WORDS = Words(("one", "several", "any"), ledger_alone="one")


def _count(cohort: Cohort, row: Row) -> None:
    tried: set[Hashable] = set()
    repeated: set[str | None] = set()
    lost: dict[Hashable, float] = {}  # when one ended that brought nothing and may be tried again; s
    mine, own = {e.seq for e in cohort.exchanges}, set[Hashable]()
    ordered = cohort.exchanges_of_all
    if any(e.hung_up for e in ordered):  # an answer that nobody waits for may be the last, to the first request
        ordered = sorted(ordered, key=lambda e: (e.received_at, e.seq))
    for entry in ordered:
        use = cohort.graph.use(entry)
        retried = entry.received_at >= lost.pop(use, inf)  # nobody else has the answer, so it must ask again
        if entry.seq in mine:
            if use in tried and not retried:
                row.repeated_seqs.append(entry.seq)
                repeated.add(cohort.graph.session(entry))
                if use not in own:
                    row.after_others_seqs.append(entry.seq)
            own.add(use)
        if (ended := _in_vain(entry)) and (retried or use not in tried):
            lost[use] = ended
        tried.add(use)
    row.exchange_seqs = [e.seq for e in cohort.exchanges]
    row.outcomes = Counter(str(e.grant_outcome) for e in cohort.exchanges)
    row.sessions_repeated, row.generations = len(repeated), len(own)


def _in_vain(e: Entry) -> float:
    """Return when an exchange ended that its client is to try again, in s; 0: it is not, or that was not seen."""
    if e.hung_up and e.hung_up_at is not None:
        return e.hung_up_at
    return e.answered_at if e.hung_up or not e.status or e.grant_outcome in TRY_AGAIN else 0.0


def _finds(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """More than one exchange of a refresh token, where one is enough; or never, where the race should show."""
    for row, want in expected(evidence, rows, "exchanges_per_generation", WORDS):
        ratio = row.exchanges_per_generation
        others = {name: n for name, n in sorted(row.outcomes.items()) if name != "rotated"}
        sentence = f"{counted(row.exchanges, 'exchange')} of {counted(row.generations, 'refresh token')}"
        sentence += f", {ratio:.2f} each" if ratio is not None else ""
        sentence += f" ({', '.join(f'{n} {name}' for name, n in others.items())})" if others else ""
        if n := len(row.after_others_seqs):
            sentence += f"; {n} of them after another client had exchanged the same"
        yield judged(NAME, row, want, len(row.repeated_seqs), sentence, row.repeated_seqs, "1.00")


def _per_generation(row: Row) -> Cell:
    ratio = row.exchanges_per_generation
    return Cell("-" if ratio is None else f"{ratio:.2f}", bool(row.repeated_seqs), row.repeated_seqs)


def _figures(_: list[Row]) -> Iterable[Figure]:
    yield Figure("per refresh token (ideal 1.00)", _per_generation, part=True, card="exchanges per refresh token")


EXCHANGES_PER_GENERATION = Check(NAME, _finds, _count, WORDS, "generations", _figures)


def _reused(cohort: Cohort) -> Iterator[Entry]:
    """A refresh token that was presented again after its use, tolerated or not; a cost unless expected."""
    return (entry for entry in cohort.exchanges if entry.grant_outcome in REUSE)


def _reuse_sentence(row: Row, seqs: list[int]) -> str:
    outcomes = ", ".join(f"{n} {name}" for name, n in sorted(row.outcomes.items()) if name in REUSE)
    exchanges = counted(row.exchanges, "exchange")
    sentence = f"{len(seqs)} of {exchanges} presented a refresh token that had been used"
    return sentence + (f" ({outcomes})" if outcomes else "")


REUSED = counting("reuse", _reused, _reuse_sentence)
