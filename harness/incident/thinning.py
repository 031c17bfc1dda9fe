"""
Files of millions of rows: of the ordinary ones only those are kept that stand near what tells of tokens.

What tells of tokens is a refusal, a request of the auth server, a rate limit, a client that hung up. Near is a time,
of the same client where the file names one, and becomes shorter until what is kept fits.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable

from race401.harness.incident.readers.reader import Reading, Row
from race401.ledger.entry import Entry

MOST = 100_000  # rows of a file that are kept, at about 600 bytes each
NEAR_S = (60.0, 10.0, 1.0, 0.0)
OF_AUTH = frozenset({"exchange", "sign_in", "sign_out", "unreadable", "unnamed"})
LIMITED = 429
THINNED = "an ordinary request, far from anything that tells of tokens"
TOO_MANY = "more tell of tokens than are kept; cut the file to the minutes of the incident"


def thinned(rows: Iterable[Row], reading: Reading, most: int = MOST) -> list[Row]:
    """Return the rows that are kept."""
    kept: list[Row] = []
    full = False
    for row in rows:
        if full:
            reading.leave_out(TOO_MANY, row[1].row)
            continue
        kept.append(row)
        if len(kept) > most:
            kept = _thinner(kept, reading, most // 2)
            full = len(kept) > most // 2  # they all tell of tokens
    return kept


def tells(entry: Entry) -> bool:
    """Whether an entry tells of tokens by itself."""
    return entry.kind in OF_AUTH or entry.unauthorized or entry.hung_up or entry.status == LIMITED


def _thinner(rows: list[Row], reading: Reading, most: int) -> list[Row]:
    """Return so many if others can go, those that tell most."""
    kept = rows
    for near in NEAR_S:
        kept = _near(rows, near)
        if len(kept) <= most:
            break
    ids = {id(row) for row in kept}
    for row in rows:
        if id(row) not in ids:
            reading.leave_out(THINNED, row[1].row)
    return kept


def _near(rows: list[Row], near: float) -> list[Row]:
    """Return what tells of tokens, what stands so near it, and what was last; s."""
    times: dict[str | None, list[float]] = defaultdict(list)
    for entry, _ in rows:
        if tells(entry):
            times[entry.peer].append(entry.received_at)
    for each in times.values():
        each.sort()
    recent = max(entry.received_at for entry, _ in rows) - near  # what comes next may tell
    return [
        row
        for row in rows
        if tells(row[0]) or (near > 0 and (row[0].received_at >= recent or _is_near(row[0], times, near)))
    ]


def _is_near(entry: Entry, times: dict[str | None, list[float]], near: float) -> bool:
    there = times.get(entry.peer, [])
    at = bisect_left(there, entry.received_at - near)
    return at < len(there) and there[at] <= entry.received_at + near
