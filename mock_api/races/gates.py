"""Gates: the named points at which a request really suspends, so that concurrent ones can overtake each other.

Without them a request would be atomic in process, and even a naive client would look sound. One mechanism: a gate
is free, delayed by the world's latency, held by a race program, or stepped by whoever gives the app its own `Gates`.
"""

import asyncio
from typing import Protocol

from race401.ledger.entry import Entry

ARRIVE = "arrive"  # before any state is read
ANSWER = "answer"  # between the change of state and the answer; status, cause and outcome are in the entry
ANSWERED = "answered"  # no gate but an event: the whole answer has left


class Gates(Protocol):
    """Whoever orders the requests. One that has a method `answered(entry)` is told when an answer has left."""

    async def wait(self, gate: str, entry: Entry, latency: float) -> bool | None:
        """Return when the request may pass; true if it had to wait, so that its client may have hung up."""
        ...


class Holder(Protocol):
    """A race program at work."""

    async def hold(self, gate: str, entry: Entry) -> bool:
        """Return when it lets the request pass, and whether it held it at all."""
        ...

    def happened(self, event: str, entry: Entry) -> None:
        """Take note."""
        ...


class FreeGates:
    """Every gate lets pass at once, or after the world's latency, and when every race program does.

    Others have their turn on arrival always, and before the answer if state was changed: a read that nothing holds
    is decided and answered in one go.
    """

    def __init__(self) -> None:
        self.holders: list[Holder] = []

    async def wait(self, gate: str, entry: Entry, latency: float) -> bool:
        """See `Gates`."""
        held = latency > 0
        if gate == ARRIVE or held or entry.method != "GET":
            await asyncio.sleep(latency)
        if self.holders:
            for holder in tuple(self.holders):
                held |= await holder.hold(gate, entry)
        return held

    def answered(self, entry: Entry) -> None:
        """See `Gates`."""
        for holder in tuple(self.holders):
            holder.happened(ANSWERED, entry)
