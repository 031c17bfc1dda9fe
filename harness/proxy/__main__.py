"""
`python -m race401.harness.proxy`: a recorder for another program, its parent; `race401 proxy` is for people.

On standard input comes a line of JSON: `targets` (addresses), `ledger` (a file), `dialects`. A line comes back with
`addresses`, in their order. From then on each line that comes is answered by a `Standing`, as JSON. The end of
standard input ends it.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import httpx

from race401.harness.proxy.recorder import Recorder
from race401.harness.proxy.serving import serve, targets_of
from race401.harness.proxy.target import Streams, Target
from race401.harness.proxy.watch import Watch
from race401.ledger.dialects.dialect import Dialect

HERE = "127.0.0.1"


@dataclass
class Standing:
    """How the record stands."""

    unwritten: int = 0  # entries that the disk did not take
    gone: str = ""  # why a target could not be reached, since the last question


@dataclass(frozen=True, kw_only=True)
class Told(Target):
    """A target that tells when it cannot be reached."""

    tell: Callable[[str], None]

    async def connect(self) -> Streams:
        """Open a connection. Raises OSError."""
        try:
            return await super().connect()
        except OSError as error:
            why = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
            self.tell(f"{self.authority.decode()} cannot be reached: {why}")
            raise


def main() -> None:
    """Read what is asked for, serve, answer, end with the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to the parent as well, which decides
    if not (line := sys.stdin.buffer.readline()):
        return  # the parent has ended before it asked
    asked = json.loads(line)
    recorder, standing = Recorder(Path(asked["ledger"])), Standing()
    dialects = [dialect_of(plain) for plain in asked["dialects"]]

    def gone(why: str) -> None:
        standing.gone = standing.gone or why

    def answer() -> None:
        standing.unwritten = recorder.unwritten
        _answer_line(json.dumps(vars(standing)))
        standing.gone = ""

    plain = targets_of([httpx.URL(url) for url in asked["targets"]])
    targets = [Told(**{each.name: getattr(one, each.name) for each in fields(one)}, tell=gone) for one in plain]
    watch = Watch(recorder, dialects, say=_warn)
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(socket.create_server((HERE, 0))) for _ in targets]
        _answer_line(json.dumps({"addresses": [f"http://{HERE}:{sock.getsockname()[1]}" for sock in socks]}))
        serving = serve(
            [*zip(socks, targets, strict=True)], watch, lambda _: None
        )  # of what is gone it tells if asked
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(_until_alone(serving, answer))


async def _until_alone(serving: Coroutine[Any, Any, None], answer: Callable[[], None]) -> None:
    """Serve, and answer each line of standard input, until that ends."""
    task, loop = asyncio.create_task(serving), asyncio.get_running_loop()

    def listen() -> None:
        for _ in sys.stdin.buffer:
            loop.call_soon_threadsafe(answer)
        loop.call_soon_threadsafe(task.cancel)

    threading.Thread(target=listen, daemon=True).start()
    await task


def dialect_of(plain: dict[str, Any]) -> Dialect:
    """Return a dialect that went through JSON."""
    found: Any = {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
    return Dialect(**found)


def _answer_line(line: str) -> None:
    """Answer, past any buffer. A parent that has ended hears nothing, and the end of standard input follows."""
    with contextlib.suppress(BrokenPipeError):
        os.write(sys.stdout.fileno(), f"{line}\n".encode())


def _warn(line: str) -> None:
    sys.stderr.write(f"race401: {line}\n")


if __name__ == "__main__":
    main()
