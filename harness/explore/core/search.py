"""
Visit every state that any order of steps leads to, each once, the nearest first.

Rules: states and actors are numbers while searching, and what a state leads to is worked out once for each couple of
an `Env` and an actor. Actors that are alike are interchangeable: one of them takes the step for all.

For example, two callers of the client before the fix, alike as they begin. State 0 is both at their first step. One
of them reads the store (the other would lead to the same state, so the step weighs 2): state 1. There either the same
one goes on or the other reads: two more states, and so on, the nearest first, until both are over. A state that was
come to before is not visited again. The first step after which something is wrong, such as an exchange of a token
that was spent, is kept with the way there, which is the shortest there is.
"""

import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from race401.harness.explore.core import wrongs
from race401.harness.explore.core.forms import Known, State
from race401.harness.explore.core.stage import Stage
from race401.harness.explore.core.state import Actor

PROGRESS_EVERY = 1_024  # states


@dataclass(slots=True)
class Found:
    """One kind of violation or cost: in how many distinct steps it shows, and the shortest way there."""

    steps: int
    path: list[tuple[Actor, int]]  # who takes which of its steps


@dataclass(slots=True)
class Result:
    """What a search saw."""

    states: int
    steps: int
    exhausted: bool
    found: dict[str, Found]
    cpu: float  # s
    schedules: int | None = None  # orders of steps that these states stand for; None if not exhausted


Option: TypeAlias = tuple[int, tuple[int, ...], tuple[str, ...]]  # a move in numbers


class Search:
    """One search over one stage."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.envs, self.actors = stage.forms.envs, stage.forms.actors
        self._clock = self.actors[Actor("clock")]
        self._options: dict[tuple[int, int], list[Option]] = {}
        self._far = Known[int, bool](lambda e: stage.waits_for_quiet(self.envs.things[e]))
        self._idle = Known[int, bool](lambda a: stage.idle(self.actors.things[a]))
        self._seen: dict[State, int] = {}  # states that are not of their own form too
        self._states: list[State] = []
        # how each state was first come to: from which, by whose and which of its steps
        self._came_from, self._by, self._which = array("l", [-1]), array("l", [-1]), array("b", [-1])
        # all steps: those of state n are from _offsets[n] to _offsets[n + 1]
        self._targets, self._weights, self._offsets = array("l"), array("b"), array("l", [0])
        self._counts: Counter[str] = Counter()
        self._first: dict[str, tuple[int, int, int]] = {}

    def run(
        self,
        max_states: int = 10_000_000,
        max_seconds: float = 600.0,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Result:
        """Visit what can be visited within the bounds; `on_progress` gets how many states and wrongs there are."""
        began, deadline = time.process_time(), time.monotonic() + max_seconds
        env, actors = self.stage.first()
        first = (self.envs[env], *sorted(self.actors[actor] for actor in actors))
        seen, states = self._seen, self._states
        seen[first] = 0
        states.append(first)
        n = 0
        while n < len(states):
            if len(states) > max_states or (n & 1023 == 0 and time.monotonic() > deadline):
                break
            if on_progress is not None and n % PROGRESS_EVERY == 0:
                on_progress(len(states), len(self._counts))
            self._visit(n, states[n])
            n += 1
        exhausted = n == len(states)
        found = {mark: Found(self._counts[mark], self._path(*self._first[mark])) for mark in sorted(self._counts)}
        schedules = self._schedules() if exhausted else None
        cpu = time.process_time() - began
        return Result(len(states), len(self._targets), exhausted, found, cpu, schedules)

    def _visit(self, n: int, state: State) -> None:
        """Take every step that is open in this state."""
        e, members = state[0], state[1:]
        options, seen, targets, weights = self._options, self._seen, self._targets, self._weights
        stuck, last = True, -1
        for place, a in enumerate(members):
            if a == last or (a == self._clock and not self._time_can_pass(e, members)):
                continue
            last = a
            moves = options.get((e, a))
            if moves is None:
                moves = options[e, a] = self._work_out(e, a)
            if moves and a != self._clock:
                stuck = False
            rest = members[:place] + members[place + 1 :]
            weight = members.count(a)
            for which, (after, others, marks) in enumerate(moves):
                new = (after, *sorted(rest + others)) if others else (after, *rest)
                index = seen.get(new)
                if index is None:
                    index = seen[new] = self._index(new, (n, a, which))
                targets.append(index)
                weights.append(weight)
                if marks:
                    self._mark(marks, n, a, which)
        self._offsets.append(len(targets))
        if stuck:
            actors = [self.actors.things[a] for a in members]
            self._mark(wrongs.of_end(self.envs.things[e], actors), n, -1, -1)

    def _index(self, new: State, how: tuple[int, int, int]) -> int:
        """Return the number of this state's form, which may have been seen."""
        form = self.stage.forms.canonical(new)
        if form is not new:
            form = (form[0], *sorted(form[1:]))
        index = self._seen.get(form)
        if index is None:
            index = self._seen[form] = len(self._states)
            self._states.append(form)
            for column, each in zip((self._came_from, self._by, self._which), how, strict=True):
                column.append(each)
        return index

    def _mark(self, marks: Iterable[str], n: int, a: int, which: int) -> None:
        for mark in marks:
            self._counts[mark] += 1
            self._first.setdefault(mark, (n, a, which))

    def _time_can_pass(self, e: int, members: tuple[int, ...]) -> bool:
        """Whether the clock's step is open: something else is still to come, and a long time needs quiet."""
        if len(members) == 1:
            return False
        return not self._far[e] or all(self._idle[a] for a in members)

    def _work_out(self, e: int, a: int) -> list[Option]:
        return [
            (self.envs[move.env], tuple(self.actors[actor] for actor in move.actors), move.marks)
            for move in self.stage.moves(self.envs.things[e], self.actors.things[a])
        ]

    def _path(self, n: int, a: int, which: int) -> list[tuple[Actor, int]]:
        """Return who takes which of its steps, from the first state to this one and, if not -1, one step further."""
        path: list[tuple[Actor, int]] = []
        while n >= 0:
            if a >= 0:
                path.append((self.actors.things[a], which))
            n, a, which = self._came_from[n], self._by[n], self._which[n]
        return path[::-1]

    def _schedules(self) -> int:
        """Count the ways from the first state to an end; a step that k actors alike can take counts k times."""
        missing = array("l", bytes(8 * len(self._states)))
        for target in self._targets:
            missing[target] += 1
        ways, total, ready = {0: 1}, 0, [0]
        while ready:
            state = ready.pop()
            here = ways.pop(state)
            begin, end = self._offsets[state], self._offsets[state + 1]
            if begin == end:
                total += here
            for step in range(begin, end):
                target = self._targets[step]
                ways[target] = ways.get(target, 0) + here * self._weights[step]
                missing[target] -= 1
                if not missing[target]:
                    ready.append(target)
        return total
