"""
What the head of a request or an answer says, read from bytes that pass on; and the few that cannot stay as they are.

Those are the path's prefix and `Host`, since the client named another host, and what compression the answer of a
request may have whose body is read.
"""

import re
from dataclasses import dataclass
from functools import cached_property

from race401.harness.proxy.framing import Length, Unsized

REQUEST = re.compile(rb"(?:\r?\n)*([^\s]+) ([^\s].*?)(?: (HTTP/\d\.\d))?\r?", re.DOTALL)
STATUS = re.compile(rb"(?:\r?\n)*HTTP/\d\.\d (\d\d\d)(?: .*)?\r?", re.DOTALL)
METHOD = re.compile(
    rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{0,64}(?: |\Z)"
)  # a token (RFC 9110 s.5.6.2), or the beginning of one
NUMBER = re.compile(r"\d{1,18}", re.ASCII)
INFORMATIONAL, SWITCHING = range(100, 200), 101
BODILESS = frozenset({204, 304})
TAKEN = range(200, 300)


@dataclass(frozen=True)
class Head:
    """Of a message. `raw` ends with an empty line."""

    raw: bytes

    @cached_property
    def lines(self) -> list[bytes]:
        """The first line, which says what this is, and the headers' lines, without their ends."""
        return [line.removesuffix(b"\r") for line in self.raw.strip(b"\r\n").split(b"\n")]

    @cached_property
    def headers(self) -> list[tuple[str, str]]:
        """Names in lower case, values byte by byte (Latin-1), in their order."""
        pairs = (line.decode("latin-1").partition(":") for line in self.lines[1:])
        return [(name.strip().lower(), value.strip()) for name, _, value in pairs]

    def all(self, name: str) -> list[str]:
        """Return the values of a header."""
        return [value for each, value in self.headers if each == name]

    def get(self, name: str) -> str | None:
        """Return its first value."""
        return next((value for each, value in self.headers if each == name), None)

    def _length(self, unsaid: Length) -> Length:
        """Return the body's by the headers; two that disagree are nobody's guess (RFC 9112 s.6.3)."""
        codings = [coding.strip().lower() for each in self.all("transfer-encoding") for coding in each.split(",")]
        sizes = {size.strip() for each in self.all("content-length") for size in each.split(",")}
        if codings:
            return Unsized.CHUNKED if codings == ["chunked"] and not sizes else Unsized.UNCLEAR
        if not sizes:
            return unsaid
        size = sizes.pop()
        return Unsized.UNCLEAR if sizes or not NUMBER.fullmatch(size) else int(size)


@dataclass(frozen=True)
class Request(Head):
    """Of a request."""

    @cached_property
    def _request_line(self) -> re.Match[bytes] | None:
        return REQUEST.fullmatch(self.lines[0])

    @property
    def readable(self) -> bool:
        """Whether its first line is a request's."""
        return (
            self._request_line is not None
            and self._request_line[3] is not None
            and not self._request_line[3].startswith(b"HTTP/2")
        )

    @property
    def method(self) -> str:
        """As it was sent; `?` if it cannot be read."""
        return "?" if self._request_line is None else self._request_line[1].decode("latin-1")

    @cached_property
    def target(self) -> str:
        """Path and query, byte by byte; of a whole URL (RFC 9112 s.3.2.2), its path and query."""
        said = "?" if self._request_line is None else self._request_line[2].decode("latin-1")
        whole = re.match(r"https?://[^/?#]*", said, re.IGNORECASE)
        return said if whole is None else said[whole.end() :] or "/"

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def length(self) -> Length:
        """How long its body is."""
        return self._length(0) if self.readable else Unsized.UNCLEAR

    def sent_to(self, host: bytes, prefix: bytes = b"", encoding: bytes | None = None) -> bytes:
        """Return it as the target gets it: of that host, below that prefix, answered in that encoding."""
        raw = self.raw
        if prefix and self._request_line is not None and self._request_line[2].startswith(b"/"):
            at = raw.index(self._request_line[2], len(raw) - len(raw.lstrip(b"\r\n")) + len(self._request_line[1]))
            raw = raw[:at] + prefix + raw[at:]
        raw = _with(raw, b"host", host, times=1)  # a second one is for the target to refuse
        if encoding is None:
            return raw
        if self.get("accept-encoding") is not None:
            return _with(raw, b"accept-encoding", encoding)
        first, end, rest = raw.lstrip(b"\r\n").partition(b"\n")
        return first + end + b"Accept-Encoding: " + encoding + b"\r\n" + rest


@dataclass(frozen=True)
class Answer(Head):
    """Of an answer."""

    @cached_property
    def status(self) -> int | None:
        """Its status; nothing if this is no answer."""
        said = STATUS.fullmatch(self.lines[0])
        return None if said is None else int(said[1])

    @property
    def informs(self) -> bool:
        """Whether another answer follows to the same request, as after 100 and 103."""
        return self.status in INFORMATIONAL and self.status != SWITCHING

    def length(self, method: str) -> Length:
        """Return how long its body is; unclear, too, where what follows is no answer any more."""
        if self.status is None or self.status == SWITCHING or (method == "CONNECT" and self.status in TAKEN):
            return Unsized.UNCLEAR
        if method == "HEAD" or self.status in BODILESS or self.status in INFORMATIONAL:
            return 0
        return self._length(Unsized.UNTIL_END)


def is_request(raw: bytes) -> bool:
    """Tell whether bytes can be how a request begins; whoever sends others waits for an answer without more."""
    line, end, _ = raw.partition(b"\n")
    return METHOD.match(line) is not None and (not end or Request(line).readable)


def is_answer(raw: bytes) -> bool:
    """Tell whether bytes can be how an answer begins."""
    return raw[:5] == b"HTTP/"[: len(raw)]


def _with(raw: bytes, name: bytes, value: bytes, times: int = 0) -> bytes:
    """Return the head with another value in this header, so many times; 0: wherever it is."""
    line = re.compile(rb"(?<=\n)(" + re.escape(name) + rb"[ \t]*:[ \t]*)[^\r\n]*", re.IGNORECASE)
    return line.sub(lambda found: found[1] + value, raw, times)
