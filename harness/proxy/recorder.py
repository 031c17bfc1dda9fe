"""The proxy's record: entries as JSON lines, for as long as the disk takes them. Traffic never waits for it."""

import sys
from collections import Counter
from pathlib import Path

import msgspec

from race401.harness.judge.evidence import EvidenceError, load
from race401.ledger.entry import Entry
from race401.ledger.fingerprints import Fingerprints
from race401.ledger.lines import Lines
from race401.ledger.masking import Masking
from race401.ledger.steady import Steady


class Recorder:
    """
    Entries in the order in which the answers came, after those that the file has.

    Raises OSError if it cannot be written, EvidenceError if it is there and no whole ledger. What comes while it
    cannot be written is counted as `unwritten`, and the next entry that can be says how many are missing before it.
    """

    def __init__(self, path: Path, fingerprints: Fingerprints | None = None) -> None:
        self.fingerprints = Fingerprints() if fingerprints is None else fingerprints
        self.masking = Masking(self.fingerprints)
        self.counts: Counter[tuple[int, str | None, str | None]] = Counter()  # status, cause, outcome
        self.unwritten = 0  # entries that the file lacks
        self._unsaid = 0  # of these, how many no entry of the file tells
        self._path, self._seq, self._encoder = path, _last(path), msgspec.json.Encoder()
        self._lines, self._steady = Lines(path), Steady()

    def write(self, entry: Entry) -> None:
        """Give it its place, and to the operating system."""
        self._seq += 1
        entry.seq, entry.clock_set = self._seq, self._steady.set_by()
        self.masking.mask(entry)
        self.counts[entry.status, entry.cause, entry.grant_outcome] += 1
        told = msgspec.structs.replace(entry, unwritten=self._unsaid) if self._unsaid else entry
        try:
            self._lines.write(self._encoder.encode(told) + b"\n")
            self._unsaid = 0
        except OSError as error:
            if not self.unwritten:
                ends = f"the record has a gap after entry #{self._seq - 1}; traffic goes on"
                sys.stderr.write(f"race401: {self._path}: {error.strerror}: {ends}\n")
            self.unwritten += 1
            self._unsaid += 1


def _last(path: Path) -> int:
    """Return the last `seq` of a ledger that is there, so that what is appended comes after it."""
    if not path.is_file():
        return 0
    before = load(path)
    if before.torn:
        raise EvidenceError(f"{path} ends in a torn line, so that nothing can be appended to it; name another file")
    return before.entries[-1].seq if before.entries else 0
