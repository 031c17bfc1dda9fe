"""Exchanges that nothing called for: of a token that no resource had refused and that was not near its end."""

from collections.abc import Iterable, Iterator

from race401.harness.judge.recovery import UNAUTHORIZED
from race401.ledger.entry import Entry

EARLIEST = 300.0  # s before its end that any client in use refreshes unasked, where its own margin is not known


def needless(entries: Iterable[Entry], earliest: float = EARLIEST) -> Iterator[Entry]:
    """Yield them from entries in the order of decision; `earliest`, s before its end that a token may be exchanged.

    What a late 401 makes: it was earned with the token before, and costs the one that has just come.
    """
    refused = set()
    for entry in entries:
        token = entry.family, entry.generation
        if entry.status == UNAUTHORIZED:
            refused.add(token)
        elif entry.grant_outcome is not None and (entry.token_left_s or 0) > earliest and token not in refused:
            yield entry
