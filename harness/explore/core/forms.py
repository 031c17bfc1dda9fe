"""
One form for all states that nobody can tell apart.

Rules: a flow only asks whether the session's store version is the one that it holds, so store versions are counted
from the least that is held, and one that nobody holds is the next. A flight's number is a mere name, so flights are
numbered in the order of what they are and of who holds them. A form has the same steps, by as many actors, as what it
stands for. States are tuples of numbers in here: the env's, then the actors'.
"""

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from race401.harness.explore.core.flows import Flows
from race401.harness.explore.core.state import Actor, Env
from race401.harness.explore.core.values import Number, Renaming, renamed

State: TypeAlias = tuple[int, ...]

T = TypeVar("T")
A = TypeVar("A")


class Numbers(dict[T, int]):
    """Hashable things by number, in order of appearance."""

    def __init__(self) -> None:
        super().__init__()
        self.things: list[T] = []

    def __missing__(self, thing: T) -> int:
        n = self[thing] = len(self.things)
        self.things.append(thing)
        return n


class Known(dict[T, A], Generic[T, A]):
    """What a question about a thing was answered."""

    def __init__(self, ask: Callable[[T], A]) -> None:
        super().__init__()
        self._ask = ask

    def __missing__(self, thing: T) -> A:
        self[thing] = self._ask(thing)
        return self[thing]


class Held(NamedTuple):
    """What an actor holds that can be called otherwise, and what it is apart from that."""

    tab: int
    flights: tuple[int, ...]
    store_versions: tuple[int, ...]
    rest: int


class Forms:
    """The forms of one scenario's states."""

    def __init__(self, flows: Flows) -> None:
        self._flows = flows
        self.envs, self.actors = Numbers[Env](), Numbers[Actor]()
        self._things = Numbers[Any]()
        self._settled = Known(self._ask_settled)
        self._held = Known(self._ask_held)
        self._ranks = Known(self._ask_ranks)
        self._env = Known(self._rename_env)
        self._actor = Known(self._rename_actor)

    def canonical(self, state: State) -> State:
        """Return the state's form, its actors in the order that they are given in."""
        if self._settled[state[0]]:
            return state
        held = [self._held[a] for a in state[1:]]
        tabs = len(self.envs.things[state[0]].tabs)
        names = [
            self._names(state[0], tab, [each for each in held if each and each.tab == tab]) for tab in range(tabs)
        ]
        actors = (self._actor[a, names[has.tab][0]] if has else a for a, has in zip(state[1:], held, strict=True))
        return (self._env[state[0], tuple(names)], *actors)

    def _names(self, e: int, tab: int, held: list[Held]) -> tuple[Renaming, int]:
        """Return what this tab's flights and store versions are called in the form, and the session's version."""
        store_version, ranks = self._ranks[e, tab]
        store_versions = {each for has in held for each in has.store_versions}
        if store_version not in store_versions:
            store_version = max(store_versions, default=-1) + 1
        least = min(store_versions, default=store_version)
        holders: dict[int, list[int]] = {n: [] for n, rank in enumerate(ranks) if rank is not None}
        for has in held:
            for n in has.flights:
                holders[n].append(has.rest)
        order = tuple(sorted(holders, key=lambda n: (ranks[n], sorted(holders[n]))))
        return Renaming(order, least), store_version - least

    # --- asked once for each thing --------------------------------------------------------------------

    def _ask_settled(self, e: int) -> bool:
        """Whether this env is of its own form, whoever acts in it."""
        return not any(shared.store_version or len(shared.flights) > 1 for shared in self.envs.things[e].tabs)

    def _ask_ranks(self, at: tuple[int, int]) -> tuple[int, list[tuple[int, ...] | None]]:
        """Return the session's store version, and what each flight is by itself."""
        shared = self.envs.things[at[0]].tabs[at[1]]
        return shared.store_version, [
            record and (self._things[record], shared.flight == Number(n), shared.tick == Number(n))
            for n, record in enumerate(shared.flights)
        ]

    def _ask_held(self, a: int) -> Held | None:
        actor = self.actors.things[a]
        if actor.position is None or not (actor.position.flights or actor.position.store_versions):
            return None
        flights, store_versions = tuple(actor.position.flights), tuple(actor.position.store_versions)
        assert flights in ((), flights[:1]), "a flow holds several flights: they cannot be put in order one by one"
        given = None if actor.kind == "refresh" else actor.given
        key = renamed(actor.position.key, dict.fromkeys(flights, 0), 0)
        rest = self._things[actor._replace(position=None, given=given), key]
        return Held(actor.tab, flights, store_versions, rest)

    def _rename_env(self, what: tuple[int, tuple[tuple[Renaming, int], ...]]) -> int:
        env = self.envs.things[what[0]]
        tabs = (
            self._flows.renamed(tab, names.order, store_version)
            for tab, (names, store_version) in zip(env.tabs, what[1], strict=True)
        )
        return self.envs[env._replace(tabs=tuple(tabs))]

    def _rename_actor(self, what: tuple[int, Renaming]) -> int:
        actor, names = self.actors.things[what[0]], what[1]
        assert actor.position is not None
        given = names.order.index(actor.given) if actor.kind == "refresh" else actor.given
        return self.actors[actor._replace(position=self._flows.renamed_at(actor.position, names), given=given)]
