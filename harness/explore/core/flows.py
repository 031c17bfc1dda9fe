"""
The core's generators as values that can be compared, stored and stepped again.

Rules: where a flow stands is its place in the code and the names that later code reads, nothing else; `Position`
is exactly that. A position is stepped by running the real generator up to it and one event further. What does
not fit is refused: a loop around a yield, a name that holds anything but a value.

For example, a caller of `attempt` whose cached pair has 30 s left, within the margin::

    step(None, shared, store, Start)    runs the generator to `ReadStore()`: position 1
    step(1, shared, store, StoreRead)   runs a new generator through position 1's past, sends this event, and does
                                        `RefreshWanted` at once, up to `Join(flight)`: position 2, a flight launched

A second caller who comes to the same place with the same names is at position 2 as well: nothing is run for it.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from math import inf
from typing import Any, NamedTuple

from race401.harness.explore.core.live import Live, Watched
from race401.harness.explore.core.places import places
from race401.harness.explore.core.values import (
    FLIGHT,
    GONE,
    OUTCOME,
    SESSION,
    Key,
    Number,
    Past,
    Position,
    Record,
    Renaming,
    Shared,
    Start,
    Waits,
    renamed,
    renumbered,
)
from race401.harness.tokens import core
from race401.harness.tokens.model import (
    AT_ONCE,
    Answered,
    Effect,
    Event,
    Join,
    Launch,
    Send,
    Session,
    TokenPair,
    WriteStore,
)
from race401.harness.tokens.policy import Policy

CLOSE = "close"  # the event of a caller that is cancelled


class Stepped(NamedTuple):
    """What one step led to."""

    position: Position | None  # None: the flow has ended
    shared: Shared
    store: TokenPair | None
    launched: tuple[int, ...]  # flights that begin with this step
    done: tuple[Effect, ...]  # what was done in the same breath


class Flows:
    """The flows of one policy. `merge=False` never takes two positions for one: the test's plain twin."""

    def __init__(self, policy: Policy, instants: Sequence[float], *, merge: bool = True) -> None:
        self.policy = policy
        self._instants = instants
        self._merge = merge
        self._steps: dict[tuple[Any, ...], Stepped] = {}
        self._unseen: dict[tuple[Position, Shared, Event], bool] = {}
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
        live = Live(Session())
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
        key = (position, shared, event)
        if key not in self._unseen:
            self._unseen[key] = self._sees_nothing(position, shared, event)
        return self._unseen[key]

    def _sees_nothing(self, position: Position, shared: Shared, event: "Event") -> bool:
        live = Live(Watched())
        flow = self._relive(live, position)
        live.load(shared, None)
        Watched.looks = 0
        self._advance(live, flow, event)
        return not Watched.looks and not any(isinstance(act, WriteStore) for act in live.done)

    def _relive(self, live: Live, position: Position | None) -> Any:
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

    def _advance(self, live: Live, flow: Any, event: Any) -> tuple[Any, Effect | None]:
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

    def _begin(self, live: Live, start: Start) -> core.Flow:
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

    def _after(self, live: Live, before: Shared, left: Any, effect: Effect | None) -> tuple[Shared, tuple[int, ...]]:
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
        values |= {"epoch": 0, "store_version": 0}
        if values["cool_until"] <= at:
            values["cool_until"] = 0.0
        return self._intern(tuple(values.values()), ())

    # --- what can be called otherwise, see `forms` ---

    def renamed(self, shared: Shared, order: tuple[int, ...], store_version: int) -> Shared:
        """Return the state with its flights in this order, and this store version."""
        to = {old: new for new, old in enumerate(order)}
        values = {name: renumbered(value, to, 0) for name, value in zip(SESSION, shared.session, strict=True)}
        session = tuple((values | {"store_version": store_version}).values())
        return self._intern(session, tuple(shared.flights[n] for n in order))

    def renamed_at(self, position: Position, names: Renaming) -> Position:
        """Return the position in which these names are used."""
        to = {old: new for new, old in enumerate(names.order)}
        return self._interned(renamed(position.key, to, names.less), (*position.past, names))

    def _intern(self, session: tuple[Any, ...], flights: tuple[Record | None, ...]) -> Shared:
        key = (session, flights)
        return self._shared.setdefault(key, Shared(session, flights))

    def _position(self, live: Live, flow: Any, effect: Effect, past: tuple[Past | Renaming, ...]) -> Position:
        asked = _as_asked(effect, live)
        if not self._merge:
            return Position((asked,), past)
        return self._interned((asked, *places(flow, live.valued)), past)

    def _interned(self, key: Key, past: tuple[Past | Renaming, ...]) -> Position:
        position = self._positions.get(key)
        if position is None:
            position = self._positions[key] = Position(key, past)
        return position


@lru_cache(4)
def flows_of(policy: Policy, instants: tuple[float, ...], *, merge: bool) -> Flows:
    """Return the flows: what a client does is worked out once for all worlds that it is explored in, one by one."""
    return Flows(policy, instants, merge=merge)


def _call(session: Session, policy: Policy, at: float) -> core.Flow:
    """Do what `TokenAuth` does with one request: the fast path, and the core where that does not serve."""
    pair = core.usable(session, at)
    if pair is not None:
        answer = yield Send(pair, at)
        assert isinstance(answer, Answered)
        yield from core.recover(session, policy, answer, pair)
        return
    yield from core.attempt(session, policy, at)


def _as_asked(effect: Effect, live: Live) -> Effect | Waits:
    """Return the effect as far as drivers act on it: when it was asked for tells nothing."""
    if isinstance(effect, Send):
        return replace(effect, at=0.0, age=0.0)
    if isinstance(effect, Join):
        return Waits(live.named(effect.flight).n)
    return effect
