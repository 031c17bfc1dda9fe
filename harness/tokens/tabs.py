"""
A session store in a file, and the lock that goes with it: for sessions in several processes (or tabs) over one pair.

Rules: a file is replaced whole, so that no reader sees half of one; writers take turns by a lock file that the
operating system drops when its holder dies. The pair is as secret as a password: the file is its owner's alone.
"""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import msgspec
from filelock import FileLock

from race401.harness.tokens.model import TokenPair, same

TIMEOUT = 60.0  # s, for which a lock is waited for; an exchange gives up after 30 s (exchange.py)


@dataclass(frozen=True, slots=True)
class FileStore:
    """A `SessionStore` that several processes share. `TokenAuth(..., store=store, tab_lock=store.lock)`."""

    path: Path

    def read(self) -> TokenPair | None:
        """Return the stored pair, or None when signed out."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=TokenPair | None)
        except FileNotFoundError:
            return None

    def write(self, pair: TokenPair | None) -> None:
        """Store the pair; None: forget it."""
        with self._lock("write"):
            self._replace(pair)

    def swap(self, old: TokenPair, new: TokenPair | None) -> bool:
        """Store `new` if `old` is stored, by family and generation; return whether it was."""
        with self._lock("write"):
            if not same(self.read(), old):
                return False
            self._replace(new)
            return True

    def lock(self) -> FileLock:
        """Return the lock under which one refresh at a time runs."""
        return self._lock("refresh")

    def _lock(self, what: str) -> FileLock:
        return FileLock(f"{self.path}.{what}.lock", timeout=TIMEOUT, thread_local=False)

    def _replace(self, pair: TokenPair | None) -> None:
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode(pair))
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
