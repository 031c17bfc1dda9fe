"""
Events of an auth server, which tell what was decided and not what was on the wire: an entry for each decision.

Ids of tokens stand for tokens, under a key of their own: they are no bytes that a HAR or a ledger could be joined by.
"""

from dataclasses import dataclass
from typing import TypeAlias

from race401.harness.incident.evidence import Seen
from race401.harness.incident.readers.reader import UNTIMED_S, Reading, Row
from race401.harness.incident.readers.watched import spoken
from race401.ledger.entry import SCHEMA, Ended, Kind, received
from race401.ledger.fingerprints import Fingerprints
from race401.ledger.outcomes import GRANTED, SEEN, Outcome

Said: TypeAlias = str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One decision. `at`: s since the epoch; ids are the auth server's own."""

    row: int
    at: float
    kind: Kind
    status: int
    outcome: Outcome | None = None
    said: Said = None
    address: Said = None
    agent: Said = None
    user: Said = None
    session: Said = None
    presented: Said = None
    access: Said = None
    refresh: Said = None
    ended: Ended | None = None
    target: str = "/token"
    origin: str = ""


def row(reading: Reading, event: Event) -> Row:
    """Return the entry of an event, and where it stands."""
    key = reading.how.fingerprints
    entry = received(event.origin, "POST", event.target, event.at - UNTIMED_S)
    entry.answered_at, entry.status, entry.schema = event.at, event.status, SCHEMA
    entry.kind, entry.grant_outcome, entry.ended = event.kind, event.outcome, event.ended
    entry.key, reading.timed = key.fingerprint(f"ids of file {reading.index}"), False
    if event.address:
        entry.peer = key.fingerprint(f"{event.address} {event.agent or ''}")
    if event.session:
        entry.family = key.fingerprint(f"session {event.session}")
    entry.presented = _by_id(key, event.presented)
    if event.outcome is None or event.outcome in GRANTED or event.outcome in SEEN - {Outcome.SEEN_REFUSED}:
        entry.brought_access, entry.brought_refresh = _by_id(key, event.access), _by_id(key, event.refresh)
    said = None if event.said is None else spoken(event.said, key.fingerprint)
    user = None if event.user is None else key.fingerprint(event.user)
    seen = Seen(source=reading.index, row=event.row, said=said, user=user, session=entry.family)
    return entry, seen


def _by_id(key: Fingerprints, name: str | None) -> str | None:
    return None if name is None else key.fingerprint(f"id {name}")
