"""Conditions as data: a world, what is wrong or happens in it, and what each role is expected to show there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from race401.harness.judge.expectation import Expectation

__all__ = ["NOTHING_WRONG", "Condition", "Expectation", "Fault", "Happening", "Program", "by_name"]

Program: TypeAlias = Mapping[str, Any]  # as `POST /_race401/programs` takes it
Fault: TypeAlias = Mapping[str, Any]  # as `POST /_race401/faults` takes it
Happening: TypeAlias = Literal["", "sign-out", "ended-elsewhere"]


NOTHING_WRONG = Expectation("none", "one", refreshes="ideal")


@dataclass(frozen=True, slots=True)
class Condition:
    """A world and what happens in it."""

    name: str
    world: str
    about: str
    control: Expectation
    subject: Expectation = NOTHING_WRONG
    known: Mapping[str, Expectation] = field(default_factory=dict)
    """By name of a policy, instead of `subject`: weaknesses that a comparison of policies should show."""
    skew: float = 0.0  # s, client clock minus server clock
    at_expiry: bool = False
    """What happens at the decisive instant: the token comes within the policy's margin, or (True) it expires."""
    left: float | None = None
    """s of life of a session's first access token, below 0 after its end; None: what the decisive instant leaves."""
    visit: int = 0  # pages, after which the browser comes back with a new session; 0: one visit for the whole run
    in_step: float = 0.0  # s; pages begin at multiples of it, everybody's at once; 0: each browser by itself
    tabs: int = 1  # managers that share the browser's session store; a page's requests go round them
    program: Program | None = None  # armed for each visit
    faults: tuple[Fault, ...] = ()  # armed for each browser
    happens: Happening = ""  # in each visit: during its first page a sign-out, or before it the session's end
    covers: tuple[str, ...] = ("refresh",)
    """What must have happened; see `judge.checks.coverage.COVERAGE`."""
    played_as: str = ""
    """Of one made from a scenario's `own`: the name of that, by which locust knows its browsers."""

    @property
    def part(self) -> str:
        """The name by which locust knows its browsers: they are there before anybody says which world."""
        return self.played_as or self.name

    def expected(self, role: str, policy: str) -> Expectation:
        """Return what this role should show, if it is this policy's."""
        if role == "control":
            return self.control
        return self.known.get(policy, self.subject)

    @property
    def is_eventful(self) -> bool:
        """Whether more happens than that a browser loads pages in a world; see `visitor`."""
        return bool(self.visit or self.in_step or self.tabs > 1 or self.program or self.faults or self.happens)

    def remaining(self, instant: float, margin: float) -> float:
        """Return the life in s of the first access token, such that `instant` s after sign-in it is decided."""
        if self.left is not None:
            return self.left
        return instant if self.at_expiry else instant + margin + self.skew


def by_name(*conditions: Condition) -> dict[str, Condition]:
    """Return the conditions as a scenario takes them."""
    return {condition.name: condition for condition in conditions}
