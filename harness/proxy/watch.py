"""
What is noted of each request while it passes; its entry is written before the answer that it tells of leaves.

An entry of a token endpoint comes with the last bytes of the answer, since its body is read; any other with the
answer's head. Bodies are read at a token endpoint alone, a copy of at most LONGEST bytes of each.
"""

import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from race401.harness.proxy.heads import Answer, Head, Request
from race401.harness.proxy.recorder import Recorder
from race401.harness.proxy.wire import Wire, fields
from race401.ledger.entry import Entry, received
from race401.ledger.secrecy import secret_by_name

LONGEST = 1_048_576  # bytes of a body that are read; the longest answers of token endpoints have some ten thousand
ANY_WRAPPER = zlib.MAX_WBITS | 32  # gzip's or zlib's
NO_BODY = frozenset({"GET", "HEAD", "OPTIONS"})  # methods whose requests have none that anybody waits for
UNAUTHORIZED, OK = 401, 200


@dataclass(slots=True)
class Passing:
    """A request under way. `length`: bytes of its body; `read`: whether its bodies are."""

    request: Request
    entry: Entry
    read: bool = False
    asked: bytearray = field(default_factory=bytearray)
    told: bytearray = field(default_factory=bytearray)
    answer: Answer | None = None
    length: int = 0
    whole: bool = False  # the request was sent to its end
    written: bool = False


class Watch:
    """Of what passes to one target. `token_paths`: its token endpoints; `clock`: s since the epoch."""

    def __init__(
        self, recorder: Recorder, world: str, token_paths: Sequence[str], clock: Callable[[], float] = time.time
    ) -> None:
        self._recorder, self._world, self._token_paths, self._clock = recorder, world, token_paths, clock
        self._wire = Wire(recorder.fingerprints)

    def asked(self, request: Request, address: str) -> Passing:
        """Note a request, of whose body nothing came yet. `address`: where it came from."""
        for secret in _secrets(request):
            self._recorder.masking.see(secret)
        client, attempt = request.get("x-race401-client"), request.get("x-race401-attempt")
        entry = received(self._world, request.method, request.target, self._clock(), client, attempt)
        peer = f"{address} {request.get('user-agent') or ''}"
        self._wire.asked(entry, request.path, _bearer(request), peer)
        if not request.readable:
            entry.kind = "other"
        return Passing(request, entry, request.method == "POST" and request.path in self._token_paths)

    def sent(self, passing: Passing, content: bytes, *, ends: bool) -> None:
        """Note some of the request's body."""
        passing.length += len(content)
        passing.whole = ends
        if passing.read and len(passing.asked) <= LONGEST:
            passing.asked += content

    def answered(self, passing: Passing, answer: Answer, *, hung_up: bool) -> None:
        """Note the head of its answer, which is about to leave."""
        passing.answer = answer
        if not passing.read:
            self._write(passing, hung_up=hung_up)

    def told(self, passing: Passing, content: bytes) -> None:
        """Note some of the answer's body."""
        if passing.read and not passing.written and len(passing.told) <= LONGEST:
            passing.told += content

    def over(self, passing: Passing, *, hung_up: bool) -> None:
        """Note that the answer's last bytes are about to leave, or that none will come any more."""
        if not passing.written:
            if passing.read and passing.answer is not None:
                self._understand(passing, passing.answer)
            self._write(passing, hung_up=hung_up)

    def _write(self, passing: Passing, *, hung_up: bool) -> None:
        entry, answer = passing.entry, passing.answer
        passing.written = True
        entry.answered_at, entry.hung_up = self._clock(), hung_up
        if passing.whole and entry.method not in NO_BODY:
            entry.body_length = passing.length
        if answer is not None:
            entry.status = answer.status or 0
            self._wire.redirected(entry, entry.status, answer.get("location"))
            if entry.status == UNAUTHORIZED:
                entry.cause = _cause(passing.request, entry)
        self._recorder.write(entry)

    def _understand(self, passing: Passing, answer: Answer) -> None:
        """Note what the token endpoint was asked, and what it said."""
        status = answer.status or 0
        asked, told = fields(_read(passing.request, passing.asked)), fields(_read(answer, passing.told))
        for name, value in [*asked.items(), *told.items()]:
            if secret_by_name(name):
                self._recorder.masking.see(str(value))
        query = fields(passing.request.target.partition("?")[2].encode("latin-1"))
        grant = query.get("grant_type") or asked.get("grant_type")
        entry = passing.entry
        entry.kind = "other"
        if grant == "refresh_token":
            self._wire.exchanged(entry, str(asked.get("refresh_token", "")), status, told)
        elif grant is None:
            entry.grant_outcome = "unread"  # whether a session began or went on, nobody can say
        elif status == OK and told.get("access_token"):
            self._wire.signed_in(entry, told)


def _cause(request: Request, entry: Entry) -> str | None:
    """Return why, where the wire tells: no token was sent, or one that says itself that it is over."""
    if _bearer(request) is None:
        return "missing_token"
    return "expired" if entry.token_left_s is not None and entry.token_left_s <= 0 else None


def _bearer(request: Request) -> str | None:
    kind, _, token = (request.get("authorization") or "").partition(" ")
    return token if kind.lower() == "bearer" and token else None


def _read(head: Head, body: bytearray) -> bytes:
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
