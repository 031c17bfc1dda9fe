"""
The core's generators as values that can be compared, stored and stepped again.

Rules: where a flow stands is its place in the code and the names that later code reads, nothing else; `Position`
is exactly that. A position is stepped by running the real generator up to it and one event further. What does
not fit is refused: a loop around a yield, a name that holds anything but a value.
"""

import dis
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from functools import cache
from math import inf
from types import CodeType
from typing import Any, ClassVar, NamedTuple, TypeAlias

from race401.harness.tokens import core
from race401.harness.tokens.model import (
    AT_ONCE,
    Answered,
    Cached,
    Done,
    Effect,
    Event,
    Exchanged,
    ExchangeFailed,
    Flight,
    Join,
    Launch,
    Reason,
    Send,
    Session,
    StoreRead,
    TokenPair,
    Withheld,
    WriteStore,
    same,
)
from race401.harness.tokens.policy import Policy

SESSION = tuple(each.name for each in fields(Session))
FLIGHT = tuple(each.name for each in fields(Flight) if each.name != "waiters")
OUTCOME = ("done", "pair", "pair_after")  # all that those who waited for a flight may ask of it
GONE = "gone"  # the value of what nobody may ask of a flight that is done
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


class Number(NamedTuple):
    """A flight that callers share, by its place in `Shared.flights`."""

    n: int


class Waits(NamedTuple):
    """The effect of a flow that has joined a shared flight, and with which of its number it waits."""

    n: int


class Shared:
    """The state that the callers of one session share, as a value; equal ones are the same object."""

    __slots__ = ("flights", "session")

    def __init__(self, session: tuple[Any, ...], flights: "tuple[Record | None, ...]") -> None:
        self.session, self.flights = session, flights

    def __getattr__(self, name: str) -> Any:
        """Return a field of the session."""
        return self.session[SESSION.index(name)]


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


class Edition(int):
    """The session's edition, told from other numbers wherever a flow holds it."""

    def __add__(self, more: int) -> "Edition":
        return Edition(int(self) + more)


class Renaming(NamedTuple):
    """What is called otherwise from here on."""

    order: tuple[int, ...]  # the old numbers of the flights, in the order of their new ones
    less: int  # editions are counted from this one


class Position:
    """Where a flow stands; equal ones are the same object. `past` leads there."""

    __slots__ = ("editions", "effect", "flights", "key", "past")

    def __init__(self, key: "Key", past: "tuple[Past | Renaming, ...]") -> None:
        self.key, self.past = key, past
        self.effect: Effect | Waits = key[0]
        held = [value for _, value in key[1:]]
        self.flights = {each.n for each in (*held, self.effect) if isinstance(each, Number | Waits)}
        self.editions = {each for each in held if isinstance(each, Edition)}


class Start(NamedTuple):
    """The first event of a flow: its beginning."""

    flow: str  # see `Flows._begin`
    at: float
    given: Any = None


class Stepped(NamedTuple):
    """What one step led to."""

    position: Position | None  # None: the flow has ended
    shared: Shared
    store: TokenPair | None
    launched: tuple[int, ...]  # flights that begin with this step
    done: tuple[Effect, ...]  # what was done in the same breath


CLOSE = "close"  # the event of a caller that is cancelled
Past: TypeAlias = tuple[Shared, TokenPair | None, "Start | Event"]
Key: TypeAlias = tuple[Any, ...]  # what a flow asks for, then its places in the code and its names, as pairs


class Flows:
    """The flows of one policy. `merge=False` never takes two positions for one: the test's plain twin."""

    def __init__(self, policy: Policy, instants: Sequence[float], *, merge: bool = True) -> None:
        self.policy = policy
        self._instants = instants
        self._merge = merge
        self._steps: dict[tuple[Any, ...], Stepped] = {}
        self._positions: dict[Any, Position] = {}
        self._shared: dict[Any, Shared] = {}
        self.nothing = self._intern(tuple(getattr(Session(), name) for name in SESSION), ())

    def step(
        self, position: Position | None, shared: Shared, store: TokenPair | None, event: "Start | Event | str"
    ) -> Stepped:
        """Return where the flow at this position (None: not begun) stands after this event."""
        key = (position, shared, store, event)
        stepped = self._steps.get(key)
        if stepped is None:
            stepped = self._steps[key] = self._step(position, shared, store, event)
        return stepped

    def _step(
        self, position: Position | None, shared: Shared, store: TokenPair | None, event: "Start | Event | str"
    ) -> Stepped:
        live = _Live(Session())
        flow = self._relive(live, position)
        live.load(shared, store)
        if isinstance(event, str):
            flow.close()
            flow, effect = None, None
        else:
            flow, effect = self._advance(live, flow, event)
        left = position.effect if position is not None and isinstance(position.effect, Waits) else None
        after, launched = self._after(live, shared, left, effect)
        where = None
        if effect is not None and not isinstance(event, str):
            past = position.past if position is not None else ()
            where = self._position(live, flow, effect, (*past, (shared, store, event)))
        return Stepped(where, after, live.store, launched, tuple(live.done))

    def sees_nothing(self, position: Position, shared: Shared, event: "Event") -> bool:
        """Whether the step neither looks at nor changes anything that others can: when it comes is all one."""
        live = _Live(_Watched())
        flow = self._relive(live, position)
        live.load(shared, None)
        _Watched.looks = 0
        self._advance(live, flow, event)
        return not _Watched.looks and not any(isinstance(act, WriteStore) for act in live.done)

    def _relive(self, live: "_Live", position: Position | None) -> Any:
        """Return a real generator that stands at this position."""
        flow: Any = None
        for each in position.past if position is not None else ():
            if isinstance(each, Renaming):
                live.rename(each)
                continue
            before, stored, earlier = each
            live.load(before, stored)
            flow, effect = self._advance(live, flow, earlier)
            live.number(effect)
        return flow

    def _advance(self, live: "_Live", flow: Any, event: Any) -> tuple[Any, Effect | None]:
        """Step a real generator once, and do at once what the drivers do at once."""
        try:
            if isinstance(event, Start):
                flow = self._begin(live, event)
                effect = next(flow)
            else:
                effect = flow.send(event)
            while isinstance(effect, AT_ONCE):
                effect = flow.send(live.do(effect))
        except StopIteration:
            return None, None
        return flow, effect

    def _begin(self, live: "_Live", start: Start) -> core.Flow:
        match start.flow:
            case "caller":
                return _call(live.session, self.policy, start.at)
            case "refresh":
                return core.fly(live.session, self.policy, live.flights[start.given])
            case "ticker":
                return core.tick(live.session, self.policy)
            case "sign-out":
                return core.sign_out(live.session, self.policy, start.at)
            case _:
                return core.sign_in(live.session, self.policy, start.given)

    def _after(
        self, live: "_Live", before: Shared, left: Any, effect: Effect | None
    ) -> tuple[Shared, tuple[int, ...]]:
        """Return the session as a value, and which flights the driver has to begin."""
        if self._merge:
            self._round(live.session)
        session, joins = live.number(effect)
        begins = {live.named(tell.flight) for tell in live.done if isinstance(tell, Launch)} | {joins}
        records: list[Record | None] = []
        launched = []
        for n, flight in enumerate(live.flights):
            known = before.flights[n] if n < len(before.flights) else None
            if flight is None:
                records.append(None)
                continue
            joined = (known.joined if known else 0) + (joins == Number(n)) - (left == Waits(n))
            begun = known is not None and known.launched
            if Number(n) in begins and not begun:
                launched.append(n)
                begun = True
            dead = self._merge and flight.done
            values = tuple(
                GONE if dead and name not in OUTCOME else live.named(getattr(flight, name)) for name in FLIGHT
            )
            free = flight.done and not joined and Number(n) not in session
            records.append(None if free else Record(values, joined, begun))
        while records and records[-1] is None:
            records.pop()
        return self._intern(session, tuple(records)), tuple(launched)

    def _round(self, session: Session) -> None:
        """Put off what a flow compares the time with to the next instant there is: no step can tell."""
        session.cool_until = self._next(session.cool_until)
        if session.cached is not None:
            session.cached = replace(session.cached, fresh_until=self._next(session.cached.fresh_until), read_at=0.0)

    def _next(self, at: float) -> float:
        n = bisect_left(self._instants, at)
        return self._instants[n] if n < len(self._instants) and at else at and inf

    def rested(self, shared: Shared, at: float) -> Shared:
        """Return the state without what can be compared with nothing any more: nobody is under way until `at`."""
        values = dict(zip(SESSION, shared.session, strict=True))
        assert not shared.flights
        values |= {"epoch": 0, "edition": 0}
        if values["cool_until"] <= at:
            values["cool_until"] = 0.0
        return self._intern(tuple(values.values()), ())

    # --- what can be called otherwise, see `forms` ---

    def renamed(self, shared: Shared, order: tuple[int, ...], edition: int) -> Shared:
        """Return the state with its flights in this order, and this edition."""
        to = {old: new for new, old in enumerate(order)}
        values = {name: _renamed(value, to, 0) for name, value in zip(SESSION, shared.session, strict=True)}
        session = tuple((values | {"edition": edition}).values())
        return self._intern(session, tuple(shared.flights[n] for n in order))

    def renamed_at(self, position: Position, names: Renaming) -> Position:
        """Return the position in which these names are used."""
        to = {old: new for new, old in enumerate(names.order)}
        return self._interned(renamed(position.key, to, names.less), (*position.past, names))

    def _intern(self, session: tuple[Any, ...], flights: tuple[Record | None, ...]) -> Shared:
        key = (session, flights)
        return self._shared.setdefault(key, Shared(session, flights))

    def _position(self, live: "_Live", flow: Any, effect: Effect, past: tuple[Past | Renaming, ...]) -> Position:
        asked = _as_asked(effect, live)
        if not self._merge:
            return Position((asked,), past)
        return self._interned((asked, *_frames(flow, live)), past)

    def _interned(self, key: Key, past: tuple[Past | Renaming, ...]) -> Position:
        position = self._positions.get(key)
        if position is None:
            position = self._positions[key] = Position(key, past)
        return position


class _Watched(Session):
    """A session that counts how often a flow looks at it or changes it."""

    __slots__ = ()
    looks: ClassVar[int] = 0

    def __getattribute__(self, name: str) -> Any:
        _Watched.looks += 1
        return super().__getattribute__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        _Watched.looks += 1
        super().__setattr__(name, value)


class _Live:
    """A real session and its real flights, set to what they were."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.flights: list[Flight | None] = []
        self.store: TokenPair | None = None
        self.done: list[Effect] = []
        self.first = 0  # the edition that is called 0

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
        self.session.edition = Edition(self.first + self.session.edition)

    def rename(self, names: Renaming) -> None:
        """Give the flights other numbers, and editions too. Flights that are not known here have begun since."""
        self.flights = [self.flights[n] if n < len(self.flights) else None for n in names.order]
        self.first += names.less

    def number(self, effect: Effect | None) -> "tuple[tuple[Any, ...], Number | None]":
        """Give every flight a number that has none yet; return the session's fields, and what the effect joins."""
        session = tuple(self.named(getattr(self.session, name)) for name in SESSION)
        return session, self.named(effect.flight) if isinstance(effect, Join) else None

    def named(self, value: Any) -> Any:
        """Return the value, a shared flight by its number; one that is new gets the lowest that is free."""
        if isinstance(value, Edition):
            return Edition(value - self.first)
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


def _call(session: Session, policy: Policy, at: float) -> core.Flow:
    """Do what `TokenAuth` does with one request: the fast path, and the core where that does not serve."""
    pair = core.usable(session, at)
    if pair is not None:
        answer = yield Send(pair, at)
        assert isinstance(answer, Answered)
        yield from core.recover(session, policy, answer, pair)
        return
    yield from core.attempt(session, policy, at)


def renamed(key: Key, to: Mapping[int, int], less: int) -> Key:
    """Return the key with other numbers for its flights, and editions that are so much less."""
    return _renamed(key[0], to, less), *((name, _renamed(value, to, less)) for name, value in key[1:])


def _renamed(value: Any, to: Mapping[int, int], less: int) -> Any:
    match value:
        case Number(n) | Waits(n):
            return type(value)(to[n])
        case Edition():
            return Edition(value - less)
        case _:
            return value


def _as_asked(effect: Effect, live: _Live) -> Effect | Waits:
    """Return the effect as far as drivers act on it: when it was asked for tells nothing."""
    if isinstance(effect, Send):
        return replace(effect, at=0.0, age=0.0)
    if isinstance(effect, Join):
        return Waits(live.named(effect.flight).n)
    return effect


def _frames(flow: Any, live: _Live) -> Iterator[Any]:
    """Yield the place in the code, and the names that later code reads, of the flow and all it delegates to."""
    while flow is not None:
        frame = flow.gi_frame
        here, held = frame.f_lasti, frame.f_locals
        yield flow.gi_code, here
        for name in _read_later(flow.gi_code)[here]:
            value = held.get(name)
            if not isinstance(value, Session | Policy):
                yield name, live.valued(value)
        flow = flow.gi_yieldfrom


@cache
def _read_later(code: CodeType) -> "_Later":
    return _Later(code)


class _Later(dict[int, tuple[str, ...]]):
    """By place in the code: the local names that any later instruction mentions."""

    def __init__(self, code: CodeType) -> None:
        self._mentions = [(each.offset, each.argval) for each in dis.get_instructions(code) if "FAST" in each.opname]
        loops = [each for each in dis.get_instructions(code) if "JUMP_BACKWARD" in each.opname]
        if code.co_freevars or code.co_cellvars or any("NO_INTERRUPT" not in each.opname for each in loops):
            raise TypeError(f"{code.co_qualname} has a loop or a closure: its position cannot be told from its names")

    def __missing__(self, here: int) -> tuple[str, ...]:
        names: set[str] = set()
        for offset, mentioned in self._mentions:
            if offset > here:
                names.update(mentioned if isinstance(mentioned, tuple) else [mentioned])
        self[here] = tuple(sorted(names))
        return self[here]
