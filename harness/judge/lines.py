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
NAMED = 3  # damaged lines of a file that a sentence names


class NotLines(Exception):
    """Not one line of it is what it should be; the message says why not."""


@dataclass
class Lines(Generic[T]):
    """What was read."""

    items: list[T] = field(default_factory=list)
    damaged: list[tuple[int, str]] = field(default_factory=list)  # numbers of lines, from 1, and what is wrong there
    torn: bool = False  # the last line is not whole

    def told(self, name: str) -> list[str]:
        """Return a sentence of what is damaged, if anything is."""
        if not self.damaged:
            return []
        some = "; ".join(f"line {number}: {why}" for number, why in self.damaged[:NAMED])
        more = f"; and {len(self.damaged) - NAMED} more" if len(self.damaged) > NAMED else ""
        return [f"{counted(len(self.damaged), 'line')} of {name} cannot be read ({some}{more})"]


def read(source: Source, kind: type[T], share: Callable[[T, Callable[[Any, Any], Any]], None], kept: Any) -> Lines[T]:
    """Decode each line as this kind. Equal strings are kept once, by `share` in `kept`: half the memory.

    Raises OSError, and NotLines where there are lines and none can be read.
    """
    decode, one, line, found = msgspec.json.Decoder(kind).decode, kept.setdefault, b"\n", Lines[T]()
    with _opened(source) as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                break
            try:
                item = decode(line)
            except (msgspec.DecodeError, ValueError, RecursionError) as error:
                found.damaged.append((number, str(error)))
                continue
            found.items.append(item)
            share(item, one)
    found.torn = not line.endswith(b"\n")
    if not found.items and found.damaged:
        number, why = found.damaged[0]
        raise NotLines(f"line {number}: {why}")
    if not found.items and found.torn and not line.startswith(b"{"):
        raise NotLines("line 1: no JSON object")
    return found


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
