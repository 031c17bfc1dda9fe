"""How a burst meets the end of the token: alive and about to end, or surely over, and never in between."""

from collections.abc import Sequence
from typing import Any

from race401.harness.judge.causal import before
from race401.ledger.entry import Entry

STRETCHED = (1.0, 2.0, 4.0)  # what is left of the token, times this: again, where its end came before the burst
UNTIL_THE_BURST: dict[str, Any] = {  # a refresh that a timer makes before the burst waits for it
    "name": "until-the-burst",
    "within_s": 3_600.0,
    "hold": [
        {
            "which": {"request": "exchange"},
            "at": "arrive",
            "until": {"request": "exchange", "at": "arrive", "count": 1_000},  # never: the course lets go of it
        }
    ],
}
FROM_THE_SIGN_IN = {  # the same from the answer to a sign-in on; one that itself refreshes goes on after 5 s
    **UNTIL_THE_BURST,
    "hold": [
        UNTIL_THE_BURST["hold"][0] | {"after": {"method": "POST", "status": 200, "at": "answer"}, "or_after_s": 5}
    ],
}


class Missed(Exception):
    """The token's end came before the burst, or under it, as it does on a slow machine."""


def too_late(met: Sequence[Entry]) -> bool:
    """Whether a call of the first burst carried a token that was over; not after a refresh that had been answered."""
    over = [entry for entry in met if entry.cause == "expired"]
    refreshes = [entry for entry in met if entry.grant_outcome is not None or entry.fault is not None]
    return any(not any(before(refresh, call) for refresh in refreshes) for call in over)


def stale(met: Sequence[Entry], fresh: float) -> bool:
    """Whether a refresh came when no more than so many s were left: it was called for, as the machine was slow."""
    return any(e.grant_outcome is not None and e.token_left_s is not None and e.token_left_s <= fresh for e in met)


def felt(entry: Entry) -> bool:
    """Whether the client met the token's end here."""
    return entry.grant_outcome is not None or entry.unauthorized or entry.fault is not None
