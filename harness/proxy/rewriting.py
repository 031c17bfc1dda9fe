"""
What an answer says that would lead its client around the proxy, in the proxy's own words. Only where it is asked for.

Absolute URLs of the targets: in `Location`, in the `WWW-Authenticate` of a protected resource (RFC 9728), and in
documents below `/.well-known/`. Cookies: their `Domain`, and `Secure` where the proxy itself speaks no TLS.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from race401.harness.proxy.framing import Piece, Unsized
from race401.harness.proxy.heads import TAKEN, Answer, Request
from race401.harness.proxy.target import Target
from race401.ledger.entry import Entry

LONGEST = 1_048_576  # bytes of a document that is held, to be read whole; a longer one passes as it is
DOCUMENT = re.compile(r"(?:\A|/)\.well-known/")
LINE = rb"(?im)^(%s[ \t]*:[ \t]*)([^\r\n]*)"
LOCATION, CHALLENGE, COOKIE, LENGTH = (
    re.compile(LINE % name) for name in (rb"location", rb"www-authenticate", rb"set-cookie", rb"content-length")
)
CODING = re.compile(rb"(?im)^transfer-encoding[ \t]*:[^\r\n]*\r?\n")
SLASH = rb"(?:\\?/)"  # JSON may have a backslash before it
ENDS = rb"(?![\w.:%@-])"  # a host, or a prefix, that only begins like the target's is another


@dataclass(frozen=True)
class Place:
    """A target's URL as an answer may write it, and what stands here for it."""

    url: re.Pattern[bytes]
    quoted: re.Pattern[bytes]  # the same, in a document
    below: re.Pattern[bytes] | None  # its path alone, where the target is below one
    here: bytes


class Rewriting:
    """Of answers, for one proxy. `places`: the target of each of its own URLs."""

    def __init__(self, places: Mapping[str, Target]) -> None:
        self._places = [_place(here, target) for here, target in places.items()]
        self._secure = all(here.startswith("https:") for here in places)

    def reads(self, request: Request) -> bool:
        """Whether the answer to this may be a document that is to be rewritten."""
        return request.method == "GET" and DOCUMENT.search(request.path) is not None

    def head(self, raw: bytes) -> tuple[bytes, list[str]]:
        """Return the head of an answer, rewritten, and what was changed in it."""
        changed = []
        for name, line, change in (
            ("location", LOCATION, self._location),
            ("challenge", CHALLENGE, self._quoted),
            ("cookie", COOKIE, self._cookie),
        ):
            new = line.sub(_with(change), raw)
            changed += [name] if new != raw else []
            raw = new
        return raw, changed

    def document(self, answer: Answer, content: bytes) -> tuple[bytes, bytes] | None:
        """Return head and body of a whole document, rewritten; None: it names no target."""
        new = self._quoted(content)
        if new == content:
            return None
        length = b"%d" % len(new)
        head = CODING.sub(b"", answer.raw)
        if LENGTH.search(head):
            return LENGTH.sub(lambda found: found[1] + length, head, 1), new
        first, end, rest = head.partition(b"\n")
        return first + end + b"Content-Length: " + length + b"\r\n" + rest, new

    def _location(self, url: bytes) -> bytes:
        for place in self._places:
            if (found := place.url.match(url)) is not None:
                return place.here + url[found.end() :]
            if place.below is not None and (found := place.below.match(url)) is not None:
                return url[found.end() :] or b"/"
        return url

    def _quoted(self, text: bytes) -> bytes:
        """Return the text with the targets' URLs replaced where they stand in quotes."""
        for place in self._places:
            text = place.quoted.sub(place.here, text)
        return text

    def _cookie(self, cookie: bytes) -> bytes:
        pair, *attributes = cookie.split(b";")
        dropped = {b"domain"} if self._secure else {b"domain", b"secure"}
        kept = [each for each in attributes if each.partition(b"=")[0].strip().lower() not in dropped]
        if not self._secure and len(kept) < len(attributes):  # which without Secure is for nobody
            kept = [each for each in kept if each.replace(b" ", b"").lower() != b"samesite=none"]
        return b";".join([pair, *kept])


class Rewritten:
    """The answers of one connection as their client gets them. A document is held until it is whole."""

    def __init__(self, rewriting: Rewriting) -> None:
        self._rewriting, self.reads = rewriting, rewriting.reads
        self._held: list[Piece] = []
        self._answer = Answer(b"")
        self._size = 0

    def pieces(self, piece: Piece, answer: Answer, entry: Entry, *, document: bool) -> Iterator[Piece]:
        """Yield what takes this piece's place, and note in the entry what was changed."""
        if piece.head:
            raw, changed = self._rewriting.head(piece.raw)
            _note(entry, *changed)
            fresh = replace(piece, raw=raw)
            if document and not (piece.ends or piece.unclear) and _readable(answer):
                self._held, self._answer, self._size = [fresh], Answer(raw), 0
            else:
                yield fresh
        elif self._held:
            self._held.append(piece)
            self._size += len(piece.raw)
            if piece.unclear or self._size > LONGEST:
                yield from self._as_it_is()
            elif piece.ends:
                yield from self._whole(entry)
        else:
            yield piece

    def rest(self, entry: Entry) -> Iterator[Piece]:
        """Yield what is held when no more comes: whole, if the connection's end is the document's."""
        if self._held and self._answer.length("GET") is Unsized.UNTIL_END:
            yield from self._whole(entry)
        else:
            yield from self._as_it_is()

    def _whole(self, entry: Entry) -> Iterator[Piece]:
        new = self._rewriting.document(self._answer, b"".join(piece.content for piece in self._held))
        if new is None:
            yield from self._as_it_is()
            return
        self._held = []
        _note(entry, "document")
        head, content = new
        yield Piece(head, head=True)
        yield Piece(content, content=content, ends=True)

    def _as_it_is(self) -> Iterator[Piece]:
        held, self._held = self._held, []
        yield from held


def _note(entry: Entry, *changed: str) -> None:
    if changed:
        entry.rewritten = ", ".join(dict.fromkeys([*(entry.rewritten or "").split(", "), *changed])).lstrip(", ")


def _readable(answer: Answer) -> bool:
    """Whether an answer is a document that can be read: JSON, and not compressed."""
    kind, coding = answer.get("content-type") or "", answer.get("content-encoding") or "identity"
    return answer.status in TAKEN and "json" in kind.lower() and coding.lower() == "identity"


def _with(change: Callable[[bytes], bytes]) -> Callable[[re.Match[bytes]], bytes]:
    return lambda found: found[1] + change(found[2])


def _place(here: str, target: Target) -> Place:
    """Read the target's URL; a port that its scheme implies may be written or not."""
    written = b":%d" % target.port
    implied = not target.authority.endswith(written)
    host = re.escape(target.authority.removesuffix(written))
    port = b"(?::%d)?" % target.port if implied else written
    prefix = re.escape(target.prefix).replace(b"/", SLASH)
    url = rb"(?:https?:)?" + SLASH * 2 + host + port + prefix + ENDS
    below = re.compile(re.escape(target.prefix) + rb"(?=[/?#]|\Z)") if target.prefix else None
    quoted = re.compile(b'(?<=")' + url, re.IGNORECASE)
    return Place(re.compile(url, re.IGNORECASE), quoted, below, here.encode())
