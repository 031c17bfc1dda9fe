"""A disk that is full: after so many bytes of one file, in this process, or of any, in one that it starts."""

import errno
import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest


class Disk:
    """It takes `room` bytes more of this file; what is taken back, and what is given, can be written again.

    `why` it takes no more: it is full, or has become read-only, as after an error of the disk.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, path: Path, room: int, why: int = errno.ENOSPC) -> None:
        self.path, self.room, self._write, self._truncate, self._why = path, room, os.write, os.ftruncate, why
        monkeypatch.setattr(os, "write", self.write)
        monkeypatch.setattr(os, "ftruncate", self.truncate)

    def write(self, file: int, data: bytes) -> int:
        """`os.write`."""
        if not self._is_ours(file):
            return self._write(file, data)
        if not self.room:
            raise OSError(self._why, os.strerror(self._why))
        written = self._write(file, data[: self.room])
        self.room -= written
        return written

    def truncate(self, file: int, length: int) -> None:
        """`os.ftruncate`."""
        if self._is_ours(file):
            self.room += os.fstat(file).st_size - length
        self._truncate(file, length)

    def _is_ours(self, file: int) -> bool:
        return self.path.exists() and os.path.samestat(os.fstat(file), self.path.stat())


UNCOMPILED = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
"""The environment of a process with `small_files`: Python 3.11 would keep torn what it compiles, for all to read."""


def small_files(most: int) -> Callable[[], None]:
    """What a process does as it begins, so that no file of its grows beyond so many bytes."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
