"""
One client's connection and its own to the target: what comes in goes out, byte for byte, both ways at once.

Since no two clients share a connection, whatever holds for one (keep-alive, an upgrade, a half-closed end, bytes
that nobody can follow) is between that client and the target. Nothing waits for more than a head to be whole.
"""

import asyncio
import contextlib
import socket
import struct
from collections import deque
from collections.abc import Callable, Iterator

from race401.harness.proxy.framing import Framing, Length, Piece
from race401.harness.proxy.heads import Answer, Request, is_answer, is_request
from race401.harness.proxy.rewriting import Rewriting, Rewritten
from race401.harness.proxy.target import AT_ONCE, Target
from race401.harness.proxy.watch import Passing, Watch

GONE_PATIENCE = 60.0  # s for the answer to a client that hung up: what became of its request is still to be noted
LINGER = 5.0  # s for a target to end, too, whose client has ended and is owed nothing
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close at once, with a reset


class Passage:
    """
    Between a client and the target. `say` gets a line for people where the target cannot be reached.

    `rewriting`: what is changed in answers on purpose; without it, nothing is.
    """

    def __init__(
        self, target: Target, watch: Watch, say: Callable[[str], None], rewriting: Rewriting | None = None
    ) -> None:
        self._target, self._watch, self._say = target, watch, say
        self._rewritten = None if rewriting is None else Rewritten(rewriting)
        self._requests, self._answers = Framing(self._asks, is_request), Framing(self._tells, is_answer)
        self._open: deque[Passing] = deque()  # what has no whole answer yet, in the order of asking
        self._sending: Passing | None = None
        self._request, self._answer = Request(b""), Answer(b"")
        self._address = ""
        self._hung_up = False
        self._unread = False  # what the client sends is no HTTP, or none any more

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on until either side ends."""
        self._address = str((writer.get_extra_info("peername") or ("",))[0])
        try:
            if first := await _some(reader):
                await self._serve(reader, writer, first)
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        finally:
            self._all_over()
            await _close(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, first: bytes) -> None:
        try:
            its_reader, its_writer = await self._target.connect()
        except OSError as error:
            self._say(f"the target was not reached: {error}")
            await self._unreached(reader, first)
            _reset(writer)
            return
        up = asyncio.create_task(self._pass_up(reader, its_writer, first))
        try:
            if await self._pass_down(its_reader, writer):
                await up  # the target has said all, and may still listen
        finally:
            up.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await up
            its_writer.transport.abort()

    async def _unreached(self, reader: asyncio.StreamReader, received: bytes | None) -> None:
        """Note the first request of a client whose target is not there."""
        while received and not self._open:
            for piece in self._requests.feed(received):
                self._up(piece)
            received = None if self._open else await _some(reader)

    async def _pass_up(self, reader: asyncio.StreamReader, to: asyncio.StreamWriter, received: bytes | None) -> None:
        try:
            while received:
                await _send(to, b"".join([self._up(piece) for piece in self._requests.feed(received)]))
                received = await _some(reader)
            if rest := self._requests.rest():
                await _send(to, self._up(Piece(rest, unclear=True)))
        except OSError:
            return  # the target ended; whoever reads from it knows how
        self._left()
        if to.can_write_eof() and not to.is_closing():
            to.write_eof()
        if self._idle:
            asyncio.get_running_loop().call_later(LINGER if to.can_write_eof() else 0, to.close)

    async def _pass_down(self, reader: asyncio.StreamReader, to: asyncio.StreamWriter) -> bool:
        """Return whether the target ended in order, and the client is there."""
        gone = False
        while not (gone and all(passing.written for passing in self._open)):
            idle = self._hung_up and self._idle
            try:
                async with asyncio.timeout(LINGER if idle else GONE_PATIENCE if gone else None):
                    received = await reader.read(AT_ONCE)
            except OSError:  # the target reset it; TimeoutError is one
                if idle:
                    return False
                self._all_over()
                _reset(to)
                return False
            out = b"".join(map(self._down, self._pieces(received))) if received else self._end()
            try:
                if not gone:
                    await _send(to, out)
            except OSError:
                gone = True
                self._left()
            if not received:
                break
        if gone or self._hung_up:
            return False
        if not to.can_write_eof():  # TLS has no half-closed end
            return False
        to.write_eof()
        return True

    def _left(self) -> None:
        """Note that the client hung up; it may do so by halves first, and then it did by then."""
        if not self._hung_up:
            self._hung_up = True
            self._watch.left(self._open)

    @property
    def _idle(self) -> bool:
        """Whether nobody owes anything."""
        return not self._open and not self._unread

    # --- what a piece is, on its way ---

    def _asks(self, raw: bytes) -> Length:
        self._request = Request(raw)
        return self._request.length

    def _tells(self, raw: bytes) -> Length:
        self._answer = Answer(raw)
        return self._answer.length(self._open[0].request.method if self._open else "GET")

    def _up(self, piece: Piece) -> bytes:
        """Note what the client sent, and return what the target gets."""
        raw = piece.raw
        if piece.head:
            self._sending = self._watch.asked(self._request, self._address, self._target.world)
            self._open.append(self._sending)
            whole = self._rewritten is not None and self._rewritten.reads(self._request)
            encoding = b"identity" if self._sending.read or whole else None
            raw = self._request.sent_to(self._target.authority, self._target.prefix, encoding)
        elif piece.unclear and not self._unread and not self._open:  # so that nobody takes it for nothing
            self._open.append(self._watch.asked(Request(b"?"), self._address, self._target.world))
        self._unread = self._unread or piece.unclear
        if self._sending is not None and not piece.unclear:
            self._watch.sent(self._sending, piece.content, ends=piece.ends)
        return raw

    def _pieces(self, received: bytes) -> Iterator[Piece]:
        """Yield what the target answered, as the client gets it."""
        for piece in self._answers.feed(received):
            if self._rewritten is None or not self._open or (piece.head and self._answer.informs):
                yield piece
            else:
                passing = self._open[0]
                document = self._rewritten.reads(passing.request)
                yield from self._rewritten.pieces(piece, self._answer, passing.entry, document=document)

    def _down(self, piece: Piece) -> bytes:
        """Note what the target answered, and return what the client gets: just that."""
        if piece.head and self._rewritten is not None:
            self._answer = Answer(piece.raw)
        if not self._open or (piece.head and self._answer.informs):
            return piece.raw
        passing = self._open[0]
        if piece.head and self._answer.status is not None:
            self._watch.answered(passing, self._answer, hung_up=self._hung_up)
        self._watch.note_answer_body(passing, piece.content)
        if piece.unclear:  # an upgrade or a tunnel: from here on it is no HTTP, either way
            self._requests.stop()
            self._unread = True
        if piece.ends or piece.unclear:
            self._watch.over(self._open.popleft(), hung_up=self._hung_up)
        return piece.raw

    def _end(self) -> bytes:
        """Note that the target closed, and return what is left of its answer."""
        held = () if self._rewritten is None or not self._open else self._rewritten.rest(self._open[0].entry)
        left = b"".join(map(self._down, held)) + self._answers.rest()
        self._all_over()
        return left

    def _all_over(self) -> None:
        """Note that what has no whole answer will have none."""
        while self._open:
            self._watch.over(self._open.popleft(), hung_up=self._hung_up)


async def _some(reader: asyncio.StreamReader) -> bytes | None:
    """Return what came; nothing when no more will, however that end looks."""
    try:
        return await reader.read(AT_ONCE) or None
    except OSError:
        return None


async def _send(to: asyncio.StreamWriter, raw: bytes) -> None:
    """Send, and wait while too much is under way. Raises OSError if the other end is gone."""
    if to.is_closing():
        raise ConnectionResetError
    if raw:
        to.write(raw)
        await to.drain()


def _reset(to: asyncio.StreamWriter) -> None:
    """End a connection as one ends that breaks."""
    sock = to.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    to.transport.abort()


async def _close(to: asyncio.StreamWriter) -> None:
    to.close()
    with contextlib.suppress(OSError, asyncio.CancelledError):
        await to.wait_closed()
