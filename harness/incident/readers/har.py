"""
HAR 1.2, as browsers and proxies write it: http://www.softwareishard.com/blog/har-12-spec/.

Chrome, Edge: `_resourceType`, `_fromCache`, `_error`, `Set-Cookie` lines joined by newlines; without "sensitive data"
neither cookies nor Authorization. Firefox, Safari, Charles, mitmproxy: the standard's fields. An instant is that at
which the request left: what it waited before, in the browser, is not the server's.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from race401.harness.incident.clocks import Bounds
from race401.harness.incident.evidence import Clock, Seen
from race401.harness.incident.readers.har_items import Item, items
from race401.harness.incident.readers.reader import Kind, Reading, Row
from race401.harness.incident.readers.recognition import Recogniser, bearer
from race401.harness.incident.readers.watched import Concerned, Exchanged, Watched
from race401.harness.proxy.wire import claims
from race401.ledger.dialects.dialect import Dialect
from race401.ledger.dialects.presets import DIALECTS, USUAL
from race401.ledger.dialects.reading import SCHEMES, WHAT_FOR, fields, first
from race401.ledger.entry import Entry
from race401.ledger.secrecy import secret_by_name

BEGINS = re.compile(r'\s*\{\s*"log"\s*:\s*\{')
BETWEEN = re.compile(r"charles|mitmproxy|fiddler|proxyman|burp|http toolkit", re.IGNORECASE)
CREATOR = re.compile(r'"creator"\s*:\s*\{[^{}]*?"name"\s*:\s*"([^"]*)"')
HELD = 33_554_432  # bytes of bodies that are held, so that a file need not be read twice
REFUSING = frozenset(status for dialect in DIALECTS.values() for status in dialect.unauthorized)
KNOWN = frozenset({"authorization", "cookie", "apikey", "x-csrf-token", "x-xsrf-token", "x-csrftoken"})
OTHER_SCHEMES = re.compile(r"(?:basic|digest|negotiate|ntlm|hmac)\b")
SIGNS_OUT = re.compile(rb'(?:mutation\b|"operationName"\s*:)[^}]*?(?:log|sign)[-_]?(?:out|off)', re.IGNORECASE)
NAMES = ("email", "username", "user", "login", "phone", "client_id", "AuthParameters.USERNAME")  # of who signs in
FILLS_CLOCK = "add the server's own log, or export the HAR with the headers of its answers (`Date`)"
FILLS_SANITIZED = (
    'export the HAR with its credentials (Chrome: DevTools, Settings, Preferences, Network, "Allow to generate HAR '
    'with sensitive data"; then Export HAR (with sensitive data)); race401 keeps none of them'
)


@dataclass
class Survey:
    """What a HAR is like. `held`: its requests; None: they are too large, and read again."""

    dialects: list[Dialect] = field(default_factory=list)
    bounds: Bounds = field(default_factory=Bounds)
    bearers: set[str] = field(default_factory=set)  # origins that some request sent an access token to
    asked_so: set[tuple[str, str]] = field(default_factory=set)  # those, and the paths that it was for
    cookies: set[tuple[str, str]] = field(default_factory=set)  # origins, and names of cookies that they got
    beside: set[str] = field(default_factory=set)  # names of other credentials that stood beside an access token
    credentials: bool = False  # some request had any
    taken_out: list[int] = field(default_factory=list)
    held: list[Item] | None = field(default_factory=list)
    bytes: int = 0

    @cached_property
    def telling(self) -> set[str]:
        """Return the origins of which a request that had an access token would show it."""
        access = {name for dialect in self.dialects for name in dialect.access_cookies}
        return self.bearers | {origin for origin, name in self.cookies if name in access}

    @property
    def in_time(self) -> list[Item]:
        """Return its requests in the order in which they left: a redirect before what follows it."""
        return sorted(self.held or (), key=lambda item: item.one.received_at)

    def shows(self, item: Item) -> bool:
        """
        Whether an access token of this request would be seen.

        A cookie that no dialect knows may be one, so may what stands in its address or in a header of its own; what a
        browser loads by itself has none, nor has what its server wants to have in another way.
        """
        known = "cookie" not in dict(item.one.headers) or (item.origin, _path(item)) in self.asked_so
        other = item.asset or _asks_otherwise(item.one) or bool(_others(item.one) - self.beside)
        return known and not other and item.origin in self.telling and bool(item.one.status) and not item.taken_out

    def see(self, item: Item) -> None:
        """Note a request."""
        headers, answer = dict(item.one.headers), dict(item.one.answer_headers)
        if item.taken_out:
            self.taken_out.append(item.row)
        if bearer(headers) is not None:
            self.bearers.add(item.origin)
            self.asked_so.add((item.origin, _path(item)))
            self.beside |= _others(item.one)
        if "cookie" in headers:
            names = (pair.partition("=")[0].strip() for pair in headers["cookie"].split(";"))
            self.cookies |= {(item.origin, name) for name in names if name}
        self.credentials = self.credentials or "authorization" in headers or "cookie" in headers
        if "date" in answer and answer.get("age", "0") == "0":
            self.bounds.answered(item.origin, answer["date"], item.one.received_at, item.one.answered_at)
        self.bytes += len(item.one.answer_body) + len(item.one.body or b"")
        if self.bytes > HELD:
            self.held = None
        if self.held is not None:
            self.held.append(item)


def read(reading: Reading) -> Iterator[Row]:
    """Look through it first, then say what it tells."""
    survey = _surveyed(reading)
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


def _path(item: Item) -> str:
    return item.one.target.partition("?")[0]


def _others(one: Exchanged) -> set[str]:
    """Return the names of what else may say who sends a request: in its address, or in a header of its own."""
    headers = {name for name, _ in one.headers if secret_by_name(name) and name not in KNOWN}
    return headers | {name for name in fields(one.target.partition("?")[2].encode()) if secret_by_name(name)}


def _asks_otherwise(one: Exchanged) -> bool:
    """Whether the answer asks for credentials of other schemes alone: Basic, Digest, Negotiate."""
    schemes = dict(one.answer_headers).get("www-authenticate", "").lower()
    return OTHER_SCHEMES.match(schemes) is not None and not any(scheme in schemes for scheme in SCHEMES)


def _surveyed(reading: Reading) -> Survey:
    """Look through it, and note what is the file's."""
    survey, recogniser = Survey(), Recogniser()
    creator = CREATOR.search(reading.opened.beginning)
    reading.kind = f"HAR of {creator[1]}" if creator and creator[1] else None
    reading.side = "between" if creator and BETWEEN.search(creator[1]) else "client"
    concerned = Concerned(reading.how.dialects or tuple(DIALECTS.values()))
    for item in items(reading, concerned, first=True):
        reading.origins.add(item.origin)
        survey.see(item)
        if item.one.status in REFUSING or concerned(item.one.method, _path(item), item.one.headers):
            recogniser.see(item.one)
    survey.dialects = list(reading.how.dialects or recogniser.best() or USUAL)
    reading.dialects = tuple(dialect.name for dialect in survey.dialects)
    reading.clock = survey.bounds.clock()
    reading.sanitized = bool(survey.taken_out) or (reading.rows > 0 and not survey.credentials)
    if survey.taken_out:
        reading.lack("access tokens or cookies, which somebody took out", FILLS_SANITIZED, survey.taken_out)
    elif reading.sanitized:
        reading.lack("cookies and Authorization headers (taken out, or none was sent)", FILLS_SANITIZED, [])
    return survey


KIND = Kind(name="HAR", unit="entry", side="client", fits=lambda text: BEGINS.match(text) is not None, read=read)
