"""
Which part of a policy does what: take each knob out of it, or put each alone into the one before, and explore.

The variants come from the dataclass's own fields, so no knob can be forgotten; those that exploring cannot show are
named, with the reason. Data in, data out: nothing here prints.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from itertools import chain
from typing import Any, Literal

from race401.harness.explore.core.findings import KINDS
from race401.harness.explore.core.scenario import Scenario
from race401.harness.tokens.policy import FIXED, HARDENED, PRE_FIX, Policy

Direction = Literal["without", "alone"]

UNSEEN = {
    "name": "is no behaviour",
    "auto_refresh_every": "here the ticker comes round at any time",
    "jitter": "spreads many sessions; one shows nothing",
    "follow_refresh_in": "no world here says refresh_in",
}
ELSE = {"auto_refresh_margin": 60.0}
"""What to try for a knob that is the same before and after the fix."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A world and what happens in it."""

    name: str
    world: str
    happens: dict[str, Any] = field(default_factory=dict, hash=False)  # fields of `Scenario`
    lifetime: float | None = None  # s, of access tokens, if not the world's
    paired: bool = True  # explored too where two knobs are changed at once; not where that takes long

    def scenario(self, policy: Policy) -> Scenario:
        """Return what is explored here: two callers on an event loop, whose store is read in no time."""
        return Scenario(policy, **{"callers": 2, "instant_store": True, **self.happens})


CONDITIONS = (
    Condition("burst", "supabase"),
    Condition("burst", "rfc9700"),
    Condition("slow store", "rfc9700", {"instant_store": False}),
    Condition("slow clock", "supabase", {"skew": -90.0}),
    Condition("slower clock", "supabase", {"skew": -130.0}),
    Condition("401s in mid-burst", "rfc9700", {"refuse": True}),
    Condition("auth server fails", "supabase", {"fail": 2}),
    Condition("auto-refresh", "rfc9700", {"ticks": 1}),
    Condition("sign-out", "rfc9700", {"sign_out": True, "instant_store": False}),
    Condition("other account", "supabase", {"switch": True}, paired=False),
    Condition("short tokens", "supabase", {}, 100.0),
    Condition("two tabs", "rfc9700", {"tabs": 2, "callers": 1, "instant_store": False}),
)

Cell = frozenset[tuple[str, str]]  # (condition and world, kind of fault)
Explore = Callable[[Condition, Scenario], Iterable[str]]  # returns the kinds that were found


@dataclass(frozen=True, slots=True)
class Row:
    """One knob, one way."""

    knob: str
    direction: Direction
    base: str  # the policy that it is taken from or put into
    value: Any  # what the knob becomes
    appears: Cell  # faults that the base has not
    disappears: Cell  # faults that only the base has
    partners: tuple[str, ...] = ()  # the knobs that hide an effect, or without which there is none


def ablate(explore: Explore, conditions: Iterable[Condition] = CONDITIONS) -> list[Row]:
    """Return a row for each knob and way."""
    seen: dict[tuple[Policy, Condition], Cell] = {}

    def found(policy: Policy, condition: Condition) -> Cell:
        key = (replace(policy, name=""), condition)
        if key not in seen:
            seen[key] = frozenset(_found(explore, condition, policy))
        return seen[key]

    def cell(policy: Policy) -> Cell:
        return frozenset(chain.from_iterable(found(policy, each) for each in conditions))

    def differ(one: Policy, other: Policy) -> bool:
        return any(found(one, each) != found(other, each) for each in conditions if each.paired)

    rows = []
    for direction, base, other in (
        ("without", HARDENED, PRE_FIX),
        ("without", FIXED, PRE_FIX),
        ("alone", PRE_FIX, FIXED),
        ("alone", FIXED, HARDENED),
    ):
        variants = dict(variants_of(base, other))
        for knob, policy in variants.items():
            here, there = cell(policy), cell(base)
            partners = () if here != there else tuple(_partners(differ, variants, knob))
            value = getattr(policy, knob)
            rows.append(Row(knob, direction, base.name, value, here - there, there - here, partners))  # type: ignore[arg-type]
    return rows


def variants_of(base: Policy, other: Policy) -> Iterator[tuple[str, Policy]]:
    """Yield the base with each knob that can be seen set as in the other policy."""
    for knob in (each.name for each in fields(Policy)):
        value = getattr(other, knob)
        if value == getattr(base, knob):
            value = ELSE.get(knob, value)
        if knob not in UNSEEN and value != getattr(base, knob):
            yield knob, replace(base, **{knob: value})


def _partners(differ: Callable[[Policy, Policy], bool], variants: dict[str, Policy], knob: str) -> Iterator[str]:
    """Yield the first knob with whose change this one shows: both do what that one alone does not."""
    for partner, policy in variants.items():
        if partner == knob:
            continue
        both = replace(policy, **{knob: getattr(variants[knob], knob)})
        if differ(both, policy):
            yield partner
            return


def _found(explore: Explore, condition: Condition, policy: Policy) -> Iterator[tuple[str, str]]:
    for kind in explore(condition, condition.scenario(policy)):
        if KINDS[kind].weight != "incurable":
            yield f"{condition.name} ({condition.world})", kind
