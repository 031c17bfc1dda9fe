"""
HAR 1.2, as browsers and proxies write it: http://www.softwareishard.com/blog/har-12-spec/.

Chrome, Edge: `_resourceType`, `_fromCache`, `_error`, `Set-Cookie` lines joined by newlines; without "sensitive data"
neither cookies nor Authorization. Firefox, Safari, Charles, mitmproxy: the standard's fields. An instant is that at
which the request left: what it waited before, in the browser, is not the server's.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from race401.harness.incident.clocks import Bounds
from race401.harness.incident.evidence import Seen
from race401.harness.incident.readers.har_items import (
    Item,
    as_dict,
    as_text,
    body_length,
    exchanged,
    items,
    taken_out,
)
from race401.harness.incident.readers.reader import Kind, Reading, Row
from race401.harness.incident.readers.recognition import Recogniser
from race401.harness.incident.readers.watched import Watched
from race401.ledger.dialects.dialect import Dialect
from race401.ledger.dialects.presets import USUAL
from race401.ledger.dialects.reading import SCHEMES

BEGINS = re.compile(r'\s*\{\s*"log"\s*:\s*\{')
BETWEEN = re.compile(r"charles|mitmproxy|fiddler|proxyman|burp|http toolkit", re.IGNORECASE)
CREATOR = re.compile(r'"creator"\s*:\s*\{[^{}]*?"name"\s*:\s*"([^"]*)"')
ASSETS = frozenset({"stylesheet", "script", "image", "font", "media", "manifest", "texttrack", "ping", "document"})
ASSET = re.compile(r"text/(?:html|css|javascript)|application/(?:x-)?javascript|(?:image|font|video|audio)/")
FILLS_SANITIZED = (
    'export the HAR with its credentials (Chrome: DevTools, Settings, Preferences, Network, "Allow to generate HAR '
    'with sensitive data"; then Export HAR (with sensitive data)); race401 keeps none of them'
)
FILLS_BODIES = "export the HAR with the bodies of its requests and answers, or put `race401 proxy` in front"


@dataclass
class Survey:
    """What a HAR is like."""

    dialects: list[Dialect] = field(default_factory=list)
    bounds: Bounds = field(default_factory=Bounds)
    bearers: set[str] = field(default_factory=set)  # origins that some request sent an access token to
    cookies: set[tuple[str, str]] = field(default_factory=set)  # origins, and names of cookies that they got

    def telling(self) -> set[str]:
        """Return the origins of which a request that had an access token would show it."""
        access = {name for dialect in self.dialects for name in dialect.access_cookies}
        return self.bearers | {origin for origin, name in self.cookies if name in access}


def read(reading: Reading) -> Iterator[Row]:
    """Read it twice: what it is like, then what it says."""
    survey = _surveyed(reading)
    watched = Watched(reading.how.fingerprints, survey.dialects)
    shift, telling = reading.clock.offset or 0.0, survey.telling()
    reading.says_tokens = bool(telling)
    for item in items(reading):
        one = exchanged(item, reading.index, shift)
        entry = watched.entry(one)
        entry.world = item.origin
        entry.body_length = body_length(item.request, one)
        if entry.kind == "api" and entry.sent is None and not entry.unauthorized and _is_asset(item):
            entry.kind = "other"
        says_token = item.origin in telling and bool(one.status) and not taken_out(item.request)
        if not says_token and entry.cause == "missing_token":
            entry.cause = None
        told = watched.told(entry, one)
        had_body = None if entry.body_length is None else entry.body_length > 0
        seen = Seen(
            source=reading.index,
            row=item.row,
            says_token=says_token,
            said=told.said,
            retry_after=told.retry_after,
            signed_by=told.signed_by,
            lifetime=told.lifetime,
            page=as_text(item.told.get("pageref")) or None,
            had_body=had_body,
        )
        yield entry, seen


def _surveyed(reading: Reading) -> Survey:
    """Look through it, and note what is the file's."""
    survey, recogniser, hidden, any_credentials = Survey(), Recogniser(), list[int](), False
    creator = CREATOR.search(reading.opened.beginning)
    reading.kind = f"HAR of {creator[1]}" if creator and creator[1] else None
    reading.side = "between" if creator and BETWEEN.search(creator[1]) else "client"
    for item in items(reading, first=True):
        reading.origins.add(item.origin)
        one = exchanged(item, reading.index, 0.0)
        headers = dict(one.headers)
        if taken_out(item.request):
            hidden.append(item.row)
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() in SCHEMES and token:
            survey.bearers.add(item.origin)
        any_credentials = any_credentials or bool(headers.keys() & {"authorization", "cookie"})
        names = (pair.partition("=")[0].strip() for pair in headers.get("cookie", "").split(";"))
        survey.cookies |= {(item.origin, name) for name in names if name}
        answer = dict(one.answer_headers)
        if "date" in answer and answer.get("age", "0") == "0":
            survey.bounds.answered(item.origin, answer["date"], item.left_at, item.ended_at)
        if reading.how.dialects is None:
            recogniser.see(one)
    survey.dialects = list(reading.how.dialects or recogniser.best() or USUAL)
    reading.dialects = tuple(dialect.name for dialect in survey.dialects)
    reading.clock = survey.bounds.clock()
    reading.sanitized = bool(hidden) or (reading.rows > 0 and not any_credentials)
    if hidden:
        reading.lack("access tokens or cookies, which somebody took out", FILLS_SANITIZED, hidden)
    elif reading.sanitized:
        reading.lack("cookies and Authorization headers (taken out, or none was sent)", FILLS_SANITIZED, [])
    return survey


def _is_asset(item: Item) -> bool:
    """Whether it is a page, a script, a picture: what browsers load without a token."""
    kind = as_text(item.told.get("_resourceType"))
    mime = as_text(as_dict(item.response.get("content")).get("mimeType"))
    return kind in ASSETS or (item.request.get("method") == "GET" and not kind and ASSET.match(mime) is not None)


KIND = Kind(name="HAR", unit="entry", side="client", fits=lambda text: BEGINS.match(text) is not None, read=read)
