"""
Rows that are there twice because two files were taken from one place: exports of one tab, a log as CSV and as JSON.

Nothing else that two files of one side tell is one request: two tabs may send the same within a millisecond.
"""

from collections import Counter
from collections.abc import Hashable, Sequence

from race401.harness.incident.evidence import Source
from race401.harness.incident.readers.reader import Row
from race401.ledger.entry import Entry

COARSE_S = 1.0  # a resolution at which equal instants say little
LEAST = 2  # rows that must agree before a coarse log is taken for a copy


def same(entry: Entry, source: Source) -> Hashable:
    """Return what only a copy of the row has as well, on the file's own clock; of a coarse log, nothing."""
    if source.resolution >= COARSE_S:
        return None
    off = source.clock.offset or 0.0
    tokens = (entry.sent, entry.presented, entry.brought_access, entry.brought_refresh)
    times = (round(entry.received_at - off, 3), round(entry.answered_at - off, 3))
    return (entry.method, entry.target, entry.status, times, tokens)


def of_one_log(rows: Sequence[Row], others: Sequence[Row], one: Source, other: Source) -> bool:
    """Tell whether two logs say just the same of the time that both tell of."""
    if one.kind != other.kind or one.side == "client" or not rows or not others:
        return False
    mine, theirs = _seconds(rows, one), _seconds(others, other)
    begin, end = max(min(mine)[0], min(theirs)[0]), min(max(mine)[0], max(theirs)[0])
    here = Counter({key: n for key, n in mine.items() if begin <= key[0] <= end})
    there = Counter({key: n for key, n in theirs.items() if begin <= key[0] <= end})
    return here == there and here.total() >= LEAST


def _seconds(rows: Sequence[Row], source: Source) -> Counter[tuple[int, str, str, int]]:
    rounded = COARSE_S if source.resolution >= COARSE_S else 0.0  # such an entry lasts until its second is over
    return Counter((int(e.answered_at - rounded), e.method, e.target, e.status) for e, _ in rows)
