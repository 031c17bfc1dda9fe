"""
One refresh or sign-in that was recorded on two legs: before a gateway, and between it and the auth server.

Both have the same tokens and the same answer, at two origins, one within the other. Two uses of one refresh token
look otherwise: they are of one origin, or bring tokens of their own.
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence

from race401.harness.incident.evidence import Seen
from race401.ledger.entry import Entry

CLOCKS_S = 0.25  # by which two files' clocks may differ that agree, as in `joining`


def folded(entries: Sequence[Entry], seen: Sequence[tuple[Seen, ...]]) -> tuple[list[Entry], list[tuple[Seen, ...]]]:
    """Return the entries and who tells of them, each request once, by its outer leg."""
    told = list(seen)
    alike: dict[Hashable, list[int]] = defaultdict(list)
    inner: set[int] = set()
    for at, e in enumerate(entries):
        if e.kind not in ("exchange", "sign_in") or e.brought_access is None:
            continue
        same = alike[e.key, e.kind, e.presented, e.brought_access, e.brought_refresh, e.status]
        outer = next((n for n in same if _within(e, entries[n], seen[at] + seen[n])), None)
        if outer is None:
            same.append(at)
        else:
            inner.add(at)
            told[outer] += seen[at]
    left = [n for n in range(len(entries)) if n not in inner]
    return [entries[n] for n in left], [told[n] for n in left]


def _within(e: Entry, outer: Entry, seen: tuple[Seen, ...]) -> bool:
    """Whether a request stands within another that arrived before it."""
    off = CLOCKS_S if len({each.source for each in seen}) > 1 else 0.0
    return e.world != outer.world and e.answered_at <= outer.answered_at + off
