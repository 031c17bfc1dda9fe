"""The worst moment of an incident: which of its entries a picture shows, and which refresh each request wanted."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from race401.harness.incident.diagnosis import Diagnosis
from race401.harness.incident.mechanisms.case import Case
from race401.harness.incident.mechanisms.mechanism import Sign
from race401.harness.judge.causal import before
from race401.ledger.entry import Entry

MOST = 26  # entries that are drawn
AROUND_S = 1.0  # before and after the rows that are shown
LONGEST_S = 30.0  # of a moment: rows that lie further apart are shown from their last ones on
DRAWN = frozenset({"api", "exchange", "sign_in", "sign_out", "unreadable"})


@dataclass(frozen=True, slots=True)
class Moment:
    """Entries in the order of arrival. Instants are s on the incident's clock."""

    entries: Sequence[Entry]
    began_at: float
    ended_at: float
    rows: frozenset[int]  # by `seq`: those of the sign that is drawn
    left_out: int = 0
    wanted: dict[int, int] = field(default_factory=dict)  # of refreshes, by `seq`: the request that wanted it


def worst(diagnosis: Diagnosis) -> Moment | None:
    """Return the moment that the gravest sign is about; where there is none, that of the first refusal or refresh."""
    every = diagnosis.evidence.entries
    signs = [*diagnosis.standing("shown"), *diagnosis.standing("consistent")]
    rows = _near(diagnosis.entries(signs[0][1])) if signs else _first(every)
    if not rows:
        return None
    began, ended = rows[0].received_at - AROUND_S, max(over(e) for e in rows) + AROUND_S
    around = [e for e in every if e.kind in DRAWN and over(e) >= began and e.received_at <= ended]
    seqs = frozenset(e.seq for e in rows)
    wanted = _wanted(Case(diagnosis.evidence), around)
    kept = _nearest(around, seqs, wanted, rows)
    return Moment(
        kept,
        min(e.received_at for e in kept),
        max(over(e) for e in kept),
        seqs,
        len(around) - len(kept),
        {seq: by for seq, by in wanted.items() if by in {e.seq for e in kept}},
    )


def drawn(sign: Sign, moment: Moment | None) -> bool:
    """Whether the picture is about this sign."""
    return moment is not None and bool(set(sign.rows) & moment.rows)


def over(e: Entry) -> float:
    """Return when it was answered; of what never was, when it arrived."""
    return e.answered_at or e.received_at


def _near(rows: Sequence[Entry]) -> list[Entry]:
    """Return those rows that fit one picture: the last of them."""
    last = rows[-1].received_at if rows else 0.0
    return [e for e in rows if last - e.received_at <= LONGEST_S][-MOST:]


def _first(every: Sequence[Entry]) -> list[Entry]:
    refused = (e for e in every if e.kind == "api" and e.unauthorized)
    refreshed = (e for e in every if e.kind == "exchange")
    first = next(refused, None) or next(refreshed, None)
    return [] if first is None else [first]


def _wanted(case: Case, around: Sequence[Entry]) -> dict[int, int]:
    """Return for each refresh the first request whose 401 it followed, of its token or of its client."""
    found: dict[int, int] = {}
    for e in around:
        if e.kind != "exchange":
            continue
        tokens = case.graph.beside(e.presented) if e.presented else set()
        heard = [
            x for x in around if x.kind == "api" and x.unauthorized and before(x, e) and case.who(x) == case.who(e)
        ]
        mine = [x for x in heard if x.sent in tokens] or [x for x in heard if x.sent is None]
        free = [x for x in mine if x.seq not in found.values()] or mine
        if free:
            found[e.seq] = free[0].seq
    return found


def _nearest(
    around: Sequence[Entry], seqs: frozenset[int], wanted: dict[int, int], rows: Sequence[Entry]
) -> list[Entry]:
    """Return as many as a picture has room for: the sign's own rows, then what refreshed, then what is nearest."""
    middle = rows[0].received_at

    def rank(e: Entry) -> tuple[int, float]:
        near = abs(e.received_at - middle)
        order = (
            0 if e.seq in seqs else 1 if e.kind != "api" or e.seq in wanted.values() else 2 if e.unauthorized else 3
        )
        return order, near

    best = sorted(around, key=rank)[:MOST]
    return sorted(best, key=lambda e: (e.received_at, e.seq))
