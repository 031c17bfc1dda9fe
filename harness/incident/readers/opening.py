"""A file of somebody's: its bytes as text, whatever its encoding, as far as they go, and how far that is by now."""

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

BEGINNING = 65_536  # bytes by which a file's encoding and kind are told
MARKS = {  # byte order marks, the longer before those that they begin with
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
CHUNK = 262_144  # bytes that are read at once
GZIP = b"\x1f\x8b"
LONGEST = 4_194_304  # characters of a line that is read: more than any log writes, and a bound for what is none
Progress = Callable[[int, int], None]
"""Gets the bytes read, and those that there are."""


class Opened:
    """A file that can be read again from its beginning. Raises OSError."""

    def __init__(self, path: Path, progress: Progress = lambda _done, _all: None) -> None:
        self.path, self._progress = path, progress
        with path.open("rb") as file:
            self._packed = file.read(2) == GZIP
        self.cut = False  # whether a packed file ended too early, when it was read last
        with self._bytes() as raw:
            beginning = _some(raw)
        self.encoding = _encoding(beginning)
        self.beginning = beginning.decode(self.encoding, "replace")
        """The file's first characters."""

    def lines(self) -> Iterator[tuple[int, str, bool]]:
        """Yield each line's number, from 1, its text, and whether it has its end; empty ones are passed over."""
        number, joined = 0, False
        with self._bytes() as raw:
            text = io.TextIOWrapper(raw, self.encoding, errors="replace", newline=None)
            while line := self._line(text):
                number += not joined
                whole = line.endswith("\n")
                joined = not whole and len(line) >= LONGEST
                if line.strip():
                    yield number, line.rstrip("\n"), whole

    @contextmanager
    def utf8(self) -> Iterator[IO[bytes]]:
        """Open it as bytes of UTF-8."""
        with self._bytes() as raw:
            if self.encoding in ("utf-8", "ascii"):
                yield raw
            else:
                text = io.TextIOWrapper(raw, self.encoding, errors="replace", newline="")
                yield io.BufferedReader(_Recoded(text))

    def _line(self, text: io.TextIOWrapper) -> str:
        try:
            return text.readline(LONGEST)
        except (EOFError, zlib.error):
            self.cut = True
            return ""

    @contextmanager
    def _bytes(self) -> Iterator[IO[bytes]]:
        with self.path.open("rb") as file:
            counted = io.BufferedReader(_Counted(file, self.path.stat().st_size, self._progress), CHUNK)
            with counted:
                yield gzip.GzipFile(fileobj=counted) if self._packed else counted  # type: ignore[misc]


class _Counted(io.RawIOBase):
    """Says how far it is read."""

    def __init__(self, file: IO[bytes], size: int, progress: Progress) -> None:
        self._file, self._size, self._progress, self._done = file, size, progress, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        read: int = self._file.readinto(buffer)  # type: ignore[attr-defined]
        self._done += read
        self._progress(self._done, self._size)
        return read


class _Recoded(io.RawIOBase):
    """Text as bytes of UTF-8."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text, self._left = text, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            self._left = self._text.read(len(buffer)).encode("utf-8", "replace")
        some, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(some)] = some
        return len(some)


def _some(raw: IO[bytes]) -> bytes:
    try:
        return raw.read(BEGINNING)
    except (EOFError, zlib.error):
        return b""


def _encoding(beginning: bytes) -> str:
    """Return the encoding that these first bytes are in."""
    for mark, name in MARKS.items():
        if beginning.startswith(mark):
            return name
    even, odd = beginning[0::2].count(0), beginning[1::2].count(0)
    if max(even, odd) > len(beginning) // 4:
        return "utf-16-le" if odd > even else "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(beginning)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"
