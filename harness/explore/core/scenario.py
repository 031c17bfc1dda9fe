"""What is explored: a policy against a world, who takes part, what goes wrong, and at which instants."""

from dataclasses import dataclass
from typing import Any, Protocol

from race401.harness.tokens.due import clamped, due, expiry
from race401.harness.tokens.model import Session, TokenPair
from race401.harness.tokens.policy import Policy


class World(Protocol):
    """What the explorer asks of a world, besides handing it to its issuer."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def lifetime(self) -> float: ...  # noqa: D102 - s, of access tokens
    @property
    def leeway(self) -> float: ...  # noqa: D102 - s, how long past `exp` resources still accept
    @property
    def check_session(self) -> bool: ...  # noqa: D102 - resources ask whether the server session lives
    @property
    def losers_get(self) -> str: ...  # noqa: D102 - what one gets that was received before its token's consumption


class Issuer(Protocol):
    """The issuer's rules: pure. What they return is written at once, or a step later where updates can be lost."""

    LOSERS: frozenset[str]  # of `losers_get`: where it matters when a request was received

    def tracks(self, world: Any) -> bool:
        """Return whether it matters with which refresh token an access token came."""
        ...

    def tracks_use(self, world: Any) -> bool:
        """Return whether it matters that an access token was used at a resource."""
        ...

    def refused(self, world: Any, family: Any, generation: int) -> str | None:
        """Return why resources refuse an access token that came with this link, or None."""
        ...

    def used(self, family: Any, generation: int) -> Any:
        """Return the family after that token was used at a resource."""
        ...

    def begin(self, family: str, user: str, token: str, now: float, issued_at: int) -> Any:
        """Return the family of a new sign-in."""
        ...

    def exchange(
        self, world: Any, family: Any, presented: str, now: float, fresh: str, *, concurrent: bool = False
    ) -> tuple[Any, Any]:
        """Return the family after this exchange, and the answer; `concurrent`: received before its consumption."""
        ...


@dataclass(frozen=True, slots=True)
class Scenario:
    """One bounded question. Every order of every step of these is explored; nothing else happens."""

    policy: Policy
    callers: int = 2  # in each tab; each begins at any time
    sign_out: bool = False  # at any time
    switch: bool = False  # sign out, then sign in to another account
    cancel: int = 0  # so many callers are cancelled, each wherever it stands
    fail: int = 0  # so many exchanges fail before the server has judged them
    lose: int = 0  # of so many exchanges the answer is lost after the server has judged them
    ticks: int = 0  # so often the background auto-refresh comes round, one after the other
    refuse: bool = False  # at any time, the resources begin to refuse the first access token
    skew: float = 0.0  # s, client clock minus server clock
    tabs: int = 1  # sessions over one shared store
    instant_store: bool = False  # reading and writing the store takes no time, as a dict's; else others come between
    instants: tuple[float, ...] = ()  # s on the server's clock; empty: see `instants_of`


SHORT = 2.0  # s, the longest jump of time while anything is under way; no request takes longer


def instants_of(scenario: Scenario, world: World, first: TokenPair) -> tuple[float, ...]:
    """Return the server's instants between which time jumps: 1 s before and 1 s after each thing that changes.

    Those are the client's margins and the expiry, the latter as the resources see it.
    """
    if scenario.instants:
        return scenario.instants
    policy, expires_at = scenario.policy, expiry(scenario.policy, first)
    client = [due(Session(), policy, first) / 1000]
    if policy.mandatory_margin is not None:
        client.append(expires_at - clamped(policy, first, policy.mandatory_margin))
    changes = [*(each - scenario.skew for each in client), first.expires_at + world.leeway]
    earliest = first.expires_at - world.lifetime + 1
    return tuple(sorted({round(max(earliest, change) + by, 3) for change in changes for by in (-1.0, 1.0)}))
