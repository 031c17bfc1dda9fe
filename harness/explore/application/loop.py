"""
The loop on which the order of I/O and of timers is chosen, and nothing else is left open.

Rules: what is ready runs in the order in which it became ready, as asyncio has it. When nothing is, `choose` picks
one of what can happen next: a gate lets pass, the next timer fires, a caller is cancelled.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from race401.harness.explore.application.virtual import VirtualLoop

T = TypeVar("T")

LONGEST = 1_000  # choices in one schedule; a longer one goes round in circles
TIMER, CANCEL = "timer", "cancel"  # what an option is that is no gate


class Stuck(Exception):
    """Somebody waits for what nothing can bring."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one schedule may hold. What lies beyond is not explored."""

    cancellations: int
    """So many callers are cancelled at most, wherever they wait."""
    patience: float
    """s: no answer takes longer. A timer that is due later waits for it."""


@dataclass(frozen=True, slots=True)
class Option:
    """Something that can happen next."""

    what: str  # the gate's name, TIMER or CANCEL
    who: str  # whose doing it is
    about: object = None  # the request at the gate, for whoever tells the story


@dataclass(frozen=True, slots=True)
class Choice:
    """What was picked, and of how many."""

    index: int
    out_of: int
    option: Option


Choose: TypeAlias = Callable[[Sequence[Option]], int]


@dataclass(slots=True, eq=False)
class _Held:
    """Somebody at a gate."""

    option: Option
    since: float
    passing: "asyncio.Future[None]"


class ChosenLoop(VirtualLoop):
    """See the module's docstring. Choices are made while `exploring` is set; before and after, gates are open."""

    def __init__(self, choose: Choose, bounds: Bounds) -> None:
        super().__init__()
        self.exploring = False
        self.choices: list[Choice] = []
        self._choose, self._bounds = choose, bounds
        self._held: list[_Held] = []  # oldest first
        self._callers: dict[str, asyncio.Task[Any]] = {}  # whom a schedule may cancel
        self._settling: asyncio.Future[None] | None = None

    async def gate(self, option: Option) -> None:
        """Return when the schedule lets pass."""
        if not self.exploring:
            return
        held = _Held(option, self.time(), self.create_future())
        self._held.append(held)
        try:
            await held.passing
        finally:
            self._held.remove(held)

    async def settled(self) -> None:
        """Return when nothing is ready and nobody is at a gate: what is left, if anything, waits for a timer."""
        self._settling = self.create_future()
        await self._settling

    def may_cancel(self, who: str, task: "asyncio.Task[Any]") -> None:
        """Add a task to those that a schedule may cancel."""
        self._callers[who] = task

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run until `main` is done. Raises Stuck, or Uncontrolled."""
        with self.in_charge():
            task = self.create_task(main)
            while True:
                self.run_ready()
                if task.done():
                    return task.result()
                self._let_one_thing_happen()

    def end(self) -> None:
        """Cancel what is left, and see it end."""
        self.exploring = False
        with self.in_charge():
            while left := asyncio.all_tasks(self):
                for task in left:
                    task.cancel()
                self.run_ready()

    def _let_one_thing_happen(self) -> None:
        if self._settling is not None and not self._held:
            self._settling.set_result(None)
            self._settling = None
            return
        options, index = self._options(), 0
        if self.exploring:
            index = self._choose(options)
            self.choices.append(Choice(index, len(options), options[index]))
        if index < len(self._held):
            self._held[index].passing.set_result(None)
        elif options[index].what == TIMER:
            self.fire()
        else:
            self._callers.pop(options[index].who).cancel()

    def _options(self) -> list[Option]:
        """Return what can happen: gates by age, so that 0 is first come, first served; a timer; cancellations."""
        options = [held.option for held in self._held]
        due = self.next_timer()
        if due is not None and all(due <= held.since + self._bounds.patience for held in self._held):
            options.append(Option(TIMER, "time"))
        if not options:
            raise Stuck("nothing can happen any more")
        if len(self.choices) >= LONGEST:
            raise Stuck(f"no end after {LONGEST} steps")
        cancelled = sum(choice.option.what == CANCEL for choice in self.choices)
        if self.exploring and cancelled < self._bounds.cancellations:
            options += [Option(CANCEL, who) for who, task in self._callers.items() if not task.done()]
        return options
