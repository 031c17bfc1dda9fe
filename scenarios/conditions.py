"""The burst's conditions as data: a world, what is wrong in it, and what each role is expected to show there."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a role should show; the verdict holds it against the ledger."""

    caller_401s: Literal["none", "some", "any"]
    exchanges_per_generation: Literal["one", "several", "any"]
    sessions_lost: Literal["none", "some", "any"] = "none"
    cause: str | None = None  # which cause the control's 401s should have
    after_sign_out: Literal["none", "any"] = "none"
    refreshes: Literal["ideal", "any"] = "any"


CLEAN = Expectation("none", "one", refreshes="ideal")


@dataclass(frozen=True, slots=True)
class Condition:
    """A world and what happens in it."""

    name: str
    world: str
    about: str
    control: Expectation
    subject: Expectation = CLEAN
    skew: float = 0.0  # s, client clock minus server clock
    at_expiry: bool = False
    """What happens at the decisive instant: the token comes within the policy's margin, or (True) it expires."""

    @property
    def covers(self) -> tuple[str, ...]:
        """Return what must have happened; see `judge.checks.COVERAGE`."""
        return ("expiry",) if self.at_expiry else ("refresh",)

    def remaining(self, instant: float, margin: float) -> float:
        """Return the life in s of the first access token, such that `instant` s after sign-in it is decided."""
        return instant if self.at_expiry else instant + margin + self.skew


CONDITIONS = {
    condition.name: condition
    for condition in (
        Condition(
            "supabase",
            "supabase",
            "the auth server forgives concurrent reuse: no 401, only needless exchanges",
            control=Expectation("none", "several"),
        ),
        Condition(
            "slow-clock",
            "supabase",
            "the device's clock is 90 s behind: the token expires before the client thinks of refreshing it",
            control=Expectation("some", "any", cause="expired"),
            skew=-90.0,
            at_expiry=True,
        ),
        Condition(
            "rfc9700",
            "rfc9700",
            "the auth server revokes the token family on reuse: the burst logs the user out",
            control=Expectation("some", "several", sessions_lost="some", cause="missing_token"),
        ),
    )
}
