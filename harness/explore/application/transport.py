"""
The wire between a client and an app in one process, with a gate at each end.

Rules: the app answers each request in a task of its own, so that cancelling a caller drops the answer and never the
handler, as a network does. Who orders arrivals and answers is the loop: an app with gates of its own, like the mock,
asks it through `LoopGates`, and any other is put between two gates by `Gated`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import httpx

from race401.harness.explore.application.loop import ChosenLoop, Option
from race401.ledger.entry import Entry

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

STEP = 0.001  # s of virtual time that a request takes to leave: what is sent after an answer is later in the ledger
ARRIVE, ANSWER = "arrive", "answer"  # gates: nothing is decided before the one, everything before the other
NOBODY = "the scene"  # who sends before and after the callers do
CALLER: ContextVar[str] = ContextVar("CALLER", default=NOBODY)
EXTENSION = "race401.passage"  # response.extensions[EXTENSION] is the answer's Passage


@dataclass(slots=True, eq=False)
class Passage:
    """One request on its way through the app."""

    who: str
    method: str
    target: str
    sent_at: float  # s, virtual
    status: int = 0
    entry: Any = None  # the app's own record of it, where it shows one at its gates
    abandoned: bool = False  # its caller was cancelled


PASSAGE: ContextVar[Passage] = ContextVar("PASSAGE")


class LoopGates:
    """The mock's `Gates`, asking the explorer's loop."""

    def __init__(self, loop: ChosenLoop) -> None:
        self._loop = loop

    async def wait(self, gate: str, entry: object, latency: float) -> None:  # noqa: ARG002 - time is the loop's
        """Return when the schedule lets this request pass."""
        passage = PASSAGE.get()
        passage.entry = entry
        await self._loop.gate(Option(gate, passage.who, passage))


class Ledger(Protocol):
    """An app's own record of what happened, as `ledger.entry.Entry` has it."""

    @property
    def entries(self) -> Iterable[Entry]:
        """Every request that was decided."""
        ...


class Explorable(Protocol):
    """An ASGI app that waits at gates and keeps a ledger, as the mock does; for another, see `Gated`."""

    @property
    def ledger(self) -> Ledger:
        """What it is judged by."""
        ...

    def __call__(self, scope: Message, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request."""
        ...


class Gated:
    """Any ASGI app, with gates around it. It has an empty ledger: what the callers saw is all that is judged."""

    def __init__(self, app: App, gates: LoopGates) -> None:
        self._app, self._gates = app, gates
        self.entries: tuple[Entry, ...] = ()

    @property
    def ledger(self) -> Ledger:
        """See `Explorable`."""
        return self

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request between two gates."""
        await self._gates.wait(ARRIVE, None, 0.0)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                PASSAGE.get().status = message["status"]
                await self._gates.wait(ANSWER, None, 0.0)
            await send(message)

        await self._app(scope, receive, answer)


class AppTransport(httpx.AsyncBaseTransport):
    """Hand each request to the app, and its whole answer back."""

    def __init__(self, app: Explorable, loop: ChosenLoop) -> None:
        self._app, self._loop = app, loop

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, unless the caller is cancelled: then the app goes on without it."""
        body = await request.aread()
        self._loop.elapse(STEP)
        target = request.url.raw_path.decode("ascii")
        passage = Passage(CALLER.get(), request.method, target, self._loop.time())
        try:
            return await asyncio.shield(self._loop.create_task(self._serve(request, body, passage)))
        except asyncio.CancelledError:
            passage.abandoned = True
            raise

    async def _serve(self, request: httpx.Request, body: bytes, passage: Passage) -> httpx.Response:
        PASSAGE.set(passage)
        asked, sent = [body], list[Message]()

        async def receive() -> Message:
            if not asked:
                await self._loop.create_future()  # nobody hangs up before the answer has left
            return {"type": "http.request", "body": asked.pop(), "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        try:
            await self._app(_scope(request), receive, send)
        except ConnectionResetError as error:  # how an app in process breaks the connection
            raise httpx.ReadError(str(error), request=request) from error
        passage.status = sent[0]["status"]
        return httpx.Response(
            passage.status,
            headers=sent[0]["headers"],
            content=b"".join(message.get("body", b"") for message in sent[1:]),
            extensions={EXTENSION: passage},
        )


def _scope(request: httpx.Request) -> Message:
    """Return the request as ASGI has it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": request.url.raw_path.split(b"?")[0],
        "query_string": request.url.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("127.0.0.1", 0),
        "server": (request.url.host, request.url.port),
        "state": {},
    }
