"""The ledger that a proxy writes: JSON lines, in the order in which answers came, without secrets (`Masking`)."""

import os
from collections import Counter
from pathlib import Path

import msgspec

from race401.harness.judge.evidence import EvidenceError, load
from race401.ledger.entry import Entry
from race401.ledger.fingerprints import Fingerprints
from race401.ledger.masking import Masking


class Recorder:
    """
    Appends entries to those that the file has.

    Raises OSError if it cannot be written, EvidenceError if it is there and no whole ledger.
    """

    def __init__(self, path: Path, fingerprints: Fingerprints | None = None) -> None:
        self.fingerprints = Fingerprints() if fingerprints is None else fingerprints
        self.masking = Masking(self.fingerprints)
        self.counts: Counter[tuple[int, str | None, str | None]] = Counter()  # status, cause, outcome
        self._seq = _last(path)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, entry: Entry) -> None:
        """Give it its place, and to the operating system."""
        self._seq += 1
        entry.seq = self._seq
        self.masking.mask(entry)
        os.write(self._file, msgspec.json.encode(entry) + b"\n")
        self.counts[entry.status, entry.cause, entry.grant_outcome] += 1


def _last(path: Path) -> int:
    """Return the last `seq` of a ledger that is there, so that what is appended comes after it."""
    if not path.is_file():
        return 0
    before = load(path)
    if before.torn:
        raise EvidenceError(f"{path} ends in a torn line, so that nothing can be appended to it; name another file")
    return before.entries[-1].seq if before.entries else 0
