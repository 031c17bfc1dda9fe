"""A mock of its own process, asked in raw bytes, and how much its objects hold."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

SERVED = "import gc, sys; gc.disable(); from race401.mock_api.__main__ import main; sys.exit(main())"
TELLS = """
import os, signal, sys
sys.path.append({helpers!r})
from holding import held
def tell(*_):
    with open({file!r} + ".new", "w") as told:
        told.write(str(held()))
    os.rename({file!r} + ".new", {file!r})
signal.signal(signal.SIGUSR1, tell)
"""
OPEN = {"01", "08"}  # ESTABLISHED and CLOSE_WAIT, in /proc/net/tcp
HANG = 60  # s; only a mock that hangs takes so long
ASK = b"GET /auth/v1/health HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n"
STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


class Wire:
    """Where a mock listens."""

    def __init__(self, port: int, pid: int, said: Path) -> None:
        self.port, self.pid, self._said = port, pid, said

    def connect(self) -> socket.socket:
        """A connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=HANG)

    def heard(self, raw: bytes) -> list[int]:
        """The statuses of the answers to what makes the mock end the connection."""
        asking = self.connect()
        with contextlib.suppress(ConnectionError):  # it may refuse before it has read all
            asking.sendall(raw)
        return _answered(asking)

    def statuses(self, lot: Sequence[bytes]) -> list[list[int]]:
        """The statuses of the answers to each of these, sent at once on connections of their own.

        Once the mock has had its turn with all of them, we say no more, and it has to end every connection.
        """
        asking = [self.connect() for _ in lot]
        for each, raw in zip(asking, lot, strict=True):
            with contextlib.suppress(OSError):  # it may refuse before it has read all
                each.sendall(raw)
        for _ in range(3):
            assert self.heard(ASK) == [200]
        for each in asking:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_WR)
        return [_answered(each) for each in asking]

    def held(self) -> int:
        """The bytes that its objects hold, once it has ended every connection."""
        begun = time.monotonic()
        while self._connections():
            assert time.monotonic() < begun + HANG, "it keeps a connection that its client has closed"
        told = self._said.with_name("held")
        os.kill(self.pid, signal.SIGUSR1)
        while not told.exists():  # the next thing that it does is to tell
            assert self.heard(ASK) == [200]
        held = int(told.read_text())
        told.unlink()
        return held

    def _connections(self) -> int:
        """How many connections are open at its end."""
        table = Path(f"/proc/{self.pid}/net/tcp").read_text(encoding="ascii").splitlines()[1:]
        mine = f":{self.port:04X}"
        return sum(local.endswith(mine) and state in OPEN for _, local, _, state, *_ in map(str.split, table))

    def said(self) -> str:
        """What it wrote to standard error."""
        return self._said.read_text()


def _answered(asked: socket.socket) -> list[int]:
    """The statuses that come until the mock ends the connection."""
    heard = b""
    with asked, contextlib.suppress(ConnectionError):
        while more := asked.recv(1 << 16):
            heard += more
    return [int(status) for status in STATUS.findall(heard)]


@contextlib.contextmanager
def served(folder: Path, planted: str = "") -> Iterator[Wire]:
    """A mock that keeps a short ledger; `planted` is Python that spoils it first."""
    tells = TELLS.format(helpers=str(Path(__file__).parent), file=str(folder / "held"))
    command = [
        sys.executable,
        "-c",
        f"{tells}\n{planted}\n{SERVED}",
        "--json",
        "--exit-with-parent",
        "--kept",
        "1000",
    ]
    said = folder / "stderr"
    with (
        said.open("wb") as errors,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors) as mock,
    ):
        assert mock.stdout is not None
        told = json.loads(mock.stdout.readline())
        try:
            yield Wire(told["port"], told["pid"], said)
        finally:
            mock.communicate(timeout=HANG)
