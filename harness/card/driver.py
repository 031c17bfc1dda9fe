"""The program under test, as a child process that is told one word line and answers one line."""

import os
import queue
import re
import signal
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Self

WITHIN = 60.0  # s, for each answer; a client may retry for a while, and a busy machine take long to start it
GONE_WITHIN = 3.0  # s
BELOW = re.compile(r"\s|[]})]+$|Node\.js v")  # an error's stack and fields, the runtime's version


class DriverFailed(Exception):
    """The driver ended, or gave no answer; the message says which, and what it said last."""


class DriverSilent(DriverFailed):
    """The driver lives, and gave no answer in time; the message says to what."""


class Driver:
    """A running driver. What it writes to stderr goes to `log`."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], log: Path) -> None:
        self._log = log
        try:
            with log.open("ab") as errors:
                self._process = subprocess.Popen(  # noqa: S603 - the program that the user names
                    command,
                    env={**os.environ, **environment},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                    start_new_session=True,  # so that what it starts ends with it
                )
        except OSError as error:
            raise DriverFailed(f"it cannot be started: {error.strerror}") from None
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.poll()

    def ask(self, line: str, within: float = WITHIN) -> str:
        """Send a line and return the answer; raises DriverFailed."""
        assert self._process.stdin is not None
        word = line.partition(" ")[0]
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
            answer = self._lines.get(timeout=within)
        except queue.Empty:
            raise DriverSilent(f"no answer to `{word}` within {within:g} s") from None
        except OSError:
            answer = ""
        if not answer:
            wanted = "; a driver answers with one line of JSON, see docs/your-client.md" if word == "hello" else ""
            raise DriverFailed(f"it ended at `{word}` ({self._exit()}){self._last_words()}{wanted}")
        return answer.strip()

    def command(self, line: str) -> None:
        """Send a line that is answered `ok`; raises DriverFailed if it is not."""
        answer = self.ask(line)
        if answer != "ok":
            raise DriverFailed(f"it answered `{line.partition(' ')[0]}` with {answer[:200]!r}, not `ok`")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        """Let it quit; then make it."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write("quit\n")
            self._process.stdin.close()
        except OSError:
            pass
        try:
            self._process.wait(GONE_WITHIN)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._reader.join(GONE_WITHIN)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._lines.put(line)
        self._lines.put("")

    def _exit(self) -> str:
        try:
            return f"exit {self._process.wait(GONE_WITHIN)}"
        except subprocess.TimeoutExpired:
            return "its output is closed"

    def _last_words(self) -> str:
        words = last_words(self._log.read_text(errors="replace"))
        return f": {words}" if words else ""


def last_words(log: str) -> str:
    """Return the line that says why: the last one, but for what runtimes write below it."""
    lines = [line for line in log.splitlines() if line.strip()]
    telling = [line for line in lines if not BELOW.match(line)]
    return (telling or lines or [""])[-1].strip()
