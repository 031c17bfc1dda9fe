"""
What became of exchanges that another server decided, from all of the wire at once.

Whoever recorded it wrote only whether tokens came back. Of the grants of one refresh token the first to be received
is the rotation: another that brings the same successor is tolerated, one that brings a sibling forks. A refusal of a
token that was granted to somebody else is a refused reuse. The order in which answers were recorded changes nothing.
"""

from collections.abc import Iterable

from race401.harness.judge.graph import Graph, granted, kept_its_token
from race401.ledger.entry import Entry
from race401.ledger.outcomes import SEEN, Outcome


def inferred(entries: Iterable[Entry], graph: Graph) -> dict[int, str]:
    """Return the outcomes, by the `seq` of the exchanges that need one."""
    open_ = [e for e in entries if e.grant_outcome in SEEN and e.kind == "exchange"]
    return {e.seq: _outcome(e, graph.exchanges[e.presented]) for e in open_ if e.presented is not None}


def _outcome(e: Entry, uses: Iterable[Entry]) -> Outcome:
    """Return the outcome of one use of a refresh token, given all of them."""
    others = [use for use in uses if granted(use) and use is not e]
    if not granted(e):
        return Outcome.REUSED if any(not kept_its_token(use) for use in others) else Outcome.SEEN_REFUSED
    if kept_its_token(e):
        return Outcome.KEPT
    earlier = [
        use for use in others if (use.received_at, use.seq) < (e.received_at, e.seq) and not kept_its_token(use)
    ]
    if not earlier:
        return Outcome.ROTATED
    again = any(use.brought_refresh == e.brought_refresh for use in earlier)
    return Outcome.REUSE_TOLERATED if again else Outcome.FORKED
