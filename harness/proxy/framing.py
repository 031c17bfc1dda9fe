"""
Where messages begin and end in the bytes of a connection, which stay as they are (RFC 9112 s.6). No I/O.

A parser such as h11's gives back what bytes mean, and no longer the bytes. This one only follows them: what it cannot
follow it says (`unclear`), and all that comes after passes unread.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

HEAD_END = re.compile(rb"\r?\n\r?\n")
LONGEST_HEAD = 262_144  # bytes; servers refuse far shorter ones (uvicorn 64 KiB, node 16 KiB, nginx 32 KiB)
LONGEST_LINE = 16_384  # bytes of a chunk's size and extensions, or of a trailer
CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?\r?", re.DOTALL)
ENDS = re.compile(rb"\r?")


class Unsized(Enum):
    """How long a body is, where no number says it."""

    CHUNKED = "chunked"
    UNTIL_END = "to the connection's end"
    UNCLEAR = "nobody can say"


Length = int | Unsized  # bytes


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes, and what they are of the message under way. `raw`, one after another, is what came."""

    raw: bytes
    head: bool = False
    content: bytes = b""  # of the body, without its chunks' sizes
    ends: bool = False  # the message, with these bytes
    unclear: bool = False  # nobody can say where a message ends; what follows is one such piece after another


class Framing:
    """
    Of one direction of one connection.

    `length_of` says how long the body is that follows a head; `is_head`, whether bytes can be the beginning of one.
    """

    def __init__(self, length_of: Callable[[bytes], Length], is_head: Callable[[bytes], bool]) -> None:
        self._length_of, self._is_head = length_of, is_head
        self._held = bytearray()
        self._left = 0  # bytes of the body, or of its chunk
        self._looked = 0  # bytes of `_held` in which no head ends
        self._next: Callable[[], Piece | None] = self._head

    def feed(self, received: bytes) -> Iterator[Piece]:
        """Yield what these bytes complete; the others are held, and are never more than LONGEST_HEAD."""
        self._held += received
        while self._held and (piece := self._next()) is not None:
            yield piece

    def stop(self) -> None:
        """Follow no further: what comes is no longer a message."""
        self._next = self._unclear

    def rest(self) -> bytes:
        """Return what is held when no more comes."""
        return self._take(len(self._held))

    def _take(self, size: int) -> bytes:
        taken = bytes(self._held[:size])
        del self._held[:size]
        self._looked = 0
        return taken

    def _line(self) -> bytes | None:
        """Return a line with its end; nothing if it is not whole."""
        at = self._held.find(b"\n")
        return None if at < 0 else bytes(self._held[: at + 1])

    def _head(self) -> Piece | None:
        blank = len(self._held) - len(self._held.lstrip(b"\r\n"))  # lines before a request (RFC 9112 s.2.2)
        if not self._is_head(bytes(self._held[blank : blank + LONGEST_LINE])):
            return self._give_up()
        found = HEAD_END.search(self._held, max(blank, self._looked - 3))
        if found is None:
            self._looked = len(self._held)
            return self._give_up() if self._looked > LONGEST_HEAD else None
        raw = self._take(found.end())
        length = self._length_of(raw)
        if length is Unsized.UNCLEAR:
            self.stop()
            return Piece(raw, head=True, unclear=True)
        if isinstance(length, int):
            self._left, self._next = length, self._sized if length else self._head
        else:
            self._next = self._size if length is Unsized.CHUNKED else self._all
        return Piece(raw, head=True, ends=length == 0)

    def _sized(self) -> Piece:
        content = self._take(self._left)
        self._left -= len(content)
        if not self._left:
            self._next = self._head
        return Piece(content, content=content, ends=not self._left)

    def _all(self) -> Piece:
        content = self.rest()
        return Piece(content, content=content)

    def _size(self) -> Piece | None:
        line = self._line()
        if line is None:
            return self._give_up() if len(self._held) > LONGEST_LINE else None
        said = CHUNK.fullmatch(line, 0, len(line) - 1)
        if said is None:
            return self._give_up()
        self._left = int(said[1], 16)
        self._next = self._chunk if self._left else self._trailer
        return Piece(self._take(len(line)))

    def _chunk(self) -> Piece:
        content = self._take(self._left)
        self._left -= len(content)
        if not self._left:
            self._next = self._after_chunk
        return Piece(content, content=content)

    def _after_chunk(self) -> Piece | None:
        line = self._line()
        if line is None:
            return self._give_up() if len(self._held) > 1 else None
        if not ENDS.fullmatch(line, 0, len(line) - 1):
            return self._give_up()
        self._next = self._size
        return Piece(self._take(len(line)))

    def _trailer(self) -> Piece | None:
        line = self._line()
        if line is None:
            return self._give_up() if len(self._held) > LONGEST_LINE else None
        over = ENDS.fullmatch(line, 0, len(line) - 1) is not None
        if over:
            self._next = self._head
        return Piece(self._take(len(line)), ends=over)

    def _give_up(self) -> Piece:
        self.stop()
        return self._unclear()

    def _unclear(self) -> Piece:
        return Piece(self.rest(), unclear=True)
