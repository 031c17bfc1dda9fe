"""Gates: the named points at which a request really suspends, so that concurrent ones can overtake each other.

Without them a request would be atomic in process, and even a naive client would look sound.
"""

import asyncio
from typing import Protocol

from race401.mock_api.ledger import Entry

ARRIVE = "arrive"  # before any state is read
ANSWER = "answer"  # between the change of state and the answer


class Gates(Protocol):
    """Whoever orders the requests."""

    async def wait(self, gate: str, entry: Entry, latency: float) -> None:
        """Return when the request may pass."""
        ...


class FreeGates:
    """Every gate lets pass at once, or after the world's latency.

    Others have their turn on arrival always, and before the answer if state was changed: a read that nothing holds
    is decided and answered in one go.
    """

    async def wait(self, gate: str, entry: Entry, latency: float) -> None:
        """See `Gates`."""
        if gate == ARRIVE:
            await asyncio.sleep(0)
        elif latency or entry.method != "GET":
            await asyncio.sleep(latency)
