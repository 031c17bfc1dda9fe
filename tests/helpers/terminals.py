"""Commands on a terminal of so many columns."""

import contextlib
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from fcntl import ioctl
from pathlib import Path
from typing import Self

from bounds import HANG

RACE401 = (sys.executable, "-m", "race401.harness")
PAINT = re.compile(r"\x1b\[[0-9;]*[mK]")
COPIED = re.compile(r"  again: |^race401 mock at |^  (SSL_CERT_FILE|NODE_EXTRA_CA_CERTS)=")  # somebody may copy it
EACH = """
import shlex, sys
from race401.harness.__main__ import main
for line in sys.argv[1:]:
    try:
        code = main(shlex.split(line))
    except SystemExit as ended:
        code = ended.code
    print(f"\\n@ {code}", flush=True)
"""


class Terminal:
    """What a process writes to a terminal; in a `with` it is ended, whatever becomes of the test."""

    def __init__(self, columns: int, command: Sequence[str], cwd: Path | None = None, **environment: str) -> None:
        self._mine, its = pty.openpty()
        ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        kept = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "NO_COLOR"}}
        self.process = subprocess.Popen(command, stdout=its, stderr=its, env=kept | environment, cwd=cwd)
        os.close(its)
        self._bytes = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.rest()

    @property
    def text(self) -> str:
        """All that was on the screen."""
        return self._bytes.decode(errors="ignore")

    def until(self, wanted: str) -> str:
        """Read on until this is on the screen; return all that was."""
        while wanted not in self.text:
            self._bytes += os.read(self._mine, 65_536)
        return self.text

    def rest(self) -> str:
        """Read to the end; return all that was on the screen."""
        with contextlib.suppress(OSError):  # Linux says so when the other side of a terminal has gone
            while piece := os.read(self._mine, 65_536):
                self._bytes += piece
        self.process.wait(HANG)
        os.close(self._mine)
        return self.text


def in_a_terminal(columns: int, *words: str, **environment: str) -> str:
    """What `race401 WORDS` prints."""
    return Terminal(columns, (*RACE401, *words), None, **environment).rest()


def each_in_a_terminal(columns: int, commands: Sequence[Sequence[str]], cwd: Path) -> list[tuple[str, int]]:
    """What each of these commands prints, and its exit code, in one process: they start together."""
    lines = [shlex.join(words) for words in commands]
    text = Terminal(columns, (sys.executable, "-c", EACH, *lines), cwd).rest()
    parts = re.split(r"\r\n@ (\d+)\r\n", text)
    assert len(parts) == 2 * len(commands) + 1, text
    return [(said, int(code)) for said, code in zip(parts[::2], parts[1::2], strict=False)]


def unpainted(text: str) -> list[str]:
    """The lines without their colours, as the terminal has them in the end and before."""
    plain = PAINT.sub("", text.replace("\r\n", "\n"))
    return [row for line in plain.split("\n") for row in line.split("\r")]


def too_long(text: str, columns: int) -> list[str]:
    """Lines that a terminal would wrap, but for those that somebody may copy."""
    return [line for line in unpainted(text) if len(line) > columns and not COPIED.search(line)]
