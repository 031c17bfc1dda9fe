"""
Refreshes that nothing called for, one after another: a client that refreshes at every call.

Found at any lifetime: three tokens in a row, each exchanged with more than half of its life left and never refused.
A wide margin on one token is none, nor is what a late 401 costs.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from race401.harness.judge.causal import before
from race401.harness.judge.graph import Graph, granted, kept_its_token
from race401.ledger.entry import Entry

UNAUTHORIZED = 401
IN_A_ROW = 3
HALF = 0.5


@dataclass(slots=True)
class Early:
    """An exchange of a token that had more than half of its life left. Spans are in s."""

    entry: Entry
    left: float
    lifetime: float
    after: "Early | None"  # the early exchange that had brought the token
    nth: int  # of its row


def streaks(entries: Iterable[Entry], graph: Graph) -> list[Early]:
    """Return the exchanges of rows of three and more, in the order in which they were received."""
    exchanges, refused = [], set[str]()
    for e in entries:
        if e.kind == "exchange":
            exchanges.append(e)
        elif e.unauthorized and e.sent is not None:
            refused.add(e.sent)
    early: dict[int, Early] = {}
    rows: dict[int, Early] = {}
    for e in sorted(exchanges, key=lambda e: (e.received_at, e.seq)):
        if (found := _early(e, graph, refused, early)) is None:
            continue
        early[e.seq] = found
        if found.nth >= IN_A_ROW:
            each: Early | None = found
            while each is not None and each.entry.seq not in rows:
                rows[each.entry.seq], each = each, each.after
    return sorted(rows.values(), key=lambda each: (each.entry.received_at, each.entry.seq))


def lifetime(entries: Iterable[Entry], graph: Graph) -> float:
    """Return the longest life of an access token that was seen from its beginning, in s; 0: none was."""
    longest, told = 0.0, set[str]()
    for e in entries:
        if e.kind == "api" and e.sent is not None and e.token_left_s is not None and e.sent not in told:
            told.add(e.sent)  # it says the same each time
            born = max((b.answered_at for b in graph.brought.get(e.sent, ()) if before(b, e)), default=None)
            if born is not None:
                longest = max(longest, e.token_left_s + e.received_at - born)
    return longest


def _early(e: Entry, graph: Graph, refused: set[str], early: dict[int, Early]) -> Early | None:
    """Return the exchange if it came early, with a life that is known from its start."""
    if e.presented is None or e.token_left_s is None or not granted(e):
        return None
    answers = [*graph.brought.get(e.presented, ()), *(o for o in graph.exchanges[e.presented] if kept_its_token(o))]
    last = max((b for b in answers if before(b, e)), key=lambda b: b.answered_at, default=None)
    if last is None or last.brought_access in refused:
        return None
    lifetime = e.token_left_s + e.received_at - last.answered_at
    if e.token_left_s <= HALF * lifetime:
        return None
    after = early.get(last.seq)
    return Early(e, e.token_left_s, lifetime, after, 1 if after is None else after.nth + 1)
