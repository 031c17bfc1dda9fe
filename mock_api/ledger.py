"""
The ledger: the server's append-only record of every request, with the cause of every refusal.

What a client says in it is masked (`race401.ledger.masking`) before anybody can read it, in memory too.
An entry reaches the operating system before its answer leaves, so that no answer that a client received is
missing from it, whatever ends the process. A write that fails is said once and counted, and the next entry that can
be written says how many were not; it breaks no answer, and leaves no part of a line.
"""

import contextlib
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import msgspec

from race401.ledger.entry import Entry
from race401.ledger.fingerprints import Fingerprints
from race401.ledger.lines import Lines
from race401.ledger.masking import Masking
from race401.ledger.steady import Steady

KEPT = 50_000  # entries held in memory, about 600 bytes each
COUNTED = 1_000  # different counts; paths that come later are counted together, as ELSEWHERE
ELSEWHERE = "*"


class _Place(msgspec.Struct):
    """Of an entry, its place alone."""

    seq: int


class Ledger:
    """
    Entries in memory (the newest KEPT), exact counters, and a JSONL file if a path is given; raises OSError.

    A file that has entries is gone on with: the order of decisions goes on after theirs.
    """

    def __init__(
        self,
        path: Path | None = None,
        kept: int = KEPT,
        order: Iterator[int] | None = None,
        fingerprints: Fingerprints | None = None,
    ) -> None:
        self.fingerprints = Fingerprints() if fingerprints is None else fingerprints
        self.masking = Masking(self.fingerprints)
        self.entries: deque[Entry] = deque(maxlen=kept)
        self.counts: Counter[tuple[str, str, int, str | None, str | None]] = Counter()
        self.listeners: list[Callable[[Entry], None]] = []  # called with each entry that is written
        self.dropped = 0
        self.lost = 0
        self._unsaid = 0  # of these, how many no entry of the file tells
        self._order = order if order is not None else count(1 + _last(path))
        self._encoder = msgspec.json.Encoder()
        self._file = None if path is None else Lines(path)
        self._steady = Steady()

    def decide(self, entry: Entry) -> None:
        """Give the entry its place in the order of decisions."""
        entry.seq = next(self._order)

    def write(self, entry: Entry) -> None:
        """Record the entry; its answer leaves after this returns."""
        if not entry.seq:
            self.decide(entry)
        self.masking.mask(entry)
        entry.clock_set = self._steady.set_by()
        if len(self.entries) == self.entries.maxlen:
            self.dropped += 1
        self.entries.append(entry)
        key = (entry.world, entry.target.partition("?")[0], entry.status, entry.cause, entry.grant_outcome)
        if len(self.counts) >= COUNTED and key not in self.counts:
            key = (entry.world, ELSEWHERE, *key[2:])
        self.counts[key] += 1
        self._append(entry)
        for listen in self.listeners:
            listen(entry)

    def where(self, wanted: Callable[[Entry], bool]) -> list[Entry]:
        """Return the entries that are wanted, by order of decision."""
        return sorted(filter(wanted, self.entries), key=lambda entry: entry.seq)

    def reset(self) -> None:
        """Forget what is in memory; the file is append-only."""
        self.entries.clear()
        self.counts.clear()
        self.dropped = 0

    def _append(self, entry: Entry) -> None:
        if self._file is None:
            return
        told = msgspec.structs.replace(entry, unwritten=self._unsaid) if self._unsaid else entry
        try:
            self._file.write(self._encoder.encode(told) + b"\n")
            self._unsaid = 0
        except OSError as error:
            if not self.lost:
                print(f"race401: the ledger cannot be written: {error.strerror}", file=sys.stderr)
            self.lost += 1
            self._unsaid += 1


class Segment(Ledger):
    """What one of several processes writes: the file alone, since none of them can be asked for entries or counts."""

    def __init__(
        self, path: Path | None, order: Iterator[int] | None = None, fingerprints: Fingerprints | None = None
    ) -> None:
        super().__init__(path, 0, order, fingerprints)

    def write(self, entry: Entry) -> None:
        """See `Ledger`."""
        if not entry.seq:
            self.decide(entry)
        self.masking.mask(entry)
        entry.clock_set = self._steady.set_by()
        self.dropped += 1
        self._append(entry)


def _last(path: Path | None) -> int:
    """Return the greatest `seq` of a file's entries; what is no entry has none, and 0: there is no entry."""
    if path is None or not path.is_file():
        return 0
    decode, last = msgspec.json.Decoder(_Place).decode, 0
    with path.open("rb") as file:
        for line in file:
            with contextlib.suppress(msgspec.DecodeError, UnicodeError):
                last = max(last, decode(line).seq)
    return last
