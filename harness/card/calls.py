"""The calls that a client is told to make, and what each came to: as the app saw it, where its driver says so."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec

Saw: TypeAlias = Literal["success", "failure", "nothing yet"]
WANT = (
    'expected one line of JSON, in the order of `begin`: [{"path": "/a", "status": 200}, '
    '{"path": "/b", "error": "why"}, {"path": "/c", "pending": true}]'
)


class CameTo(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one call came to, in the driver's words: a status, an error or neither yet. Exactly one of them."""

    path: str
    status: int | None = None  # of the answer that the app was handed
    error: str | None = None  # that the client raised instead
    pending: bool = False  # the client has given it nothing so far

    def __post_init__(self) -> None:
        if (self.status is not None) + (self.error is not None) + self.pending != 1:
            raise ValueError("a call has one of status, error and pending")

    @property
    def saw(self) -> Saw:
        """What the app has in its hands."""
        if self.pending:
            return "nothing yet"
        return "success" if self.status is not None and 200 <= self.status < 300 else "failure"  # noqa: PLR2004

    def __str__(self) -> str:
        return "still pending" if self.pending else " ".join(str(self.status or self.error).split())


@dataclass(slots=True)
class Call:
    """One call that the client was told to make."""

    path: str
    must: bool  # succeed
    signed_out: bool  # it began after the sign-out
    after: int = 0  # entries of the ledger, when it was begun
    came_to: CameTo | None = None  # None: the driver does not say
    body: Any = None  # of a POST, as JSON; None: a GET

    def __str__(self) -> str:
        """Return the call as `begin` has it: one word."""
        if self.body is None:
            return self.path
        return json.dumps({"method": "POST", "path": self.path, "body": self.body}, separators=(",", ":"))

    @property
    def pending(self) -> bool:
        """Whether the client has given the app nothing for it."""
        return self.came_to is not None and self.came_to.pending


def note(answer: str, calls: Sequence[Call]) -> None:
    """Note what each call came to, from the answer to `end SECONDS`; raises ValueError if it does not say that."""
    try:
        told = msgspec.json.decode(answer, type=list[CameTo])
    except msgspec.DecodeError as error:
        raise ValueError(f"{answer[:200]!r} ({error}); {WANT}") from None
    if (wrong := _unlike([each.path for each in told], [call.path for call in calls])) is not None:
        raise ValueError(f"a list {wrong}, so that these are not the calls of `begin`; {WANT}")
    for call, came_to in zip(calls, told, strict=True):
        call.came_to = came_to


def _unlike(told: Sequence[str], begun: Sequence[str]) -> str | None:
    """Return how these paths differ from those of `begin`, in words; None: they are the same."""
    if missing := [path for path in begun if path not in told]:
        return f"without {missing[0]}"
    if more := [path for path in told if path not in begun]:
        return f"with {more[0]}"
    return None if list(told) == list(begun) else "in another order, or with a call twice"
