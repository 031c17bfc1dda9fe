"""JSON lines, read one by one: what cannot be read is named, and what stands around it is there."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec

from race401.harness.judge.counted import counted

T = TypeVar("T")
Source: TypeAlias = Path | bytes
"""A file, or what it would hold."""
BLOCK = 1_000_000  # bytes that are decoded in one call
NAMED = 3  # damaged lines of a file that a sentence names


class NotLines(Exception):
    """Not one line of it is what it should be; the message says why not."""


@dataclass
class Lines(Generic[T]):
    """What was read."""

    items: list[T] = field(default_factory=list)
    damaged: list[tuple[int, str]] = field(default_factory=list)  # numbers of lines, from 1, and what is wrong there
    torn: bool = False  # the last line is not whole

    def damage(self, name: str) -> list[str]:
        """Return a sentence of what is damaged, if anything is."""
        if not self.damaged:
            return []
        some = "; ".join(f"line {number}: {why}" for number, why in self.damaged[:NAMED])
        more = f"; and {len(self.damaged) - NAMED} more" if len(self.damaged) > NAMED else ""
        return [f"{counted(len(self.damaged), 'line')} of {name} cannot be read ({some}{more})"]


def read(source: Source, kind: type[T], share: Callable[[list[T], Any], None], kept: dict[str, str]) -> Lines[T]:
    """Decode each line as this kind. Equal strings are kept once, by `share` in `kept`: half the memory.

    Raises OSError, and NotLines where there are lines and none can be read.
    """
    decoder, found, number, rest = msgspec.json.Decoder(kind), Lines[T](), 0, b""
    with _opened(source) as file:
        while block := file.read(BLOCK):
            block += file.readline()
            if not block.endswith(b"\n"):
                whole, end, rest = block.rpartition(b"\n")
                block = whole + end
            n = block.count(b"\n")
            items = _decoded(block, n, decoder)
            if items is None:
                items, damaged = _one_by_one(block, number, decoder)
                found.damaged += damaged
            share(items, kept)
            found.items += items
            number += n
    found.torn = bool(rest)
    if not found.items and found.damaged:
        first, why = found.damaged[0]
        raise NotLines(f"line {first}: {why}")
    if not found.items and found.torn and not rest.startswith(b"{"):
        raise NotLines("line 1: no JSON object")
    return found


def _decoded(block: bytes, n: int, decoder: "msgspec.json.Decoder[T]") -> list[T] | None:
    """Decode n lines in one call; None: not every line holds one item, and which does not is to be found out."""
    try:
        items = decoder.decode_lines(block)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return items if len(items) == n else None


def _one_by_one(
    block: bytes, before: int, decoder: "msgspec.json.Decoder[T]"
) -> tuple[list[T], list[tuple[int, str]]]:
    """Decode what can be, and name what cannot, by its number; `before`: how many lines came before these."""
    items, damaged = list[T](), list[tuple[int, str]]()
    for number, line in enumerate(io.BytesIO(block), before + 1):
        try:
            items.append(decoder.decode(line))
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            damaged.append((number, str(error)))
    return items, damaged


def sha256(source: Source) -> str:
    """Return the digest as `sha256sum` has it; raises OSError."""
    with _opened(source) as file:
        return file_digest(file, "sha256").hexdigest()


def count(source: Source) -> int:
    """Return how many lines there are; raises OSError."""
    with _opened(source) as file:
        return sum(1 for _ in file)


def _opened(source: Source) -> Any:
    return io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
