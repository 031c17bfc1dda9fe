"""
Several processes that serve one socket over one shared store, and the process that keeps them.

Each appends to a segment of the ledger of its own, `ledger-<pid>.jsonl`, so that a line torn by a killed process is
the last of its file. Their `seq` is the machine's monotonic clock, taken between the reading of a family and its
commit: it agrees with the order in which the store decided, and sorting merges the segments.

They are forked by a process that has imported what they need and does nothing else, multiprocessing's fork server:
imports are nine tenths of a worker's start.
"""

import gc
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import uvicorn
from uvicorn import _subprocess as of_uvicorn
from uvicorn.supervisors import Multiprocess

from race401.ledger.entry import Entry, received
from race401.ledger.fingerprints import Fingerprints
from race401.mock_api.ledger import Segment
from race401.mock_api.rules.worlds import World
from race401.mock_api.signing.jwt import Keys

if TYPE_CHECKING:
    from race401.mock_api.http.guard import Guard

FORKING = get_context("forkserver")
FORKING.set_forkserver_preload(["race401.mock_api.process.imported"])
ADDRESS = 103  # bytes of a Unix socket's path, a zero after them: macOS's `sun_path`; Linux has room for 4 more
NAMED = len("/pymp-12345678/listener-12345678")  # as multiprocessing names its socket

SLOTS = 1_024  # ns; a process stamps only its own slot of each, so that no two stamps are the same
HUNG = 60  # s; a worker that says nothing for so long is replaced. On a busy machine one takes 5 s to begin
LONGEST = 65_536  # bytes; an entry has about 370
UNANSWERED = 1.0  # s; what a killed process had decided for longer, and latency, has been answered and written


def starts() -> BaseContext:
    """Return what starts workers: where no socket fits into the folder of temporary files, each alone."""
    fits = len(os.fsencode(tempfile.gettempdir())) + NAMED <= ADDRESS
    return FORKING if fits else get_context("spawn")


@dataclass(frozen=True)
class Plan:
    """What every worker is told; it goes to them through a pipe."""

    url: str  # of the store
    prefix: str  # of this mock's keys in it
    worlds: tuple[World, ...]
    keys: dict[str, str]  # by world; JWK sets with their secrets
    seals: dict[str, bytes]  # by database
    began: int  # ns, on the monotonic clock
    fingerprints: bytes  # their key: one, so that a secret has the same fingerprint in every segment
    segments: Path | None = None
    control_key: str | None = None

    def app(self) -> "Guard":
        """Return a worker's app; call it in the worker."""
        from race401.mock_api.app import create_app
        from race401.mock_api.state.shared import Link, state

        link = Link(self.url, self.prefix, marked=True)
        path = None if self.segments is None else self.segments / f"ledger-{os.getpid()}.jsonl"
        return create_app(
            self.worlds,
            ledger=Segment(path, stamps(self.began, os.getpid()), Fingerprints(self.fingerprints)),
            control_key=self.control_key,
            state=lambda world, clock: state(
                link, world, clock, Keys(given=self.keys[world.name]), self.seals[world.kept_in]
            ),
        )


def stamps(began: int, slot: int) -> Iterator[int]:
    """Yield the ns since then, each greater than the one before, and all in this slot."""
    last = 0
    while True:
        last = max(last + SLOTS, (time.monotonic_ns() - began) // SLOTS * SLOTS + slot % SLOTS)
        yield last


class Worker(uvicorn.Config):
    """The settings of a worker, which makes its app itself."""

    def __init__(self, plan: Plan, **settings: Any) -> None:
        settings |= {"callback_notify": end_with_keeper, "timeout_notify": 1}
        super().__init__("", **settings, timeout_worker_healthcheck=HUNG)
        self.plan = plan

    def load(self) -> None:
        """Make the app; uvicorn asks for it in the worker."""
        self.app = self.plan.app()
        super().load()
        gc.freeze()
        gc.enable()


async def end_with_keeper() -> None:
    """End if the keeper has, or has lost this process: nobody would end it."""
    keeper = parent_process()
    if keeper is None or not keeper.is_alive():
        os._exit(0)


class Held:
    """What is in the store, while this is entered: renewed now and then, so that it lasts, and forgotten at the end.

    Where the process is killed nobody renews it, and it ends by itself.
    """

    def __init__(self, renew: Callable[[], None], every: float, forget: Callable[[], None]) -> None:
        """Call `renew` each `every` s, in a thread, and `forget` once."""
        self._renew, self._every, self._forget = renew, every, forget
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def __enter__(self) -> None:
        """Begin."""
        self._thread.start()

    def __exit__(self, *raised: object) -> None:
        """End."""
        self._over.set()
        self._thread.join()
        self._forget()

    def _keep(self) -> None:
        while not self._over.wait(self._every):
            self._renew()


class Keeper(Multiprocess):
    """uvicorn's, which replaces workers that die; it also says in the ledger that one did."""

    def __init__(self, worker: Worker, announce: str, sockets: list[Any], held: "Held") -> None:
        of_uvicorn.spawn = starts()  # type: ignore[assignment]  # it has no setting for this
        super().__init__(worker, sockets)
        self._plan, self._announce, self._held = worker.plan, announce, held

    def serve_until_ended(self) -> None:
        """Serve; return when it is told to end, by Ctrl-C too."""
        print(self._announce, flush=True)  # the socket listens: who comes before the workers do waits
        with self._held:
            self.run()

    def end(self) -> None:
        """End soon."""
        self.should_exit.set()

    def keep_subprocess_alive(self) -> None:
        """Replace those that died, and note which."""
        for process in self.processes:
            process.child_conn.close()  # else the death of one that is being asked goes unheard for HUNG s
        before = list(self.processes)
        super().keep_subprocess_alive()
        for was, now in zip(before, self.processes, strict=True):
            if was is not now and self._plan.segments is not None and was.pid is not None:
                note_loss(self._plan.segments, was.pid, max(world.latency for world in self._plan.worlds))


def note_loss(segments: Path, pid: int, latency: float) -> None:
    """Write into the ledger that a process was lost, at the instant from which an entry of its may be missing."""
    last = _last(segments / f"ledger-{pid}.jsonl")
    before = int((UNANSWERED + latency) * 1e9)
    seq = max(0, (last.seq if last is not None else 0) - before) // SLOTS * SLOTS + os.getpid() % SLOTS
    at = last.answered_at if last is not None else 0.0
    lost = received("", "", f"process {pid}", at)
    lost.seq, lost.answered_at, lost.cause = seq, at, "worker_lost"
    Segment(segments / f"ledger-{os.getpid()}.jsonl").write(lost)


def _last(segment: Path) -> Entry | None:
    """Return the last whole entry of a segment."""
    try:
        with segment.open("rb") as file:
            file.seek(max(0, segment.stat().st_size - LONGEST))
            lines = file.read().split(b"\n")[:-1]  # what follows the last end of a line is torn
    except OSError:
        return None
    return msgspec.json.decode(lines[-1], type=Entry) if lines else None
