"""
What a race of a score card is: steps as data, what they must show, whom they ask and whom they blame.

Durations are in s. The client's clock is the machine's; a clock that is wrong is the server's, set apart from it.
"""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

CALLERS = 5  # of a burst
SURELY_OVER = 2.1  # after a token's last one: expiry is in whole seconds, and so is `expires_in`, one later at most

CLAIMS = {
    "single_flight": "callers share one refresh",
    "retry_on_401": "a 401 leads to a refresh and one retry",
    "serve_while_valid": "a token that is still valid is used although its refresh failed",
    "keeps_session": "a temporary failure of a refresh does not end the session",
    "sign_out": "a sign-out ends the session for good",
    "shared_flight": "clients that share a storage share one refresh",
}
ABILITIES = {
    "sign_out": "no sign-out",
    "tabs": "no storage that several clients can share",
    "post": "a driver that sends no POST",
}


@dataclass(frozen=True, slots=True)
class SignIn:
    """Sign in, with so much left of the first token's life; None: all of it."""

    remaining: float | None = None


@dataclass(frozen=True, slots=True)
class Arm:
    """Put a race program to work: a shipped one, with some of its fields changed, or one of our own."""

    program: str
    changes: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Burst:
    """
    So many calls at once.

    `due`: a refresh is due; for a client that looks only at the expiry, wait for that. `fresh`: a token that is
    refreshed here has more than so many s left, or the machine was too slow.
    """

    callers: int = CALLERS
    must: bool = True  # succeed
    due: bool = False
    fresh: float | None = None
    post: bool = False  # a body, which only a driver that can `post` is asked to send


@dataclass(frozen=True, slots=True)
class SignOutDuring:
    """One call; and a sign-out as soon as the program holds something of it."""


@dataclass(frozen=True, slots=True)
class Tabs:
    """From now on so many clients over one storage; a burst goes round them."""

    tabs: int = 3


@dataclass(frozen=True, slots=True)
class SetClock:
    """Set the server's clock apart from the client's."""

    ahead: float


@dataclass(frozen=True, slots=True)
class RevokeElsewhere:
    """The user ends all sessions from another device."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Let time pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Release:
    """Wait until the server holds nothing back any more, though whoever asked may have given up."""


Step: TypeAlias = SignIn | Arm | Burst | SignOutDuring | Tabs | SetClock | RevokeElsewhere | Pause | Release
Covers: TypeAlias = Literal[
    "refresh",
    "third-refresh",
    "refusal",
    "ended-token",
    "two-401s-one-token",
    "late-401",
    "refresh-during-sign-out",
    "lost-answer",
    "fault",
    "condition",
]


@dataclass(frozen=True, slots=True)
class Race:
    """One line of the card."""

    name: str
    about: str
    steps: tuple[Step, ...]
    covers: Covers  # what the ledger must show; else the race was not exercised
    claim: str | None = None  # who does not claim this is not blamed for losing
    ability: str | None = None  # who does not have this is not asked
    world: str | None = None  # None: the world that the client is made for
    settings: tuple[str, ...] = ()  # of the mock, as on its command line
    ideal: int | None = 1  # exchanges of a client that does it right; None: none is right

    @property
    def waits(self) -> float:
        """How many s the race itself takes at most: its pauses, its tokens' ends, and answers that it has held."""
        pauses = [step.seconds for step in self.steps if isinstance(step, Pause)]
        held = [_held(step) for step in self.steps if isinstance(step, Arm)]
        due = any(isinstance(step, Burst) and step.due for step in self.steps)
        ends = [step.remaining + SURELY_OVER for step in self.steps if isinstance(step, SignIn) and step.remaining]
        return sum(pauses) + sum(held) + (sum(ends) if due else 0.0)


def _held(arm: Arm) -> float:
    """Return for how many s it holds something that may never come about; of a shipped program 0: it has its own."""
    return sum(float(rule.get("or_after_s", 0.0)) for rule in (arm.changes or {}).get("hold", ()))
