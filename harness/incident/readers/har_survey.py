"""What a HAR is like as a whole: who wrote it, how its servers say things, which requests would show a token."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from urllib.parse import urljoin, urlsplit

from race401.harness.incident.clocks import Bounds
from race401.harness.incident.readers.har_items import PORTS, Item, items
from race401.harness.incident.readers.reader import Reading
from race401.harness.incident.readers.recognition import Recogniser, bearer
from race401.harness.incident.readers.watched import Concerned, Exchanged, asks_by_grant
from race401.harness.judge.causes import REDIRECTION
from race401.ledger.dialects.dialect import Dialect
from race401.ledger.dialects.presets import DIALECTS, OAUTH, USUAL, naming
from race401.ledger.dialects.reading import SCHEMES, fields, role
from race401.ledger.secrecy import secret_by_name

BETWEEN = re.compile(r"charles|mitmproxy|fiddler|proxyman|burp|http toolkit", re.IGNORECASE)
CREATOR = re.compile(r'"creator"\s*:\s*\{[^{}]*?"name"\s*:\s*"([^"]*)"')
HELD = 33_554_432  # bytes of bodies that are held, so that a file need not be read twice
REFUSING = frozenset(status for dialect in DIALECTS.values() for status in dialect.unauthorized)
KNOWN = frozenset({"authorization", "cookie", "apikey", "x-csrf-token", "x-xsrf-token", "x-csrftoken"})
OTHER_SCHEMES = re.compile(r"(?:basic|digest|negotiate|ntlm|hmac)\b")
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
    led: set[tuple[str, str]] = field(default_factory=set)  # where redirects of requests with one led
    granting: dict[str, None] = field(default_factory=dict)  # paths of nobody's, asked as RFC 6749 asks for tokens
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

    def own(self) -> Iterator[Dialect]:
        """Yield OAuth at the paths that nobody names, and that were asked so."""
        if self.granting:
            yield naming(OAUTH, *self.granting)

    def shows(self, item: Item) -> bool:
        """
        Whether an access token of this request would be seen.

        A cookie that no dialect knows may be one, so may what stands in its address or in a header of its own; what a
        browser loads by itself has none, nor has what its server wants to have in another way.
        """
        known = "cookie" not in dict(item.one.headers) or (item.origin, _path(item)) in self.asked_so
        other = item.asset or _asks_otherwise(item.one) or bool(_others(item.one) - self.beside)
        telling = item.origin in self.telling or (item.origin, item.one.target) in self.led
        return known and not other and telling and bool(item.one.status) and not item.taken_out

    def see(self, item: Item) -> None:
        """Note a request."""
        headers, answer = dict(item.one.headers), dict(item.one.answer_headers)
        if item.taken_out:
            self.taken_out.append(item.row)
        if bearer(headers) is not None:
            self.bearers.add(item.origin)
            self.asked_so.add((item.origin, _path(item)))
            self.beside |= _others(item.one)
            if item.one.status in REDIRECTION and "location" in answer:
                self.led.add(_led(item, answer["location"]))
        if asks_by_grant(item.one) and not _is_token_path(_path(item)):
            self.granting[_path(item)] = None
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


def _path(item: Item) -> str:
    return item.one.target.partition("?")[0]


@lru_cache(4_096)
def _is_token_path(path: str) -> bool:
    """Whether a preset names a path as a token endpoint of RFC 6749."""
    return any(role([each], "POST", path)[1] == "token" for each in DIALECTS.values())


def _led(item: Item, location: str) -> tuple[str, str]:
    """Return the origin and the target that a redirect leads to, as an item has them."""
    url = urlsplit(urljoin(f"https://{item.origin}{item.one.target}", location))
    origin = url.netloc if url.port not in (None, PORTS.get(url.scheme)) else url.hostname or ""
    return origin, (url.path or "/") + (f"?{url.query}" if url.query else "")


def _others(one: Exchanged) -> set[str]:
    """Return the names of what else may say who sends a request: in its address, or in a header of its own."""
    headers = {name for name, _ in one.headers if secret_by_name(name) and name not in KNOWN}
    return headers | {name for name in fields(one.target.partition("?")[2].encode()) if secret_by_name(name)}


def _asks_otherwise(one: Exchanged) -> bool:
    """Whether the answer asks for credentials of other schemes alone: Basic, Digest, Negotiate."""
    schemes = dict(one.answer_headers).get("www-authenticate", "").lower()
    return OTHER_SCHEMES.match(schemes) is not None and not any(scheme in schemes for scheme in SCHEMES)


def surveyed(reading: Reading) -> Survey:
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
    survey.dialects = list(reading.how.dialects or [*survey.own(), *recogniser.best()] or USUAL)
    reading.dialects = tuple(dialect.name for dialect in survey.dialects)
    reading.clock = survey.bounds.clock()
    reading.sanitized = bool(survey.taken_out) or (reading.rows > 0 and not survey.credentials)
    if survey.taken_out:
        reading.lack("access tokens or cookies, which somebody took out", FILLS_SANITIZED, survey.taken_out)
    elif reading.sanitized:
        reading.lack("cookies and Authorization headers (taken out, or none was sent)", FILLS_SANITIZED, [])
    return survey
