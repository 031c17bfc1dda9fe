"""
A mock as a process that is forked, in a tenth of the time: by a template, which has imported what a mock needs.

A process that asks for mocks has one template: started with the first of them, and gone when it ends. What the two
say to each other is told in `mock_api/process/template.py`.
"""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
from functools import cache
from multiprocessing.connection import wait
from pathlib import Path
from threading import Lock
from typing import Any


class Forked:
    """A mock with this command line. It ends when its input does, and that is held open here."""

    def __init__(self, words: list[str]) -> None:
        self._template = _template_of(os.getpid())
        theirs, self._input = os.pipe()
        self._output, told = os.pipe()
        here = {"words": words, "folder": str(Path.cwd()), "environment": dict(os.environ)}
        try:
            self.pid = self._template.ask(b"+", here, [theirs, told, 2])
        finally:
            os.close(theirs)
            os.close(told)

    def first_line(self) -> bytes:
        """Return what it says first; nothing: it has ended."""
        with open(self._output, "rb", buffering=0, closefd=False) as output:
            return output.readline()

    def end(self, within: float) -> int:
        """Let it end, in so many s or by force; return its exit code."""
        os.close(self._input)
        if not wait([self._output], within):  # it says nothing more: what is heard is the end
            os.kill(self.pid, signal.SIGKILL)
        os.close(self._output)
        return self._template.ask(b"-", self.pid)


class Template:
    """The process that forks."""

    def __init__(self) -> None:
        self._asking, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "race401.mock_api", "--template"], stdin=theirs.fileno()
            )
        self._answers = self._asking.makefile("rb")
        self._lock, self._owner = Lock(), os.getpid()
        atexit.register(self._end)

    def ask(self, kind: bytes, told: Any, streams: list[int] | None = None) -> int:
        """Return its answer; raises OSError or ValueError if it is gone."""
        with self._lock:
            socket.send_fds(self._asking, [kind], streams or [])
            self._asking.sendall(json.dumps(told).encode() + b"\n")
            return int(self._answers.readline())

    def _end(self) -> None:
        """End it, and wait, unless this is a copy of who began it."""
        if os.getpid() == self._owner:
            self._asking.shutdown(socket.SHUT_RDWR)
            self._process.wait()
        self._process.returncode = self._process.returncode or 0  # in a copy: it is nobody to wait for
        self._answers.close()
        self._asking.close()


@cache
def _template_of(_pid: int) -> Template:
    return Template()
