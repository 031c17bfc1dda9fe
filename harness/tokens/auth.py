"""
The core behind `httpx.Client(auth=...)` and `httpx.AsyncClient(auth=...)`: one class, two drivers.

Rules: the lock is held while a generator is stepped and while the store is written, and never across the network. A
flight runs in a task, thread or greenlet of its own, so that killing a caller, its first one included, neither ends
nor strands it. Nothing is locked at import: gevent may patch later.
"""

import asyncio
import random
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Container, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

import httpx

from race401.harness.tokens import core
from race401.harness.tokens.clock import Clock, system_clock
from race401.harness.tokens.errors import AuthError, RefreshUnavailable
from race401.harness.tokens.exchange import Exchanger
from race401.harness.tokens.model import (
    AT_ONCE,
    Answered,
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
from race401.harness.tokens.policy import FIXED, Policy
from race401.harness.tokens.store import MemoryStore, SessionStore, written

S = TypeVar("S", bound=Step)

Launcher: TypeAlias = Callable[[Flight, list[Callable[[], None]]], None]  # the list: what lets it go

TRACE = "race401.trace"  # request.extensions[TRACE] is this request's Trace
UNAUTHORIZED = frozenset({core.UNAUTHORIZED})


@dataclass(slots=True, eq=False)
class _Ride:
    """One flow being driven, and what it holds until it ends."""

    flow: core.Flow
    trace: Trace = field(default_factory=Trace)
    hold: AbstractContextManager[object] | None = None  # the lock across tabs


class TokenAuth(httpx.Auth):
    """Authorise requests with the session's token, as the policy says.

    `observers` are called with each step (effect or event) as it happens, `listeners` with each change of the
    session and the pair that it left; both in the thread or task where it happens. `request.extensions[TRACE]`
    counts what a request cost. `tab_lock` makes the lock that sessions over the same store share (see `tabs`);
    without one, a policy that wants it is alone. `jitter_share`, in [0, 1), is this
    session's share of the policy's jitter. `unauthorized` are the statuses by which the API refuses an access token:
    some say 403.
    """

    __slots__ = (
        *("_clock", "_exchanger", "_listeners", "_lock", "_observers", "_tab_lock", "_unauthorized"),
        *("policy", "session", "store"),
    )

    def __init__(
        self,
        exchanger: Exchanger,
        store: SessionStore | None = None,
        policy: Policy = FIXED,
        *,
        clock: Clock = system_clock,
        observers: Iterable[Callable[[Step], None]] = (),
        listeners: Iterable[Callable[[Change, TokenPair | None], None]] = (),
        tab_lock: Callable[[], AbstractContextManager[object]] | None = None,
        jitter_share: float | None = None,
        unauthorized: Container[int] = UNAUTHORIZED,
    ) -> None:
        if jitter_share is None:
            jitter_share = random.random() if policy.jitter else 0.0  # noqa: S311 - spreads load
        self.session = Session(jitter_share=jitter_share)
        self.policy = policy
        self.store = store if store is not None else MemoryStore()
        self._exchanger = exchanger
        self._clock = clock
        self._observers = tuple(observers)
        self._listeners = tuple(listeners)
        self._lock = threading.Lock()
        self._tab_lock = tab_lock
        self._unauthorized = unauthorized

    # --- the session ------------------------------------------------------------------------------

    def sign_in(self, pair: TokenPair) -> None:
        """Begin a session with a pair that the auth server has just issued."""
        self._finish(_Ride(core.sign_in(self.session, self.policy, pair)))

    def sign_out(self) -> None:
        """Forget the session on this side. Ending it at the server is `AuthServer.sign_out`, before this."""
        self._finish(_Ride(core.sign_out(self.session, self.policy, self._clock())))

    def tick(self) -> None:
        """Let the background auto-refresh come round once."""
        self._finish(_Ride(core.tick(self.session, self.policy)))

    async def atick(self) -> None:
        """Let the background auto-refresh come round once, on an event loop."""
        await self._afinish(_Ride(core.tick(self.session, self.policy)))

    @contextmanager
    def auto_refresh(self) -> Iterator[None]:
        """Run the background auto-refresh beside the block, in a thread (under gevent, a greenlet) of its own."""
        stop = threading.Event()

        def run() -> None:
            while not stop.wait(self.policy.auto_refresh_every):
                self.tick()

        ticker = threading.Thread(target=run, name="race401-tick", daemon=True)
        ticker.start()
        try:
            yield
        finally:
            stop.set()
            ticker.join()

    @asynccontextmanager
    async def aauto_refresh(self) -> AsyncIterator[None]:
        """Run the background auto-refresh beside the block, in a task of its own."""

        async def run() -> None:
            while True:
                await asyncio.sleep(self.policy.auto_refresh_every)
                await self.atick()

        ticker = asyncio.create_task(run(), name="race401-tick")
        try:
            yield
        finally:
            ticker.cancel()
            await asyncio.gather(ticker, return_exceptions=True)

    # --- httpx ------------------------------------------------------------------------------------

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Drive one caller on a thread or greenlet."""
        trace = request.extensions[TRACE] = Trace()
        replayable = _replayable(request)
        at = self._clock()
        if (pair := core.usable(self.session, at)) is not None:
            response = yield self._sending(request, self._fast(pair, at), trace)
            if response.status_code not in self._unauthorized:
                return
            flow = core.recover(self.session, self.policy, self._answered(response, replayable), pair)
        else:
            flow = core.attempt(self.session, self.policy, at)
        ride, event = _Ride(flow, trace), None
        try:
            while (send := self._run(ride, event)) is not None:
                response = yield self._sending(request, send, trace)
                event = self._answered(response, replayable)
        finally:
            self._close(ride)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Drive one caller on an event loop."""
        trace = request.extensions[TRACE] = Trace()
        replayable = _replayable(request)
        at = self._clock()
        if (pair := core.usable(self.session, at)) is not None:
            response = yield self._sending(request, self._fast(pair, at), trace)
            if response.status_code not in self._unauthorized:
                return
            flow = core.recover(self.session, self.policy, self._answered(response, replayable), pair)
        else:
            flow = core.attempt(self.session, self.policy, at)
        ride, event = _Ride(flow, trace), None
        try:
            while (send := await self._arun(ride, event)) is not None:
                response = yield self._sending(request, send, trace)
                event = self._answered(response, replayable)
        finally:
            self._close(ride)

    def _fast(self, pair: TokenPair, at: float) -> Send:
        """Return the sending that needs no generator; its age is reckoned only where somebody looks."""
        if not self._observers:
            return Send(pair, at)
        cached = self.session.cached
        return self._observed(Send(pair, at, age=at - cached.read_at if cached is not None else 0.0))

    def _sending(self, request: httpx.Request, send: Send, trace: Trace) -> httpx.Request:
        if send.pair is None:
            request.headers.pop("Authorization", None)
        else:
            request.headers["Authorization"] = f"Bearer {send.pair.access_token}"
        trace.sends += 1
        return request

    def _answered(self, response: httpx.Response, replayable: bool) -> Answered:
        status = response.status_code
        refused = status in self._unauthorized
        return self._observed(Answered(self._clock(), core.UNAUTHORIZED if refused else status, replayable))

    # --- driving ----------------------------------------------------------------------------------

    def _run(self, ride: _Ride, event: Event | None = None) -> Send | None:
        """Step the flow and do what it asks until it wants to send (returned) or ends (None)."""
        while (effect := self._step(ride, event, self._launch)) is not None:
            if isinstance(effect, Send):
                return effect
            event = self._observed(self._wait(effect, ride))
        return None

    async def _arun(self, ride: _Ride, event: Event | None = None) -> Send | None:
        """Do the same on an event loop."""
        while (effect := self._step(ride, event, self._alaunch)) is not None:
            if isinstance(effect, Send):
                return effect
            event = self._observed(await self._await(effect, ride))
        return None

    def _step(self, ride: _Ride, event: Event | None, launch: Launcher) -> Effect | None:
        """Step under the lock, and do there what nothing may come between; whoever looks on is told after it.

        A flight begins in the same breath, before anyone can be killed, and goes once what led to it has been told.
        """
        done: list[tuple[Effect, Event]] = []
        go: list[Callable[[], None]] = []
        try:
            with self._lock:
                effect = self._advance(ride, event, done, lambda flight: launch(flight, go))
            for asked, answer in done:
                self._observed(asked)
                if isinstance(asked, WriteStore) and isinstance(answer, Done):
                    for listener in self._listeners:
                        listener(asked.change, asked.pair)
            return None if effect is None else self._observed(effect)
        finally:
            for each in go:
                each()

    def _advance(
        self, ride: _Ride, event: Event | None, done: list[tuple[Effect, Event]], launch: Callable[[Flight], None]
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

    def _observed(self, step: S) -> S:
        for observe in self._observers:
            observe(step)
        return step

    def _finish(self, ride: _Ride) -> None:
        try:
            self._run(ride)
        finally:
            self._close(ride)

    async def _afinish(self, ride: _Ride) -> None:
        try:
            await self._arun(ride)
        finally:
            self._close(ride)

    def _close(self, ride: _Ride) -> None:
        with self._lock:
            ride.flow.close()
        if ride.hold is not None:
            ride.hold.__exit__(None, None, None)
            ride.hold = None

    def _read(self, ride: _Ride) -> StoreRead:
        ride.trace.store_reads += 1
        pair = self.store.read()
        return StoreRead(self._clock(), pair)

    def _wait(self, effect: Effect, ride: _Ride) -> Event:
        if isinstance(effect, ReadStore):
            return self._read(ride)
        if isinstance(effect, Exchange):
            try:
                pair = self._exchanger.exchange(effect.pair)
                return Exchanged(self._clock(), pair)
            except Exception as error:  # noqa: BLE001 - whoever joined must hear of any failure
                return ExchangeFailed(self._clock(), _as_auth_error(error))
        if isinstance(effect, Lock):
            if self._tab_lock is not None:
                self._hold(ride).__enter__()
            return Done(self._clock())
        assert isinstance(effect, Join)
        assert isinstance(effect.flight.waiters, threading.Event), "the flight was begun on an event loop"
        effect.flight.waiters.wait()
        return Done(self._clock())

    async def _await(self, effect: Effect, ride: _Ride) -> Event:
        if isinstance(effect, ReadStore):
            return self._read(ride)
        if isinstance(effect, Exchange):
            try:
                pair = await self._exchanger.aexchange(effect.pair)
                return Exchanged(self._clock(), pair)
            except Exception as error:  # noqa: BLE001 - whoever joined must hear of any failure
                return ExchangeFailed(self._clock(), _as_auth_error(error))
        if isinstance(effect, Lock):
            if self._tab_lock is not None:
                await asyncio.to_thread(self._hold(ride).__enter__)
            return Done(self._clock())
        assert isinstance(effect, Join)
        assert isinstance(effect.flight.waiters, asyncio.Task), "the flight was begun in a thread"
        await asyncio.shield(effect.flight.waiters)
        return Done(self._clock())

    def _hold(self, ride: _Ride) -> AbstractContextManager[object]:
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
                self._finish(_Ride(core.fly(self.session, self.policy, flight)))
            finally:
                landed.set()

        threading.Thread(target=run, name="race401-refresh", daemon=True).start()

    def _alaunch(self, flight: Flight, _: list[Callable[[], None]]) -> None:  # a task runs when the step is over
        flow = core.fly(self.session, self.policy, flight)
        loop = asyncio.get_running_loop()
        flight.waiters = loop.create_task(self._afinish(_Ride(flow)), name="race401-refresh")


def _replayable(request: httpx.Request) -> bool:
    """Tell, before the first sending, whether the body can be sent again."""
    try:
        request.content  # noqa: B018 - the property is httpx's way to ask
    except httpx.RequestNotRead:
        return False
    return True


def _as_auth_error(error: Exception) -> AuthError:
    if isinstance(error, AuthError):
        return error
    unavailable = RefreshUnavailable(f"the exchange broke ({type(error).__name__})")
    unavailable.__cause__ = error
    return unavailable
