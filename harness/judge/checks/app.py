"""401s that the program saw."""

from collections import Counter
from collections.abc import Iterable, Iterator

from race401.harness.judge.check import Brief, Cell, Check, Figure, Words, by_cause, expected, judged, number, rate
from race401.harness.judge.cohort import Cohort
from race401.harness.judge.counted import counted
from race401.harness.judge.evidence import Evidence
from race401.harness.judge.findings import SEQS_NAMED, Finding, Value
from race401.harness.judge.row import Row, refusal

NAME = "caller-401s"
WORDS = Words(ledger_alone="none")


def _count(cohort: Cohort, row: Row) -> None:
    row.undecided_401_seqs = sorted(cohort.answers.cut)
    row.unlinked_401_seqs = sorted(cohort.answers.unlinked)
    row.put_off_401_seqs, row.accepted_401_seqs = sorted(cohort.answers.put_off), sorted(cohort.answers.accepted)
    row.requests = len(cohort.last)
    row.caller_401s = Counter(map(cohort.cause, cohort.failed))
    row.caller_401_seqs = [e.seq for e in cohort.failed]
    row.sessions_401 = len({cohort.graph.session(e) or e.client for e in cohort.failed})


def _finds(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """A 401 that the program saw, where none should be; or none where the race should show."""
    for row, want in expected(evidence, rows, "caller_401s", WORDS):
        n = row.caller_401s.total()
        sentence = f"the app saw {counted(n, row.refusal)} in {counted(row.requests, 'request')}"
        sentence += f" ({by_cause(row.caller_401s)})" if n else ""
        cause = _cause(evidence, row)
        of_this_cause = row.caller_401s[cause] if cause else n
        yield judged(NAME, row, want, n if want == "none" else of_this_cause, sentence, row.caller_401_seqs)
        if want == "none" and (undecided := row.undecided_401_seqs):
            more = counted(len(undecided), f"more {row.refusal}")
            sentence = f"after {more} the ledger ends too soon to tell whether they were made good"
            yield Finding(NAME, Value.UNKNOWN, sentence, row.condition, row.role, undecided[:SEQS_NAMED])
        for seqs, why in (
            (row.unlinked_401_seqs, "nothing says of which session a token is"),
            (
                row.put_off_401_seqs,
                "a refresh was put off, and nothing tells whether the call waited for it",
            ),
            (
                row.accepted_401_seqs,
                "the retry had a new token, which was accepted elsewhere",
            ),
        ):
            if want == "none" and seqs:
                sentence = f"{counted(len(seqs), f'more {row.refusal}')} cannot be decided: {why}"
                yield Finding(NAME, Value.UNKNOWN, sentence, row.condition, row.role, seqs[:SEQS_NAMED])


def _cause(evidence: Evidence, row: Row) -> str | None:
    """Return which 401s there should be, where there should be some."""
    expects = evidence.manifest["conditions"][row.condition].get("expects", {})
    cause: str | None = expects.get(row.role, {}).get("cause")
    return cause


def _figures(rows: list[Row]) -> Iterable[Figure]:
    yield Figure("requests of the app", lambda r: Cell(f"{r.requests}"))
    saw = f"{refusal(rows)}s that the app saw"
    yield Figure(saw, lambda r: number(r.caller_401s.total(), r.caller_401_seqs), card=saw)
    yield Figure("as a rate", lambda r: Cell(rate(r.caller_401s.total(), r.requests)), part=True)


CALLER_401S = Check(
    NAME,
    _finds,
    _count,
    WORDS,
    "app",
    _figures,
    Brief(lambda r: r.caller_401s.total(), "401", " that the app saw"),
    by_clock=True,
    by_order=True,
)
