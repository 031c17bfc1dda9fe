"""
What does the I/O for the core: it drives one caller's flow on a thread or greenlet, or on an event loop.

Rules: the lock is held while a generator is stepped and while the store is written, and never across the network. A
flight runs in a task, thread or greenlet of its own, so that killing a caller, its first one included, neither ends
nor strands it. Nothing is locked at import: gevent may patch later.
"""

import asyncio
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from race401.harness.tokens import core
from race401.harness.tokens.clock import Clock
from race401.harness.tokens.errors import AuthError, RefreshUnavailable
from race401.harness.tokens.exchange import Exchanger
from race401.harness.tokens.model import (
    AT_ONCE,
    Change,
    Done,
    Effect,
    Event,
    Exchange,
    Exchanged,
    ExchangeFailed,
    Flight,
    Join,
    Launch,
    Lock,
    ReadStore,
    Send,
    Session,
    Step,
    StoreRead,
    TokenPair,
    Trace,
    Withheld,
    WriteStore,
)
from race401.harness.tokens.policy import Policy
from race401.harness.tokens.store import SessionStore, written

S = TypeVar("S", bound=Step)

Launcher: TypeAlias = Callable[[Flight, list[Callable[[], None]]], None]  # the list: what lets it go


@dataclass(slots=True, eq=False)
class Ride:
    """One flow being driven, and what it holds until it ends."""

    flow: core.Flow
    trace: Trace = field(default_factory=Trace)
    hold: AbstractContextManager[object] | None = None  # the lock across tabs


class Driver:
    """Drives flows over one session. For the parameters see `TokenAuth`."""

    __slots__ = (
        *("_exchanger", "_listeners", "_lock", "_tab_lock"),
        *("clock", "observers", "policy", "session", "store"),
    )

    def __init__(
        self,
        session: Session,
        policy: Policy,
        store: SessionStore,
        exchanger: Exchanger,
        clock: Clock,
        *,
        observers: Iterable[Callable[[Step], None]],
        listeners: Iterable[Callable[[Change, TokenPair | None], None]],
        tab_lock: Callable[[], AbstractContextManager[object]] | None,
    ) -> None:
        self.session, self.policy, self.store, self.clock = session, policy, store, clock
        self.observers = tuple(observers)
        self._exchanger = exchanger
        self._listeners = tuple(listeners)
        self._lock = threading.Lock()
        self._tab_lock = tab_lock

    def run(self, ride: Ride, event: Event | None = None) -> Send | None:
        """Step the flow and do what it asks until it wants to send (returned) or ends (None)."""
        while (effect := self._step(ride, event, self._launch)) is not None:
            if isinstance(effect, Send):
                return effect
            event = self.observed(self._wait(effect, ride))
        return None

    async def arun(self, ride: Ride, event: Event | None = None) -> Send | None:
        """Do the same on an event loop."""
        while (effect := self._step(ride, event, self._alaunch)) is not None:
            if isinstance(effect, Send):
                return effect
            event = self.observed(await self._await(effect, ride))
        return None

    def _step(self, ride: Ride, event: Event | None, launch: Launcher) -> Effect | None:
        """Step under the lock, and do there what nothing may come between; whoever looks on is told after it.

        A flight begins in the same breath, before anyone can be killed, and goes once what led to it has been told.
        """
        done: list[tuple[Effect, Event]] = []
        go: list[Callable[[], None]] = []
        try:
            with self._lock:
                effect = self._advance(ride, event, done, lambda flight: launch(flight, go))
            for asked, answer in done:
                self.observed(asked)
                if isinstance(asked, WriteStore) and isinstance(answer, Done):
                    for listener in self._listeners:
                        listener(asked.change, asked.pair)
            return None if effect is None else self.observed(effect)
        finally:
            for each in go:
                each()

    def _advance(
        self, ride: Ride, event: Event | None, done: list[tuple[Effect, Event]], launch: Callable[[Flight], None]
    ) -> Effect | None:
        try:
            effect = next(ride.flow) if event is None else ride.flow.send(event)
            while isinstance(effect, AT_ONCE):
                if isinstance(effect, Launch):
                    launch(effect.flight)
                taken = not isinstance(effect, WriteStore) or written(self.store, effect)
                done.append((effect, Done() if taken else Withheld()))
                effect = ride.flow.send(done[-1][1])
        except StopIteration:
            return None
        if isinstance(effect, Join) and effect.flight.waiters is None:
            launch(effect.flight)
        return effect

    def observed(self, step: S) -> S:
        """Show a step to whoever looks on, and return it."""
        for observe in self.observers:
            observe(step)
        return step

    def finish(self, flow: core.Flow) -> None:
        """Drive a flow to its end."""
        ride = Ride(flow)
        try:
            self.run(ride)
        finally:
            self.close(ride)

    async def afinish(self, flow: core.Flow) -> None:
        """Do the same on an event loop."""
        ride = Ride(flow)
        try:
            await self.arun(ride)
        finally:
            self.close(ride)

    def close(self, ride: Ride) -> None:
        """End the flow, and let go what it holds."""
        with self._lock:
            ride.flow.close()
        if ride.hold is not None:
            ride.hold.__exit__(None, None, None)
            ride.hold = None

    def _read(self, ride: Ride) -> StoreRead:
        ride.trace.store_reads += 1
        pair = self.store.read()
        return StoreRead(self.clock(), pair)

    def _wait(self, effect: Effect, ride: Ride) -> Event:
        if isinstance(effect, ReadStore):
            return self._read(ride)
        if isinstance(effect, Exchange):
            try:
                pair = self._exchanger.exchange(effect.pair)
                return Exchanged(self.clock(), pair)
            except Exception as error:  # noqa: BLE001 - whoever joined must hear of any failure
                return ExchangeFailed(self.clock(), _as_auth_error(error))
        if isinstance(effect, Lock):
            if self._tab_lock is not None:
                self._hold(ride).__enter__()
            return Done(self.clock())
        assert isinstance(effect, Join)
        assert isinstance(effect.flight.waiters, threading.Event), "the flight was begun on an event loop"
        effect.flight.waiters.wait()
        return Done(self.clock())

    async def _await(self, effect: Effect, ride: Ride) -> Event:
        if isinstance(effect, ReadStore):
            return self._read(ride)
        if isinstance(effect, Exchange):
            try:
                pair = await self._exchanger.aexchange(effect.pair)
                return Exchanged(self.clock(), pair)
            except Exception as error:  # noqa: BLE001 - whoever joined must hear of any failure
                return ExchangeFailed(self.clock(), _as_auth_error(error))
        if isinstance(effect, Lock):
            if self._tab_lock is not None:
                await asyncio.to_thread(self._hold(ride).__enter__)
            return Done(self.clock())
        assert isinstance(effect, Join)
        assert isinstance(effect.flight.waiters, asyncio.Task), "the flight was begun in a thread"
        await asyncio.shield(effect.flight.waiters)
        return Done(self.clock())

    def _hold(self, ride: Ride) -> AbstractContextManager[object]:
        assert self._tab_lock is not None
        ride.hold = self._tab_lock()
        return ride.hold

    def _launch(self, flight: Flight, go: list[Callable[[], None]]) -> None:
        flight.waiters = landed = threading.Event()
        begun = threading.Event()
        go.append(begun.set)  # before the start: under gevent that is a place to be killed at

        def run() -> None:
            begun.wait()
            try:
                self.finish(core.fly(self.session, self.policy, flight))
            finally:
                landed.set()

        threading.Thread(target=run, name="race401-refresh", daemon=True).start()

    def _alaunch(self, flight: Flight, _: list[Callable[[], None]]) -> None:  # a task runs when the step is over
        flow = core.fly(self.session, self.policy, flight)
        loop = asyncio.get_running_loop()
        flight.waiters = loop.create_task(self.afinish(flow), name="race401-refresh")


def _as_auth_error(error: Exception) -> AuthError:
    if isinstance(error, AuthError):
        return error
    unavailable = RefreshUnavailable(f"the exchange broke ({type(error).__name__})")
    unavailable.__cause__ = error
    return unavailable
