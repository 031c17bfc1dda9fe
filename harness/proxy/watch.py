"""
What is noted of each request while it passes; its entry is written before the answer that it tells of leaves.

Where a dialect says that bodies are read, a copy is kept of each, of at most LONGEST bytes, and the entry comes with
the answer's last bytes; any other entry comes with the answer's head.
"""

import re
import time
import zlib
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from race401.harness.proxy.heads import Answer, Head, Request
from race401.harness.proxy.wire import Wire
from race401.ledger.dialects import reading
from race401.ledger.dialects.dialect import Dialect
from race401.ledger.dialects.presets import USUAL
from race401.ledger.dialects.reading import Asked, Role, Tokens
from race401.ledger.entry import UNAUTHORIZED, Entry, received
from race401.ledger.fingerprints import Fingerprints
from race401.ledger.masking import Masking
from race401.ledger.outcomes import Outcome
from race401.ledger.secrecy import secret_by_name

ELSEWHERE = re.compile(r"(?:https?:)?//([^/?#]+)", re.IGNORECASE)  # a `Location` that names a host
LONGEST = 1_048_576  # bytes of a body that are read; the longest answers of token endpoints have some ten thousand
ANY_WRAPPER = zlib.MAX_WBITS | 32  # gzip's or zlib's
NO_BODY = frozenset({"GET", "HEAD", "OPTIONS"})  # methods whose requests have none that anybody waits for
READ: frozenset[Role | None] = frozenset(
    {"token", "exchange", "sign_in"}
)  # both bodies; of a sign-out, what is asked
PEEK = 4_096  # bytes of a request's body at a path that nobody named, in which a refresh may show
SHOWS_REFRESH = re.compile(
    rb"""(?:^|&)(?:grant_type=refresh_token\b|refresh_?token=)|["']refresh_?token["']\s*:|:\s*["']refresh_token["']""",
    re.IGNORECASE,
)
REFRESHES = re.compile(r"/(?:token[/_-])?(?:refresh|renew)(?:[/_-]?(?:token|session))?/?$", re.IGNORECASE)


class Record(Protocol):
    """Where entries go: a `Recorder`, or a list."""

    fingerprints: Fingerprints
    masking: Masking

    def write(self, entry: Entry) -> None:
        """Take an entry to which nothing is added any more."""


@dataclass(slots=True)
class Passing:
    """A request under way. `length`: bytes of its body; `read`: whether the answer's is."""

    request: Request
    entry: Entry
    dialect: Dialect | None = None
    role: Role | None = None
    read: bool = False
    asked: bytearray = field(default_factory=bytearray)
    answer_body: bytearray = field(default_factory=bytearray)
    answer: Answer | None = None
    length: int = 0
    whole: bool = False  # the request was sent to its end
    written: bool = False
    left_at: float | None = None  # when the client hung up, s


class Watch:
    """
    Of what passes, to one target or to several.

    `dialects`: how they say things, the first that fits; `clock`: s since the epoch; `say`: gets lines for people;
    `around`: `HOST:PORT` of targets, to which a redirect leads its client around whoever watches.
    """

    def __init__(
        self,
        recorder: Record,
        dialects: Sequence[Dialect] = USUAL,
        clock: Callable[[], float] = time.time,
        say: Callable[[str], None] = print,
        around: Container[str] = (),
    ) -> None:
        self._recorder, self._dialects = recorder, dialects
        self._clock, self._say, self._around = clock, say, around
        self._wire = Wire(recorder.fingerprints)
        self._action = next((dialect.action_header for dialect in dialects if dialect.action_header), "")
        self._pointed_out: set[str] = set()

    def asked(self, request: Request, address: str, world: str) -> Passing:
        """Note a request, of whose body nothing came yet. `address`: where it came from; `world`: where it goes."""
        for secret in _secrets(request):
            self._recorder.masking.see(secret)
        client, attempt = request.get("x-race401-client"), request.get("x-race401-attempt")
        entry = received(world, request.method, request.target, self._clock(), client, attempt)
        self._wire.asked(entry, self._access(request), f"{address} {request.get('user-agent') or ''}")
        action = request.get(self._action) or "" if self._action else ""
        dialect, role = reading.role(self._dialects, request.method, request.path, action)
        entry.kind = "preflight" if request.method == "OPTIONS" else "api" if role is None else "other"
        if not request.readable or _without_token(request):
            entry.kind = "other"
        in_body = role is None and any(reading.in_body(each, request.path) for each in self._dialects)
        return Passing(request, entry, dialect, role, role in READ or in_body)

    def sent(self, passing: Passing, content: bytes, *, ends: bool) -> None:
        """Note some of the request's body."""
        passing.length += len(content)
        passing.whole = ends
        if len(passing.asked) <= (LONGEST if passing.read or passing.role == "sign_out" else PEEK):
            passing.asked += content

    def left(self, waiting: Iterable[Passing]) -> None:
        """Note that the client hung up, on these."""
        for passing in waiting:
            passing.left_at = self._clock()

    def answered(self, passing: Passing, answer: Answer, *, hung_up: bool) -> None:
        """Note the head of its answer, which is about to leave."""
        passing.answer = answer
        if not passing.read:
            self._write(passing, hung_up=hung_up)

    def note_answer_body(self, passing: Passing, content: bytes) -> None:
        """Note some of the answer's body."""
        if passing.read and not passing.written and len(passing.answer_body) <= LONGEST:
            passing.answer_body += content

    def over(self, passing: Passing, *, hung_up: bool) -> None:
        """Note that the answer's last bytes are about to leave, or that none will come any more."""
        if not passing.written:
            self._write(passing, hung_up=hung_up)

    def _write(self, passing: Passing, *, hung_up: bool) -> None:
        entry, answer = passing.entry, passing.answer
        passing.written = True
        if passing.role not in (None, "auth") and passing.dialect is not None:
            self._understand(passing, passing.dialect, passing.role)
        elif passing.role is None and _shows_refresh(passing.request, passing.asked):
            entry.kind = "unnamed"
        entry.answered_at, entry.hung_up = self._clock(), hung_up
        entry.hung_up_at = passing.left_at if hung_up else None
        if passing.whole and entry.method not in NO_BODY:
            entry.body_length = passing.length
        if answer is not None:
            entry.status = answer.status or 0
            self._wire.redirected(entry, entry.status, answer.get("location"))
            if entry.kind == "api":
                body = reading.fields(_plain(answer, passing.answer_body)) if passing.read else None
                refused = reading.refuses(self._dialects, entry.status, passing.request.path, body)
                entry.refusal = refused and entry.status != UNAUTHORIZED
            if entry.unauthorized:
                entry.cause = _cause(passing.request, answer, entry)
        self._recorder.write(entry)
        where = f"{entry.method} {entry.target.partition('?')[0]}"  # masked by now
        if entry.kind == "unnamed":
            read = "name it by --token-path PATH, or a --dialect"
            self._point_out(passing.request.path, f"{where} looks like a refresh and is not read; {read}")
        if answer is not None and entry.redirect is not None and (host := _host(answer)) in self._around:
            self._point_out(host, f"{where} redirects to {host}, around the proxy; --rewrite keeps clients here")

    def _point_out(self, what: str, line: str) -> None:
        """Say it once."""
        if what not in self._pointed_out:
            self._pointed_out.add(what)
            self._say(line)

    def _understand(self, passing: Passing, dialect: Dialect, role: Role) -> None:
        """Note what the auth server was asked, and what it said."""
        request, entry, answer = passing.request, passing.entry, passing.answer
        query = reading.fields(request.target.partition("?")[2].encode("latin-1"))
        body = reading.fields(_plain(request, passing.asked))
        asked = Asked(body, query, _cookies(request), _bearer(request), _basic(request), empty=not passing.length)
        status = 0 if answer is None else answer.status or 0
        told = {} if answer is None else reading.fields(_plain(answer, passing.answer_body))
        tokens = Tokens() if answer is None else reading.brought(dialect, told, _set_cookies(answer))
        for name, value in [*body.items(), *told.items()]:
            if secret_by_name(name):
                self._see(value)
        token = reading.presented(dialect, asked)
        self._see(token, tokens.access, tokens.refresh)
        if role == "sign_out":
            if query.get("scope") != "others":  # it asks for the end of all sessions but its own
                named = reading.first(body, ("token", *dialect.refresh))
                self._wire.signed_out(entry, None if named is None else str(named))
            return
        kind = "sign_in" if role == "sign_in" else reading.asks(dialect, role, asked, status)
        if kind == "exchange":
            outcome = None if answer is None else reading.outcome(dialect, status, told, tokens)
            self._wire.exchanged(entry, token or "", outcome, tokens)
        elif kind == "sign_in" and status in reading.TAKEN and tokens.access is not None:
            self._wire.signed_in(entry, tokens, reading.credentials(dialect, asked))
        elif kind == "unreadable":
            entry.kind, entry.grant_outcome = kind, Outcome.UNREAD

    def _access(self, request: Request) -> str | None:
        """Return the access token, which is none where it is no session's: a key that all clients send."""
        bearer = _bearer(request)
        if bearer is not None:
            return None if bearer == request.get("apikey") else bearer
        if request.get("authorization") is not None or not any(each.access_cookies for each in self._dialects):
            return None
        cookies = _cookies(request)
        return next(
            (cookies[name] for each in self._dialects for name in each.access_cookies if cookies.get(name)), None
        )

    def _see(self, *secrets: object) -> None:
        for secret in secrets:
            if secret is not None:
                self._recorder.masking.see(str(secret))


def _shows_refresh(request: Request, body: bytearray) -> bool:
    """Whether this looks like a refresh."""
    if request.method in NO_BODY:
        return False
    by_cookie = REFRESHES.search(request.path) and any("refresh" in name.lower() for name in _cookies(request))
    return bool(by_cookie) or SHOWS_REFRESH.search(bytes(body)) is not None


def _cause(request: Request, answer: Answer, entry: Entry) -> str | None:
    """Return why, where the wire tells: no token was sent, or one that says itself that it is over."""
    if entry.sent is None:
        wants = "bearer" in (answer.get("www-authenticate") or "").lower()
        return "missing_token" if wants or request.get("cookie") is None else None
    return "expired" if entry.token_left_s is not None and entry.token_left_s <= 0 else None


def _host(answer: Answer) -> str:
    """Return `HOST:PORT` of where an answer redirects to, without a port where it names none; empty: nowhere else."""
    found = ELSEWHERE.match(answer.get("location") or "")
    return "" if found is None else found[1].lower()


def _bearer(request: Request) -> str | None:
    kind, _, token = (request.get("authorization") or "").partition(" ")
    return token.strip() if kind.lower() in reading.SCHEMES and token.strip() else None


def _basic(request: Request) -> str | None:
    kind, _, told = (request.get("authorization") or "").partition(" ")
    return told.strip() or None if kind.lower() == "basic" else None


def _without_token(request: Request) -> bool:
    """Whether a request says who sends it in a way that has no access token: Basic, a signature."""
    return request.get("authorization") is not None and _bearer(request) is None


def _cookies(request: Request) -> dict[str, str]:
    pairs = (pair.partition("=") for each in request.all("cookie") for pair in each.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _set_cookies(answer: Answer) -> Mapping[str, str]:
    """Return the cookies that an answer sets; one that it deletes is empty."""
    pairs = (each.partition(";")[0].partition("=") for each in answer.all("set-cookie"))
    return {name.strip(): value.strip() for name, _, value in pairs if value.strip()}


def _plain(head: Head, body: bytearray) -> bytes:
    """Return a body without its compression; nothing, if that is none that we know, or the body too long."""
    coding = (head.get("content-encoding") or "identity").lower()
    if len(body) > LONGEST or coding not in ("identity", "gzip", "deflate"):
        return b""
    try:
        return bytes(body) if coding == "identity" else zlib.decompressobj(ANY_WRAPPER).decompress(body, LONGEST)
    except zlib.error:
        return b""


def _secrets(request: Request) -> Iterator[str]:
    """Yield what the headers hold of credentials: tokens, keys and cookies."""
    for name, value in request.headers:
        if name == "cookie":
            yield from (pair.partition("=")[2] for pair in value.split("; "))
        elif secret_by_name(name):
            yield value.rpartition(" ")[2]
