"""
The core behind `httpx.Client(auth=...)` and `httpx.AsyncClient(auth=...)`: one class for both.

A token that serves costs neither generator nor lock; whatever else a caller needs, `driver` does.
"""

import asyncio
import random
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Container, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager

import httpx

from race401.harness.tokens import core
from race401.harness.tokens.clock import Clock, system_clock
from race401.harness.tokens.driver import Driver, Ride
from race401.harness.tokens.exchange import Exchanger
from race401.harness.tokens.model import Answered, Change, Send, Session, Step, TokenPair, Trace
from race401.harness.tokens.policy import FIXED, Policy
from race401.harness.tokens.store import MemoryStore, SessionStore

TRACE = "race401.trace"  # request.extensions[TRACE] is this request's Trace
UNAUTHORIZED = frozenset({core.UNAUTHORIZED})


class TokenAuth(httpx.Auth):
    """Authorise requests with the session's token, as the policy says.

    `observers` are called with each step (effect or event) as it happens, `listeners` with each change of the
    session and the pair that it left; both in the thread or task where it happens. `request.extensions[TRACE]`
    counts what a request cost. `tab_lock` makes the lock that sessions over the same store share (see `tabs`);
    without one, a policy that wants it is alone. `jitter_share`, in [0, 1), is this
    session's share of the policy's jitter. `unauthorized` are the statuses by which the API refuses an access token:
    some say 403.
    """

    __slots__ = ("_clock", "_driver", "_unauthorized", "policy", "session", "store")

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
        self._clock, self._unauthorized = clock, unauthorized
        self._driver = Driver(
            self.session,
            policy,
            self.store,
            exchanger,
            clock,
            observers=observers,
            listeners=listeners,
            tab_lock=tab_lock,
        )

    # --- the session ------------------------------------------------------------------------------

    def sign_in(self, pair: TokenPair) -> None:
        """Begin a session with a pair that the auth server has just issued."""
        self._driver.finish(core.sign_in(self.session, self.policy, pair))

    def sign_out(self) -> None:
        """Forget the session on this side. Ending it at the server is `AuthServer.sign_out`, before this."""
        self._driver.finish(core.sign_out(self.session, self.policy, self._clock()))

    def tick(self) -> None:
        """Let the background auto-refresh come round once."""
        self._driver.finish(core.tick(self.session, self.policy))

    async def atick(self) -> None:
        """Let the background auto-refresh come round once, on an event loop."""
        await self._driver.afinish(core.tick(self.session, self.policy))

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
        ride, event = Ride(flow, trace), None
        try:
            while (send := self._driver.run(ride, event)) is not None:
                response = yield self._sending(request, send, trace)
                event = self._answered(response, replayable)
        finally:
            self._driver.close(ride)

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
        ride, event = Ride(flow, trace), None
        try:
            while (send := await self._driver.arun(ride, event)) is not None:
                response = yield self._sending(request, send, trace)
                event = self._answered(response, replayable)
        finally:
            self._driver.close(ride)

    def _fast(self, pair: TokenPair, at: float) -> Send:
        """Return the sending that needs no generator; its age is reckoned only where somebody looks."""
        if not self._driver.observers:
            return Send(pair, at)
        cached = self.session.cached
        return self._driver.observed(Send(pair, at, age=at - cached.read_at if cached is not None else 0.0))

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
        return self._driver.observed(Answered(self._clock(), core.UNAUTHORIZED if refused else status, replayable))


def _replayable(request: httpx.Request) -> bool:
    """Tell, before the first sending, whether the body can be sent again."""
    try:
        request.content  # noqa: B018 - the property is httpx's way to ask
    except httpx.RequestNotRead:
        return False
    return True
