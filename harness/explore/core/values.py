"""
What a flow and the state that callers share are, as values: equal ones are the same object, and can be a key.

Flights and store versions are names: another numbering of them is the same state, see `forms`.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, NamedTuple, TypeAlias

from race401.harness.tokens.model import Effect, Event, Flight, Session, TokenPair

SESSION = tuple(each.name for each in fields(Session))
PLACE = {name: n for n, name in enumerate(SESSION)}
FLIGHT = tuple(each.name for each in fields(Flight) if each.name != "waiters")
OUTCOME = ("done", "pair", "pair_after")  # all that those who waited for a flight may ask of it
GONE = "gone"  # the value of what nobody may ask of a flight that is done


class Number(NamedTuple):
    """A flight that callers share, by its place in `Shared.flights`."""

    n: int


class Waits(NamedTuple):
    """The effect of a flow that has joined a shared flight, and with which of its number it waits."""

    n: int


class StoreVersion(int):
    """The session's store version, told from other numbers wherever a flow holds it."""

    def __add__(self, more: int) -> "StoreVersion":
        return StoreVersion(int(self) + more)


class Record(NamedTuple):
    """A shared flight, as a value."""

    values: tuple[Any, ...]  # of its fields
    joined: int  # how many wait for it
    launched: bool

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return bool(self.values[FLIGHT.index("done")])

    @property
    def pair(self) -> TokenPair | None:
        """What it exchanges; None while it is still reading the store."""
        pair: TokenPair | None = self.values[FLIGHT.index("pair")]
        return pair


class Shared:
    """The state that the callers of one session share, as a value; equal ones are the same object."""

    __slots__ = ("flights", "session")

    def __init__(self, session: tuple[Any, ...], flights: "tuple[Record | None, ...]") -> None:
        self.session, self.flights = session, flights

    def __getattr__(self, name: str) -> Any:
        """Return a field of the session."""
        return self.session[PLACE[name]]


class Renaming(NamedTuple):
    """What is called otherwise from here on."""

    order: tuple[int, ...]  # the old numbers of the flights, in the order of their new ones
    less: int  # store versions are counted from this one


class Start(NamedTuple):
    """The first event of a flow: its beginning."""

    flow: str  # see `Flows._begin`
    at: float
    given: Any = None


Past: TypeAlias = tuple[Shared, TokenPair | None, "Start | Event"]
Key: TypeAlias = tuple[Any, ...]  # what a flow asks for, then its places in the code and its names, as pairs


class Position:
    """Where a flow stands; equal ones are the same object. `past` leads there."""

    __slots__ = ("effect", "flights", "key", "past", "store_versions")

    def __init__(self, key: "Key", past: "tuple[Past | Renaming, ...]") -> None:
        self.key, self.past = key, past
        self.effect: Effect | Waits = key[0]
        held = [value for _, value in key[1:]]
        self.flights = {each.n for each in (*held, self.effect) if isinstance(each, Number | Waits)}
        self.store_versions = {each for each in held if isinstance(each, StoreVersion)}


def renamed(key: Key, to: Mapping[int, int], less: int) -> Key:
    """Return the key with other numbers for its flights, and store versions that are so much less."""
    return renumbered(key[0], to, less), *((name, renumbered(value, to, less)) for name, value in key[1:])


def renumbered(value: Any, to: Mapping[int, int], less: int) -> Any:
    """Return one value of a key so renamed."""
    match value:
        case Number(n) | Waits(n):
            return type(value)(to[n])
        case StoreVersion():
            return StoreVersion(value - less)
        case _:
            return value
