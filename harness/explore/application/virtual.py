"""
An event loop without a machine: virtual time, what is ready in its order, and nothing else.

It waits for nobody: what to do when nothing is ready is its subclass's to say. Threads, sockets, processes and
signals are refused by name, in the loop's own methods and beneath them.
"""

import asyncio
import heapq
import socket
import threading
import time
from asyncio import _get_running_loop, _set_running_loop  # documented as being for implementers of event loops
from collections import deque
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from contextvars import Context
from typing import Any, NoReturn, TypeVar, TypeVarTuple
from unittest import mock

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

EPOCH = 1_759_614_660.0  # s; 2025-10-04T21:51:00Z, where virtual time begins: the same in every run


class Uncontrolled(Exception):
    """The client or the app did something whose order is not the explorer's; the message names the call."""


def _refusing(call: str) -> Callable[..., NoReturn]:
    def refuse(loop: "VirtualLoop", *_: object, **__: object) -> NoReturn:
        loop.refuse(call)

    return refuse


def _refusing_the_rest(cls: "type[VirtualLoop]") -> "type[VirtualLoop]":
    """Make each method of event loops that the class lacks a refusal that names it."""
    longer_names = {"run_in_executor": "loop.run_in_executor (asyncio.to_thread leads there)"}
    for name in vars(asyncio.AbstractEventLoop):
        if not name.startswith("_") and name not in vars(cls):
            setattr(cls, name, _refusing(longer_names.get(name, f"loop.{name}")))
    return cls


@_refusing_the_rest
class VirtualLoop(asyncio.AbstractEventLoop):
    """See the module's docstring."""

    def __init__(self) -> None:
        self.unhandled: list[str] = []  # what tasks raised and nobody heard
        self._now = 0.0
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[asyncio.TimerHandle] = []
        self._refusal: Uncontrolled | None = None

    def clock(self) -> float:
        """Return s since the epoch, in virtual time."""
        return EPOCH + self._now

    def elapse(self, seconds: float) -> None:
        """Let time pass; timers that become due wait for `fire`."""
        self._now += seconds

    def fire(self) -> None:
        """Make the next timer ready, and with it those of the same instant."""
        self._now = max(self._now, self._timers[0].when())
        while self._timers and self._timers[0].when() <= self._now:
            self._ready.append(heapq.heappop(self._timers))

    def next_timer(self) -> float | None:
        """Return when it is due; None: there is none."""
        while self._timers and self._timers[0].cancelled():
            heapq.heappop(self._timers)
        return self._timers[0].when() if self._timers else None

    def refuse(self, call: str) -> NoReturn:
        """Stop the run, whoever catches what is raised here."""
        self._refusal = Uncontrolled(
            f"{call} was called, and its order is not the explorer's to choose: nothing would be proven. "
            "Use what is async, and the transport that the scene was given"
        )
        raise self._refusal

    def run_ready(self) -> None:
        """Run what is ready, and what that makes ready. Raises Uncontrolled."""
        while self._ready:
            handle = self._ready.popleft()
            if not handle.cancelled():
                handle._run()  # noqa: SLF001 - what loops do with handles
            if self._refusal is not None:
                refusal, self._refusal = self._refusal, None
                raise refusal

    @contextmanager
    def in_charge(self) -> Iterator[None]:
        """Be the running loop, and `time.time`; refuse threads and sockets meanwhile."""
        start_thread, connect_socket = threading.Thread.start, socket.socket.connect

        def start(thread: threading.Thread) -> None:
            if self.is_running():
                self.refuse("threading.Thread.start (FastAPI's `def` routes and dependencies lead there)")
            start_thread(thread)

        def connect(sock: socket.socket, address: Any) -> None:
            if self.is_running():
                self.refuse(f"socket.connect to {address!r}")
            connect_socket(sock, address)

        _set_running_loop(self)
        try:
            with (
                mock.patch.object(time, "time", self.clock),
                mock.patch.object(threading.Thread, "start", start),
                mock.patch.object(socket.socket, "connect", connect),
            ):
                yield
        finally:
            _set_running_loop(None)

    # --- what asyncio asks of a loop --------------------------------------------------------------

    def time(self) -> float:
        """Return s of virtual time since the run began."""
        return self._now

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """See asyncio."""
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """See asyncio."""
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, timer)
        return timer

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """See asyncio."""
        return self.call_at(self._now + delay, callback, *args, context=context)

    def create_future(self) -> "asyncio.Future[Any]":
        """See asyncio."""
        return asyncio.Future(loop=self)

    def create_task(
        self,
        coro: Generator[Any, None, T] | Coroutine[Any, Any, T],
        *,
        name: str | None = None,
        context: Context | None = None,
    ) -> "asyncio.Task[T]":
        """See asyncio."""
        return asyncio.Task(coro, loop=self, name=name, context=context)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Note what nobody heard."""
        self.unhandled.append(f"{context.get('message')}: {context.get('exception')!r}")

    def get_task_factory(self) -> None:
        """See asyncio."""
        return

    def get_debug(self) -> bool:
        """See asyncio."""
        return False

    def is_running(self) -> bool:
        """See asyncio."""
        return _get_running_loop() is self

    def is_closed(self) -> bool:
        """See asyncio."""
        return False

    def _timer_handle_cancelled(self, timer: asyncio.TimerHandle) -> None:
        """Leave it where it is: it is passed over when its turn comes."""
