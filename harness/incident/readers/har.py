"""
HAR 1.2, as browsers and proxies write it: http://www.softwareishard.com/blog/har-12-spec/.

Chrome, Edge: `_resourceType`, `_fromCache`, `_error`, `Set-Cookie` lines joined by newlines; without "sensitive data"
neither cookies nor Authorization. Firefox, Safari, Charles, mitmproxy: the standard's fields. An instant is that at
which the request left: what it waited before, in the browser, is not the server's.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from race401.harness.incident.evidence import Clock, Seen
from race401.harness.incident.readers.har_items import Item, items
from race401.harness.incident.readers.har_survey import surveyed
from race401.harness.incident.readers.reader import Kind, Reading, Row
from race401.harness.incident.readers.recognition import bearer
from race401.harness.incident.readers.watched import Concerned, Exchanged, Watched
from race401.harness.proxy.wire import claims
from race401.ledger.dialects.reading import WHAT_FOR, fields, first
from race401.ledger.entry import Entry

BEGINS = re.compile(r'\s*\{\s*"log"\s*:\s*\{')
SIGNS_OUT = re.compile(rb'(?:mutation\b|"operationName"\s*:)[^}]*?(?:log|sign)[-_]?(?:out|off)', re.IGNORECASE)
NAMES = ("email", "username", "user", "login", "phone", "client_id", "AuthParameters.USERNAME")  # of who signs in
FILLS_CLOCK = "add the server's own log, or export the HAR with the headers of its answers (`Date`)"


def read(reading: Reading) -> Iterator[Row]:
    """Look through it first, then say what it tells."""
    survey = surveyed(reading)
    watched = Watched(reading.how.fingerprints, survey.dialects)
    shift = reading.clock.offset or 0.0
    reading.says_tokens = bool(survey.telling)
    timeless: list[int] = []
    again: Iterable[Item] = items(reading, Concerned(survey.dialects)) if survey.held is None else survey.in_time
    for item in again:
        one = item.one
        if shift:
            one = replace(one, received_at=one.received_at + shift, answered_at=one.answered_at + shift)
        entry = watched.entry(one)
        entry.world, entry.body_length = item.origin, item.body_length
        if entry.kind == "api" and entry.sent is None and not entry.unauthorized and item.asset:
            entry.kind = "other"
        says_token = entry.sent is not None or survey.shows(item)
        if not says_token and entry.cause == "missing_token":
            entry.cause = None
        if not _knows_end(entry, one, reading.clock):
            timeless.append(item.row)
        told = watched.answer_facts(entry, one)
        seen = Seen(
            source=reading.index,
            row=item.row,
            says_token=says_token,
            said=told.said,
            retry_after=told.retry_after,
            signed_by=told.signed_by,
            lifetime=told.lifetime,
            user=_who(one, reading) if entry.kind == "sign_in" else None,
            page=item.page,
            had_body=None if item.body_length is None else item.body_length > 0,
            waited=item.waited,
            signs_out=_signs_out(one),
        )
        yield entry, seen
    if timeless:
        reading.lack("whether tokens had expired: the server's clock is not known well enough", FILLS_CLOCK, timeless)


def _knows_end(entry: Entry, one: Exchanged, clock: Clock) -> bool:
    """Take back what was concluded from a token's own end, where the clock does not bear it; tell whether it does."""
    if entry.token_left_s is None or "exp" not in claims(bearer(dict(one.headers)) or ""):
        return True  # an end that an answer told is of the same clock as all else
    if clock.offset is None or clock.within is None:
        entry.token_left_s = None
    elif abs(entry.token_left_s) > clock.within:
        return True
    entry.cause = None if entry.cause == "expired" else entry.cause
    return False


def _who(one: Exchanged, reading: Reading) -> str | None:
    """Return whom a sign-in names, and for what it asks, as a fingerprint."""
    told = fields(one.body or b"")
    name, what_for = first(told, NAMES), [told.get(each) for each in WHAT_FOR]
    return None if name is None else reading.how.fingerprints.fingerprint(f"user {name} {what_for}")


def _signs_out(one: Exchanged) -> bool:
    """Whether a GraphQL operation has the name of a sign-out."""
    body = one.body or b""
    return (b'"query"' in body or b'"operationName"' in body) and SIGNS_OUT.search(body) is not None


KIND = Kind(name="HAR", unit="entry", side="client", fits=lambda text: BEGINS.match(text) is not None, read=read)
