"""What became of sessions: refused for good, or carried on after their sign-out."""

from collections.abc import Iterable, Iterator

from race401.harness.judge.check import Brief, Cell, Check, Figure, Words, counting, expected, judged
from race401.harness.judge.cohort import Cohort
from race401.harness.judge.counted import counted
from race401.harness.judge.evidence import Evidence
from race401.harness.judge.findings import SEQS_NAMED, Finding, Value
from race401.harness.judge.losses import losses
from race401.harness.judge.recovery import is_api
from race401.harness.judge.row import Row
from race401.harness.judge.statistics import upper_bound
from race401.ledger.entry import Entry
from race401.ledger.outcomes import REFUSED

NAME = "sessions-lost"
WORDS = Words(default="none", ledger_alone="none")


def _count(cohort: Cohort, row: Row) -> None:
    lost: dict[str | None, int] = {}
    for entry in cohort.exchanges:
        if entry.kind is None and entry.grant_outcome in REFUSED:
            out = cohort.ended.get(entry.family)
            if out is None or entry.seq < out.seq:
                lost.setdefault(entry.family, entry.seq)
    found, mine = losses(cohort.marked_of_all, cohort.graph), {e.seq for e in cohort.exchanges}
    row.sessions = cohort.graph.count(cohort.entries)
    row.lost_seqs = sorted([*lost.values(), *(e.seq for e in found.lost if e.seq in mine)])
    row.sessions_lost = len(row.lost_seqs)
    row.undecided_lost_seqs = sorted(e.seq for e in found.undecided if e.seq in mine)


def _finds(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """A session whose refresh was refused for good."""
    for row, want in expected(evidence, rows, "sessions_lost", WORDS):
        sentence = f"{row.sessions_lost} of {counted(row.sessions, 'session')} lost"
        if want == "none" and not row.sessions_lost and (n := min(row.sessions, row.sessions_tried)):
            sentence += f" (at most {upper_bound(n):.1%}, at 95 %)"
        yield judged(NAME, row, want, row.sessions_lost, sentence, row.lost_seqs)
        if want == "none" and (undecided := row.undecided_lost_seqs):
            after = f"after {counted(len(undecided), 'refusal')} of a refresh token"
            sentence = f"{after} it is not known whether the session stays valid: no newer token was tried afterwards"
            yield Finding(NAME, Value.UNKNOWN, sentence, row.condition, row.role, undecided[:SEQS_NAMED])


def _lost(row: Row) -> Cell:
    return Cell(f"{row.sessions_lost} of {row.sessions}", row.sessions_lost > 0, row.lost_seqs)


def _figures(_: list[Row]) -> Iterable[Figure]:
    yield Figure("sessions lost", _lost, card="sessions lost")


SESSIONS_LOST = Check(
    NAME,
    _finds,
    _count,
    WORDS,
    "sessions",
    _figures,
    Brief(lambda r: r.sessions_lost, "session", " lost"),
    by_order=True,
)


def _after_sign_out(cohort: Cohort) -> Iterator[Entry]:
    """A request that carried a session after its sign-out had been answered."""
    if not cohort.ended:
        return
    for entry in cohort.entries:
        out = cohort.ended.get(cohort.graph.session(entry))
        if out is not None and entry.seq > out.seq and entry.received_at > out.answered_at and is_api(entry):
            yield entry


AFTER_SIGN_OUT = counting(
    "after-sign-out",
    _after_sign_out,
    lambda _, seqs: f"{counted(len(seqs), 'request')} carried a session that had been signed out",
    section="sessions",
    line="sent after sign-out",
    always=False,
    words=Words(default="none", unsaid="none", ledger_alone="none"),
    brief=("request", " after the sign-out"),
    by_order=True,
)
