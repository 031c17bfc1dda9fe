"""
The answer to one request: decided, held at the gate, written to the ledger, and only then sent.

Each request has its entry, whatever becomes of it; one whose client cannot have heard the answer has no status.
"""

from collections.abc import Callable
from urllib.parse import quote

from race401.ledger.entry import Entry
from race401.mock_api.http.problem import ASKS, instead
from race401.mock_api.http.wire import Message, Receive, Send, break_off, hung_up
from race401.mock_api.ledger import Ledger
from race401.mock_api.races.armed_faults import ArmedFaults
from race401.mock_api.races.fault import Cut, Redirect, Status
from race401.mock_api.races.gates import ANSWER, Gates
from race401.mock_api.state.clock import Clock

TORN_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: applic"


class Server:
    """What the answers of one app have in common."""

    def __init__(self, ledger: Ledger, gates: Gates, faults: ArmedFaults, clock: Clock) -> None:
        self.ledger, self.gates, self.faults, self.clock = ledger, gates, faults, clock
        self.answered: Callable[[Entry], None] = getattr(gates, "answered", lambda _: None)


class RecordedAnswer:
    """What an ASGI app is given as `send` is this one's."""

    __slots__ = ("_cut", "_gone", "_latency", "_receive", "_scope", "_send", "_server", "_written", "entry", "held")

    def __init__(self, server: Server, entry: Entry, latency: float, wire: tuple[Message, Receive, Send]) -> None:
        self._server, self.entry, self._latency = server, entry, latency
        self._scope, self._receive, self._send = wire
        self._cut: Cut | None = None
        self._gone = self._written = False
        self.held: bool | None = False  # at a gate, so that the client may have hung up meanwhile

    async def send(self, message: Message) -> None:
        """Send one message; the first waits at the gate and is written before it leaves."""
        server, entry = self._server, self.entry
        if not self._written:
            if not entry.seq:
                server.ledger.decide(entry)
            entry.status = message["status"]
            if server.faults.armed:
                await self._struck(server, entry)
            elif await server.gates.wait(ANSWER, entry, self._latency):
                self.held = True
            if self.held and hung_up(self._scope):
                entry.status, entry.hung_up = 0, True
            now = server.clock.now()
            if entry.status:
                entry.answered_at = now
            message["headers"] = [*message["headers"], server.clock.date(now)]
            self._write()
        if self._cut is not None:
            await self._break(self._cut, message)
            return
        await self._send(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            server.answered(entry)

    async def _struck(self, server: Server, entry: Entry) -> None:
        """Wait at the gate as long as faults say so, and let them break the answer off."""
        latency = self._latency + server.faults.delay(ANSWER, entry)
        self.held = await server.gates.wait(ANSWER, entry, latency) or self.held
        self._cut = server.faults.cut(entry)
        if self._cut is not None and self._cut.where != "body":
            entry.status = 0

    async def _break(self, cut: Cut, message: Message) -> None:
        """Send what still arrives, then break the connection; whatever the app says after that goes nowhere."""
        if self._gone:
            return
        if cut.where == "body":
            if message["type"] == "http.response.start":
                await self._send(message)
                return
            body = message.get("body", b"")
            await self._send({**message, "body": body[: len(body) // 2], "more_body": True})
        self._gone = True
        await break_off(cut, self._scope, self._receive, TORN_HEAD if cut.where == "headers" else b"")

    async def fail(self, fault: Status | Redirect | Cut) -> None:
        """Do to the request what is done to it instead of serving it."""
        if isinstance(fault, Cut):
            self._write()
            await break_off(fault, self._scope, self._receive)
            return
        if isinstance(fault, Redirect):
            self.entry.cause, self.entry.redirect = "fault", self._server.ledger.fingerprints.fingerprint(fault.to)
            here = self._scope["raw_path"].decode("latin-1").removesuffix(self._scope["path"])  # world and client
            to = quote(fault.to, safe="/?=&~")  # whatever somebody wrote there: a header has one line
            where = [(b"location", f"{here}{to}".encode("latin-1")), (b"content-length", b"0")]
            await self.send({"type": "http.response.start", "status": 307, "headers": where})
            await self.send({"type": "http.response.body", "body": b""})
            return
        asked = dict(self._scope["headers"]).get(ASKS.encode(), b"").decode("latin-1")
        headers, body = instead(fault, self.entry, asked)
        await self.send({"type": "http.response.start", "status": fault.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    def close(self) -> None:
        """Write what was cut off before any answer."""
        if not self._written:
            self.entry.status = 0
            self._write()

    def _write(self) -> None:
        self._written = True
        self._server.ledger.write(self.entry)
