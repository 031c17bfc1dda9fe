"""
A server that a run has of its own, as a child process: started once, and gone however the run ends.

A process of its own, since an event loop does not live in one that gevent has patched. It ends when its standard
input does, so that even a killed locust leaves nothing behind.
"""

from gevent import with_timeout

import atexit
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

READY_WITHIN = 20.0  # s; it takes under 1 s on a quiet machine
GONE_WITHIN = 4.0  # s
USAGE = 2  # exit code


class ChildDidNotStart(Exception):
    """The child said nothing, or not what was hoped for; the message is for the user."""


class ChildRefused(ChildDidNotStart):
    """The child would not have its options, and has told the user so."""


class Child:
    """One that runs a module, and told `ready` in a line of JSON. `called`: what people call it."""

    def __init__(self, called: str, module: str, options: Sequence[str] = (), asked: Any = None) -> None:
        self._owner, self._called = os.getpid(), called
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", module, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        atexit.register(self.stop)
        if asked is not None:
            self.tell(asked)
        try:
            self.ready: dict[str, Any] = json.loads(self.hear(READY_WITHIN))
        except ValueError:
            self.stop()
            code = self._process.returncode
            kind = ChildRefused if code == USAGE else ChildDidNotStart
            raise kind(f"{called} did not start (exit {code})") from None

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def tell(self, what: Any) -> None:
        """Send it a line of JSON; raises OSError."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what).encode() + b"\n")
        self._process.stdin.flush()

    def hear(self, within: float) -> bytes:
        """Return its next line; nothing, if none comes in so many s."""
        assert self._process.stdout is not None
        line: bytes = with_timeout(within, self._process.stdout.readline, timeout_value=b"")
        return line

    def ended(self) -> str | None:
        """Return how the child ended by itself; None while it runs."""
        code = self._process.poll()
        return None if code is None else f"{self._called} ended in mid-run (exit {code})"

    def trouble(self) -> str | None:
        """Return why a run with it cannot go on; None while it can."""
        return self.ended()

    def stop(self) -> None:
        """End it and wait. Forked workers hold a copy of this object and do nothing."""
        if os.getpid() != self._owner or self._process.poll() is not None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(GONE_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
