"""
Why a request was refused, where the wire tells more than the answer did.

`stale_copy`: the token's successor had been issued before the request was received. `ended_by_refresh`: the token's
end is known and was not reached, a refresh brought its successor, and nothing else ended it. `header_lost`: a
redirect was followed without the token that the redirected request had. `body_lost`: a retry had no body where the
refused request had one.
"""

from collections.abc import Iterable, Mapping

from race401.harness.judge.causal import before
from race401.harness.judge.graph import Graph
from race401.ledger.entry import Entry

REDIRECTION = range(300, 400)
OWN_AGE = frozenset({None, "expired"})  # recorded causes that say no more than what the token says itself
ENDED = frozenset({"family", "session", "user"})


def causes(entries: Iterable[Entry], graph: Graph) -> dict[int, str]:
    """Return the causes that the wire tells, by the `seq` of the refused request."""
    redirects: dict[tuple[str, str | None], list[Entry]] = {}
    ends: dict[str | None, list[Entry]] = {}
    refused: list[Entry] = []
    for e in entries:
        if e.kind is None:
            continue
        if e.unauthorized and e.kind == "api":
            refused.append(e)
        if e.redirect is not None and e.sent is not None and e.status in REDIRECTION:
            redirects.setdefault((e.redirect, e.peer), []).append(e)
        if e.kind == "sign_out" or e.ended in ENDED:
            ends.setdefault(graph.session(e), []).append(e)
    told = ((e.seq, _cause(e, graph, redirects, ends)) for e in refused)
    return {seq: cause for seq, cause in told if cause is not None}


def body_lost(refused: Entry, retry: Entry) -> bool:
    """Whether a retry was sent without the body that the refused request had."""
    return bool(refused.body_length) and retry.body_length == 0


def _cause(
    e: Entry,
    graph: Graph,
    redirects: Mapping[tuple[str, str | None], list[Entry]],
    ends: Mapping[str | None, list[Entry]],
) -> str | None:
    if e.sent is None:
        lost = e.redirect is not None and any(before(r, e) for r in redirects.get((e.redirect, e.peer), ()))
        return "header_lost" if lost else None
    if e.cause not in OWN_AGE:
        return None
    done = graph.replaced(e)
    if e.cause is None and e.token_left_s is not None and e.token_left_s > 0:
        by_refresh = any(one.received_at < e.answered_at for one in done)
        over = any(end.received_at < e.answered_at for end in ends.get(graph.session(e), ()))
        return "ended_by_refresh" if by_refresh and not over else None
    return "stale_copy" if any(before(one, e) for one in done) else None
