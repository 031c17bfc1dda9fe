"""
Tokens by client credentials that were fetched anew for each call, where one would have done.

A row of them: three and more fetched one after another or at once by one client with the same credentials for the
same scope, each of which was used for one call, while another was there that nobody had refused and that had more
than half of its life left. Several that are used again and again are those of several processes, and no row.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from race401.harness.judge.causal import concurrent
from race401.ledger.entry import Entry

IN_A_ROW = 3
HALF = 0.5


def anew(entries: Iterable[Entry]) -> list[Entry]:
    """Return the sign-ins that a token which was there made needless, in the order in which they were received."""
    fetched: dict[tuple[str | None, ...], list[Entry]] = defaultdict(list)
    calls: dict[str, list[Entry]] = defaultdict(list)
    for e in entries:
        if e.kind == "sign_in" and e.credentials is not None and e.brought_access is not None:
            fetched[e.credentials, e.peer, e.client].append(e)
        elif e.kind == "api" and e.sent is not None:
            calls[e.sent].append(e)
    found = [e for mine in fetched.values() for e in _of_one(sorted(mine, key=_received), calls)]
    return sorted(found, key=_received)


def _of_one(mine: list[Entry], calls: dict[str, list[Entry]]) -> Iterator[Entry]:
    """Yield those of one client with one set of credentials."""
    row: list[Entry] = []
    for before, e in zip([None, *mine], [*mine, None], strict=True):
        goes_on = before is not None and e is not None and _needless(before, e, calls)
        if before is not None and not (goes_on and _once(before, calls)):
            if sum(_once(each, calls) for each in [*row, before]) >= IN_A_ROW:
                yield from [*row, before][1:]
            row = []
        elif before is not None:
            row.append(before)


def _once(fetched: Entry, calls: dict[str, list[Entry]]) -> bool:
    return len(calls.get(fetched.brought_access or "", ())) == 1


def _needless(before: Entry, e: Entry, calls: dict[str, list[Entry]]) -> bool:
    """Whether the token that was fetched before would have done."""
    uses = calls.get(before.brought_access or "", ())
    if any(use.unauthorized for use in uses) or not before.answered_at:
        return False
    if concurrent(before, e):
        return True
    ends = [use.received_at + use.token_left_s for use in uses if use.token_left_s is not None]
    left, life = max(ends, default=0.0) - e.received_at, max(ends, default=0.0) - before.answered_at
    return bool(ends) and left > HALF * life


def _received(e: Entry) -> tuple[float, int]:
    return e.received_at, e.seq
