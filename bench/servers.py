"""Servers as child processes, their CPU time by the kernel's own count, and a load that asks nothing of Python."""

import contextlib
import json
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

CONNECTIONS = 16


@dataclass
class Served:
    """A running server."""

    url: str
    pid: int

    def cpu(self) -> float:
        """Return s of CPU that its threads have used; the kernel counts ns."""
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def connect(self) -> socket.socket:
        """Return a connection."""
        parts = urlsplit(self.url)
        assert parts.hostname is not None
        return socket.create_connection((parts.hostname, parts.port or 80))

    def connections(self) -> list[socket.socket]:
        """Return what a load asks over."""
        return [self.connect() for _ in range(CONNECTIONS)]


@contextlib.contextmanager
def mock(*options: str) -> Iterator[Served]:
    """Run `python -m mock_api` with a ledger on disk."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "race401.mock_api", "--json", "--exit-with-parent"]
        with _running([*command, "--ledger", f"{folder}/ledger.jsonl", *options]) as served:
            yield served


@contextlib.contextmanager
def plain() -> Iterator[Served]:
    """Run `bench/plain.py`."""
    with _running([sys.executable, str(Path(__file__).with_name("plain.py"))]) as served:
        yield served


@contextlib.contextmanager
def _running(command: list[str]) -> Iterator[Served]:
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        told = json.loads(process.stdout.readline())
        yield Served(told["url"], process.pid)
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(10)


Ask = Callable[[int, bytes], bytes]


def get(target: str, headers: dict[str, str]) -> bytes:
    """Return the bytes of a GET."""
    lines = [f"GET {target} HTTP/1.1", "Host: bench", *(f"{k}: {v}" for k, v in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def read(each: socket.socket) -> bytes:
    """Return the body of the answer."""
    got = each.recv(1 << 20)
    head, _, body = got.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), got[:400]
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += each.recv(1 << 20)
    return body


def post(target: str, body: dict[str, str]) -> bytes:
    """Return the bytes of a POST."""
    raw = json.dumps(body)
    lines = [
        f"POST {target} HTTP/1.1",
        "Host: bench",
        "Content-Type: application/json",
        f"Content-Length: {len(raw)}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n" + raw).encode()


class Load:
    """Keep-alive connections that all ask at once and then read every answer, as wrk does.

    `ask` says what a connection sends, given its number and the body of its last answer.
    """

    def __init__(self, served: Served, ask: Ask) -> None:
        self._served, self._ask = served, ask
        self._sockets = served.connections()
        self._bodies = [b""] * len(self._sockets)

    def cpu_of(self, requests: int) -> float:
        """Return the s of server CPU that a request took."""
        turns = requests // len(self._sockets)
        before = self._served.cpu()
        for _ in range(turns):
            for number, each in enumerate(self._sockets):
                each.sendall(self._ask(number, self._bodies[number]))
            self._bodies = [read(each) for each in self._sockets]
        return (self._served.cpu() - before) / (turns * len(self._sockets))

    def close(self) -> None:
        """Close the connections."""
        for each in self._sockets:
            each.close()
