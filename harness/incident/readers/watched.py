"""A request and its answer, read from somebody's file, as the proxy would have recorded it."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

from race401.harness.incident.readers.reader import Noted
from race401.harness.proxy.heads import Answer, Request
from race401.harness.proxy.watch import Watch
from race401.harness.proxy.wire import claims
from race401.ledger.dialects import reading
from race401.ledger.dialects.dialect import Dialect
from race401.ledger.entry import Entry
from race401.ledger.fingerprints import Fingerprints
from race401.ledger.outcomes import Outcome

Headers = Sequence[tuple[str, str]]
LONGEST_SAID = 120  # characters of a server's words that are kept
WORDS = ("error_description", "error_code", "code", "error", "msg", "message", "detail", "title")
PLAIN_WORDS = re.compile(rb"[A-Za-z][A-Za-z0-9 .,:;'!()/-]{0,200}")  # a body that is a sentence, as of Envoy's
CHALLENGED = re.compile(r'(?:error_description|error)="([^"]*)"', re.IGNORECASE)
LIKE_SECRET = re.compile(r"(?=[^\s]*[0-9])(?=[^\s]*[A-Za-z])[\w.+/=~-]{16,}")  # a JWT, a key, an id
UNSPOKEN = frozenset({"content-encoding", "transfer-encoding", "content-length"})  # of bytes that are no more


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchanged:
    """A request and its answer. `body`: None if it is not known; `status` 0: there was no answer."""

    method: str
    target: str  # path and query
    headers: Headers
    body: bytes | None
    status: int
    answer_headers: Headers
    answer_body: bytes
    received_at: float
    answered_at: float
    peer: str
    hung_up: bool = False


@dataclass(frozen=True, slots=True)
class AnswerFacts:
    """What an answer tells besides an entry's facts; see `Seen`."""

    said: str | None
    retry_after: float | None
    signed_by: str | None
    lifetime: float | None


class Concerned:
    """Tells whether a request's bodies may say something of tokens, in one of these dialects."""

    def __init__(self, dialects: Sequence[Dialect]) -> None:
        self._dialects = dialects
        self._actions = [dialect.action_header for dialect in dialects if dialect.action_header]
        self._known = lru_cache(4_096)(self._is)

    def __call__(self, method: str, path: str, headers: Headers) -> bool:
        """Whether they may."""
        action = next((value for name, value in headers if name in self._actions), "") if self._actions else ""
        return self._known(method, path, action)

    def _is(self, method: str, path: str, action: str) -> bool:
        named = any(reading.role([dialect], method, path, action)[1] for dialect in self._dialects)
        return named or any(reading.in_body(dialect, path) for dialect in self._dialects)


class Watched:
    """Reads requests, in any order, in these dialects."""

    def __init__(self, fingerprints: Fingerprints, dialects: Sequence[Dialect]) -> None:
        self._noted, self._now, self._dialects = Noted(fingerprints), 0.0, dialects
        self._fingerprint = fingerprints.fingerprint
        self._watch = Watch(self._noted, dialects, clock=lambda: self._now, say=lambda _line: None)
        self._action = next((dialect.action_header for dialect in dialects if dialect.action_header), "")

    def entry(self, one: Exchanged) -> Entry:
        """Return the entry that it is."""
        request = Request(_head(f"{one.method} {one.target} HTTP/1.1", one.headers))
        self._now = one.received_at
        passing = self._watch.asked(request, one.peer, "")
        self._watch.sent(passing, one.body or b"", ends=one.body is not None)
        self._now = one.answered_at
        if one.status:
            answer = Answer(_head(f"HTTP/1.1 {one.status} -", one.answer_headers))
            self._watch.answered(passing, answer, hung_up=one.hung_up)
            self._watch.note_answer_body(passing, one.answer_body)
        self._watch.over(passing, hung_up=one.hung_up)
        entry = passing.entry
        if entry.kind in ("unreadable", "other") and passing.dialect is not None and passing.role is not None:
            self._refresh_without_token(entry, passing.dialect, passing.role, one)
        return entry

    def answer_facts(self, entry: Entry, one: Exchanged) -> AnswerFacts:
        """Return what else its answer tells."""
        headers = dict(one.answer_headers)
        lifetime = signed_by = None
        if entry.brought_access is not None:
            lifetime, signed_by = self._brought(one)
        elif entry.sent is not None:
            signed_by = kid(dict(one.headers).get("authorization", "").partition(" ")[2])
        refused = entry.unauthorized or one.status >= 400  # noqa: PLR2004 - of errors
        return AnswerFacts(
            self._refusal_text(headers, one.answer_body) if refused else None,
            _wait(headers),
            signed_by,
            lifetime,
        )

    def _refresh_without_token(self, entry: Entry, dialect: Dialect, role: reading.Role, one: Exchanged) -> None:
        """Take what asks for a refresh for one, although nobody can see the refresh token any more."""
        if not asks_for_refresh(dialect, role, one):
            return
        told = reading.fields(one.answer_body)
        tokens = reading.brought(dialect, told, {})
        entry.kind, entry.presented, entry.sent = "exchange", None, None
        entry.grant_outcome = outcome_by_status(dialect, one.status, told)
        if tokens.access is not None and entry.grant_outcome == Outcome.SEEN_GRANTED:
            entry.brought_access = self._fingerprint(tokens.access)
            entry.brought_refresh = None if tokens.refresh is None else self._fingerprint(tokens.refresh)

    def _brought(self, one: Exchanged) -> tuple[float | None, str | None]:
        told = reading.fields(one.answer_body)
        for dialect in self._dialects:
            tokens = reading.brought(dialect, told, {})
            if tokens.access is not None:
                said = claims(tokens.access)
                end, issued = reading.number(said.get("exp")), reading.number(said.get("iat"))
                life = tokens.lifetime if end is None or issued is None else end - issued
                return life, kid(tokens.access)
        return None, None

    def _refusal_text(self, headers: dict[str, str], body: bytes) -> str | None:
        if challenge := CHALLENGED.findall(headers.get("www-authenticate", "")):
            return spoken(challenge[-1], self._fingerprint)
        if PLAIN_WORDS.fullmatch(body):
            return spoken(body.decode(), self._fingerprint)
        return refusal_text(reading.fields(body), self._fingerprint)


def spoken(words: str, fingerprint: Callable[[str], str]) -> str | None:
    """Return a server's words, short and without what may be a secret; None: it said nothing."""
    return LIKE_SECRET.sub(lambda found: fingerprint(found[0]), words)[:LONGEST_SAID] or None


def refusal_text(told: dict[str, Any], fingerprint: Callable[[str], str]) -> str | None:
    """Return the words in which a server's JSON says what is wrong, without secrets."""
    within = told.get("error")
    if isinstance(within, dict):
        told = told | within
    words = [told[name] for name in WORDS if isinstance(told.get(name), str) and told[name]]
    return spoken(": ".join(dict.fromkeys(words[:2])), fingerprint)


def asks_by_grant(one: Exchanged) -> bool:
    """Whether a body asks for tokens as RFC 6749 does, wherever it was sent, and its answer says so."""
    if one.method != "POST" or b"grant_type" not in (one.body or b""):
        return False
    told = reading.fields(one.answer_body)
    return isinstance(reading.fields(one.body or b"").get("grant_type"), str) and bool(
        {"access_token", "error"} & told.keys()
    )


def asks_for_refresh(dialect: Dialect, role: reading.Role, one: Exchanged) -> bool:
    """Tell whether a request asks for a refresh whose token cannot be seen."""
    if role == "exchange":
        return True
    if role != "token":
        return False
    fields = reading.fields(one.body or b"")
    query = {name: each[0] for name, each in parse_qs(one.target.partition("?")[2]).items()}
    grant = reading.first(fields, dialect.grant) or reading.first(query, dialect.grant)
    return grant in dialect.refresh_grants


def outcome_by_status(dialect: Dialect, status: int, told: dict[str, Any] | None = None) -> Outcome | None:
    """Return what became of a refresh whose answer may not be there; only a status that is clear decides."""
    if told:
        tokens = reading.brought(dialect, told, {})
        return reading.outcome(dialect, status, told, tokens)
    if not status or status >= reading.FAILURE:
        return None
    if status in reading.TAKEN:
        return Outcome.UNREAD if dialect.errors else Outcome.SEEN_GRANTED
    return reading.STATUSES.get(status, Outcome.UNREAD)


def kid(token: str) -> str | None:
    """Return the key that a JWT names in its header."""
    head = claims(f"-.{token.partition('.')[0]}") if token.count(".") == 2 else {}  # noqa: PLR2004 - a JWT's dots
    return head["kid"] if isinstance(head.get("kid"), str) else None


def _wait(headers: dict[str, str]) -> float | None:
    """Return how long a `Retry-After` asks to wait, in s; an instant is held against the answer's `Date`."""
    text = headers.get("retry-after", "")
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - parsedate_to_datetime(headers["date"])).total_seconds())
    except (KeyError, ValueError, TypeError, OverflowError):
        return None


def _head(first: str, headers: Iterable[tuple[str, str]]) -> bytes:
    lines = [first, *(f"{name}: {value}" for name, value in headers if name not in UNSPOKEN)]
    return "".join(f"{line.translate(ONE_LINE)}\r\n" for line in lines).encode("latin-1", "replace")


ONE_LINE = {10: " ", 13: " ", 0: None}
