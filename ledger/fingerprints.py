"""
Fingerprints: what stands for a secret where it must not be kept. The same secret has the same one, under one key.

Whoever has the key can tell whether a guess is right, and nobody else can. So it lives in memory, or in a file of
its owner's alone that is in no run's folder.
"""

import os
import re
import secrets
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

SIZE = 8  # bytes: 16 hexadecimal digits, of which a billion secrets share one with a chance of 3 %
KEY_SIZE = 32  # bytes
KEY_FILE = re.compile(rb"[0-9a-f]{64}\n?")
REMEMBERED = 1_024  # secrets that are hashed once, the most recently used; at Supabase's 700 bytes a token, 1 MB


class KeyFileError(ValueError):
    """The file is no key that can be used; the message says what is wrong and what would be right."""


class Fingerprints:
    """Those of one key: 32 bytes, by chance if none is given."""

    def __init__(self, key: bytes | None = None) -> None:
        self.key = secrets.token_bytes(KEY_SIZE) if key is None else key
        self.key_id = blake2b(digest_size=SIZE, key=self.key, person=b"race401 key id").hexdigest()
        """Tells whether fingerprints of two places can be compared; says nothing of the key."""
        self._fingerprint = lru_cache(REMEMBERED)(self._hashed)

    def fingerprint(self, secret: str) -> str:
        """Return its 16 hexadecimal digits."""
        return self._fingerprint(secret)

    def _hashed(self, secret: str) -> str:
        encoded = secret.encode("utf-8", "surrogatepass")
        return blake2b(encoded, digest_size=SIZE, key=self.key).hexdigest()


def from_key_file(path: Path) -> Fingerprints:
    """Return those of the key in this file, which is made (0600) if it is not there. Raises OSError, KeyFileError."""
    if (path.parent / "manifest.json").exists():
        raise KeyFileError(f"{path}: a run's folder is handed on, and the key with it; name a file elsewhere")
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(path)
    fresh = Fingerprints()
    with os.fdopen(file, "w") as made:
        made.write(f"{fresh.key.hex()}\n")
    return fresh


def _read(path: Path) -> Fingerprints:
    if path.stat().st_mode & 0o077:
        raise KeyFileError(f"{path}: others can read or write it; chmod 600 {path}")
    content = path.read_bytes()
    if not KEY_FILE.fullmatch(content):
        raise KeyFileError(f"{path}: expected a key, 64 hexadecimal digits; a file that is not there is made")
    return Fingerprints(bytes.fromhex(content.decode()))
