"""
What no recorder writes: values that cannot be, so that an entry which has them is not as it was written.

It guards what has no digest, a ledger alone or that of a killed run. Who edits it so that all fits is not found out.
"""

from collections.abc import Iterator, Sequence
from operator import attrgetter

from race401.harness.judge.counted import counted
from race401.ledger.entry import SCHEMA, Entry
from race401.ledger.outcomes import GRANTED, REFUSED, SEEN

KNOWN = frozenset(range(SCHEMA + 1))
STATUSES = frozenset({0, *range(100, 1000)})  # three digits (RFC 9110 section 15); 0: no answer
LATEST = 1e11  # s since the epoch, in the year 5138: what is greater was written in ms
EXCHANGES = frozenset({None, "exchange"})  # kinds by which a refresh token is granted or refused
DECIDED = GRANTED | REFUSED | SEEN


def impossible(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield a sentence for each kind of value that cannot be, with how many entries have it."""
    for wrong, what in (
        (_unless_known(entries, "schema", KNOWN), f"of a newer race401; this one reads schema {SCHEMA}"),
        (_unless_known(entries, "status", STATUSES), "with a status that no answer has"),
        (_of_another_kind(entries), "with the outcome of an exchange, and of another kind"),
    ):
        if wrong:
            yield _told(wrong, what)


def at_no_time(entries: Sequence[Entry]) -> tuple[str, int] | None:
    """Return a sentence of the instants that cannot be, and the first such entry's `seq`; None: all can."""
    instants = [*map(attrgetter("received_at"), entries), *map(attrgetter("answered_at"), entries)]
    if not instants or 0 < min(instants) <= max(instants) < LATEST:  # of most ledgers, and this is quick
        return None
    wrong = [e.seq for e in entries if not _in_time(e)]
    return (_told(wrong, "at instants that are no s since the epoch"), wrong[0]) if wrong else None


def _told(wrong: Sequence[int], what: str) -> str:
    return f"{counted(len(wrong), 'entry', 'entries')} {what}, e.g. #{wrong[0]}"


def _unless_known(entries: Sequence[Entry], field: str, known: frozenset[int]) -> list[int]:
    value = attrgetter(field)
    if known.issuperset(map(value, entries)):  # of most ledgers, and this is quick
        return []
    return [e.seq for e in entries if value(e) not in known]


def _in_time(e: Entry) -> bool:
    never = e.answered_at == 0 and not e.status
    return 0 <= e.received_at < LATEST and (never or 0 < e.answered_at < LATEST)


def _of_another_kind(entries: Sequence[Entry]) -> list[int]:
    return [e.seq for e in entries if e.grant_outcome in DECIDED and e.kind not in EXCHANGES]
