"""A real session and its real flights, for a real generator to run on; set to what a value says that they were."""

from typing import Any, ClassVar

from race401.harness.explore.core.values import FLIGHT, GONE, SESSION, Number, Renaming, Shared, StoreVersion
from race401.harness.tokens.model import (
    Answered,
    Cached,
    Done,
    Effect,
    Event,
    Exchanged,
    ExchangeFailed,
    Flight,
    Join,
    Reason,
    Session,
    StoreRead,
    TokenPair,
    Withheld,
    WriteStore,
    same,
)

VALUES = (
    TokenPair,
    Cached,
    StoreRead,
    Answered,
    Exchanged,
    ExchangeFailed,
    Withheld,
    Done,
    Reason,
    str,
    int,
    float,
    type(None),
)


class Watched(Session):
    """A session that counts how often a flow looks at it or changes it."""

    __slots__ = ()
    looks: ClassVar[int] = 0

    def __getattribute__(self, name: str) -> Any:
        Watched.looks += 1
        return super().__getattribute__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        Watched.looks += 1
        super().__setattr__(name, value)


class Live:
    """A real session and its real flights, set to what they were."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.flights: list[Flight | None] = []
        self.store: TokenPair | None = None
        self.done: list[Effect] = []
        self.first = 0  # the store version that is called 0

    def do(self, effect: Effect) -> Event:
        """Do what drivers do at once."""
        self.done.append(effect)
        if isinstance(effect, WriteStore):
            if effect.instead_of is not None and not same(self.store, effect.instead_of):
                return Withheld()
            self.store = effect.pair
        return Done()

    def load(self, shared: Shared, store: TokenPair | None) -> None:
        """Set them. A flight keeps its object for as long as anyone can hold it: until its number is free."""
        self.store, self.done = store, []
        for n, record in enumerate(shared.flights):
            if n == len(self.flights):
                self.flights.append(None)
            if record is None:
                self.flights[n] = None
                continue
            flight = self.flights[n]
            if flight is None:
                flight = self.flights[n] = Flight(record.values[0], record.values[1])
            for name, value in zip(FLIGHT, record.values, strict=True):
                setattr(flight, name, value)
                if value is GONE:
                    delattr(flight, name)  # whoever reads it all the same, fails
        del self.flights[len(shared.flights) :]
        for name, value in zip(SESSION, shared.session, strict=True):
            setattr(self.session, name, self.flights[value.n] if isinstance(value, Number) else value)
        self.session.store_version = StoreVersion(self.first + self.session.store_version)

    def rename(self, names: Renaming) -> None:
        """Give flights and store versions other numbers. Flights that are not known here have begun since."""
        self.flights = [self.flights[n] if n < len(self.flights) else None for n in names.order]
        self.first += names.less

    def number(self, effect: Effect | None) -> "tuple[tuple[Any, ...], Number | None]":
        """Give every flight a number that has none yet; return the session's fields, and what the effect joins."""
        session = tuple(self.named(getattr(self.session, name)) for name in SESSION)
        return session, self.named(effect.flight) if isinstance(effect, Join) else None

    def named(self, value: Any) -> Any:
        """Return the value, a shared flight by its number; one that is new gets the lowest that is free."""
        if isinstance(value, StoreVersion):
            return StoreVersion(value - self.first)
        if not isinstance(value, Flight):
            return value
        for n, flight in enumerate(self.flights):
            if flight is value:
                return Number(n)
        n = self.flights.index(None) if None in self.flights else len(self.flights)
        self.flights[n : n + 1] = [value]
        return Number(n)

    def valued(self, value: Any) -> Any:
        """Return what a flow's name holds as a value; a flight of its own is one, field by field."""
        if isinstance(value, Flight):
            shared = any(flight is value for flight in self.flights)
            return self.named(value) if shared else tuple(getattr(value, name) for name in FLIGHT)
        if isinstance(value, VALUES):
            return self.named(value)
        raise TypeError(f"a flow holds a {type(value).__name__} across a yield: only values can be compared")
