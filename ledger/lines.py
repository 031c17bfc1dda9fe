"""A file of lines that is only appended to, and in which no line is torn, whatever the disk does."""

import contextlib
import os
import stat
from pathlib import Path


class Lines:
    """
    Lines of bytes at the end of this file, which is made (0600) if it is not there. Raises OSError.

    What the disk takes only a part of (it is full) is tried again from there, and else taken back, so that the file
    ends with a whole line. Where it cannot be taken back, the next line that is written ends it, as it does with what
    another process, killed in mid-line, left.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._torn = _ends_in_mid_line(self._file)

    def write(self, lines: bytes) -> None:
        """Append whole lines, the last of which ends as well; raises OSError, and then none of them is there."""
        if self._torn:
            self._write(b"\n")
            self._torn = False
        self._write(lines)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def _write(self, lines: bytes) -> None:
        written = os.write(self._file, lines)
        if written == len(lines):
            return
        try:
            while written < len(lines):
                written += os.write(self._file, lines[written:])
        except OSError:
            self._torn = True
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, os.fstat(self._file).st_size - written)
                self._torn = False
            raise


def _ends_in_mid_line(file: int) -> bool:
    about = os.fstat(file)
    return stat.S_ISREG(about.st_mode) and about.st_size > 0 and os.pread(file, 1, about.st_size - 1) != b"\n"
