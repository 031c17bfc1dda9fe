"""
Which part of a policy does what: take each knob out of it, or put each alone into the one before, and explore.

The variants come from the dataclass's own fields, so no knob can be forgotten; those that exploring cannot show are
named, with the reason. Data in, data out: nothing here prints.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, replace
from functools import partial
from itertools import chain
from typing import Any, Literal

from race401.harness.explore.core.findings import KINDS
from race401.harness.explore.core.scenario import Scenario
from race401.harness.explore.core.state import START
from race401.harness.tokens.policy import FIXED, HARDENED, PARTS, PRE_FIX, Policy

Direction = Literal["without", "alone"]


@dataclass(frozen=True, slots=True)
class Condition:
    """A world and what happens in it."""

    name: str
    world: str
    about: str  # what happens, for people
    happens: dict[str, Any] = field(default_factory=dict, hash=False)  # fields of `Scenario`
    lifetime: float | None = None  # s, of access tokens, if not the world's
    paired: bool = True  # explored too where two knobs are changed at once; not where that takes long

    def scenario(self, policy: Policy) -> Scenario:
        """Return what is explored here: two callers on an event loop, whose store is read in no time."""
        return Scenario(policy, **{"callers": 2, "instant_store": True, **self.happens})


AT_REST = (START + 1,)  # s; no refresh is due
TICKED = (START + 3500,)  # s; due for the ticker (120 s), and not for a margin of 60 s

CONDITIONS = (
    Condition("burst", "rfc9700", "two requests at once, as the token is about to expire"),
    Condition("forgiven burst", "supabase", "the same; the auth server forgives a second use of a refresh token"),
    Condition(
        "sign-out at rest",
        "rfc9700",
        "the user signs out while no refresh is due",
        {"sign_out": True, "instants": AT_REST},
    ),
    Condition(
        "401 beside the app",
        "rfc9700",
        "the API begins to refuse a token; a background refresh replaces it in the store",
        {"refuse": True, "ticks": 1, "instants": TICKED},
    ),
    Condition("slow clock", "supabase", "the client's clock is 90 s behind", {"skew": -90.0}),
    Condition("slower clock", "supabase", "the client's clock is 130 s behind", {"skew": -130.0}),
    Condition("short tokens", "supabase", "tokens are valid for 100 s, less than the margin", {}, 100.0),
    Condition("slow store", "rfc9700", "reading the session takes time", {"instant_store": False}),
    Condition(
        "401 in the burst", "rfc9700", "the API begins to refuse a token that has not expired", {"refuse": True}
    ),
    Condition(
        "token ends at refresh", "oauth2-server", "two requests at once; a refresh ends the access token in use"
    ),
    Condition("failing refresh", "supabase", "the auth server fails, up to twice", {"fail": 2}),
    Condition("background refresh", "rfc9700", "a timer refreshes in the background", {"ticks": 1}),
    Condition("sign-out", "rfc9700", "the user signs out, at any time", {"sign_out": True, "instant_store": False}),
    Condition(
        "two tabs",
        "rfc9700",
        "one request in each of two tabs, which share the store",
        {"tabs": 2, "callers": 1, "instant_store": False},
    ),
    Condition(
        "401 in two tabs",
        "rfc9700",
        "two requests in each of two tabs; the API begins to refuse a token that has not expired",
        {"tabs": 2, "refuse": True, "instants": AT_REST},
        paired=False,
    ),
    Condition(
        "other account", "supabase", "the user signs out and in to another account", {"switch": True}, paired=False
    ),
)

QUESTIONS: tuple[tuple[Direction, Policy, Policy], ...] = (
    ("alone", PRE_FIX, FIXED),
    ("without", FIXED, PRE_FIX),
    ("alone", FIXED, HARDENED),
    ("without", HARDENED, PRE_FIX),
)
"""In which direction, from which policy, towards which."""

Cell = frozenset[tuple[str, str]]  # (condition, kind of fault)
Change = tuple[Cell, Cell]  # what appears, what disappears
NOTHING: Change = (frozenset(), frozenset())
Case = tuple[Condition, Scenario]
Explore = Callable[[Condition, Scenario], Iterable[str]]  # returns the kinds that were found
Each = Callable[[Callable[[Case], Iterable[str]], list[Case]], Iterable[Iterable[str]]]  # `map`, or as it


@dataclass(frozen=True, slots=True)
class Row:
    """What changes when one knob does."""

    knob: str
    direction: Direction
    base: str  # the policy that it is taken from or put into
    value: Any  # what the knob becomes
    appears: Cell  # faults that the base has not
    disappears: Cell  # faults that only the base has
    partner: str = ""  # nothing changes unless this knob is changed too: both cells are about a base where it is


def ablate(explore: Explore, conditions: Iterable[Condition] = CONDITIONS, each: Each = map) -> list[Row]:
    """Return a row for each knob and way; `each` runs all those explorations that are known beforehand."""
    where = tuple(conditions)
    asked = [(*question, variants_of(*question[1:])) for question in QUESTIONS]
    policies = dict.fromkeys(_nameless(p) for _, base, _, variants in asked for p in (base, *variants.values()))
    cases = [(condition, condition.scenario(policy)) for condition in where[::-1] for policy in policies]
    seen = dict(zip(cases, map(frozenset, each(partial(_explored, explore), cases)), strict=True))

    def found(policy: Policy, condition: Condition) -> Cell:
        case = condition, condition.scenario(_nameless(policy))
        if case not in seen:
            seen[case] = frozenset(explore(*case))
        return frozenset((condition.name, kind) for kind in seen[case] if KINDS[kind].weight != "incurable")

    def change(one: Policy, other: Policy, among: Iterable[Condition]) -> Change:
        here, there = (frozenset(chain.from_iterable(found(p, c) for c in among)) for p in (one, other))
        return here - there, there - here

    def partner_of(knob: str, variants: dict[str, Policy]) -> tuple[str, Change]:
        """Return the first knob with whose change this one shows, and what it shows."""
        paired = [condition for condition in where if condition.paired]
        for partner, without in variants.items():
            both = replace(without, **{knob: getattr(variants[knob], knob)})
            if partner != knob and any(found(both, c) != found(without, c) for c in paired):
                return partner, change(both, without, paired)
        return "", NOTHING

    rows = []
    for direction, base, _, variants in asked:
        for knob, policy in variants.items():
            partner, changes = "", change(policy, base, where)
            if changes == NOTHING:
                partner, changes = partner_of(knob, variants)
            rows.append(Row(knob, direction, base.name, getattr(policy, knob), *changes, partner))
    return rows


def variants_of(base: Policy, other: Policy) -> dict[str, Policy]:
    """Return, by knob, the base with each knob that can be seen set as in the other policy."""
    values = {each.name: getattr(other, each.name) for each in fields(Policy) if each.name in PARTS}
    return {k: replace(base, **{k: value}) for k, value in values.items() if value != getattr(base, k)}


def _nameless(policy: Policy) -> Policy:
    return replace(policy, name="")


def _explored(explore: Explore, case: Case) -> Iterable[str]:
    return explore(*case)
