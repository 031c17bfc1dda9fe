"""A race program at work: counts what happens, holds what its rules say, and knows whether the race came about."""

import asyncio
from enum import StrEnum
from itertools import count
from typing import Any

import msgspec

from race401.ledger.entry import Entry
from race401.mock_api.races.armed_faults import ArmedFaults
from race401.mock_api.races.fault import Fault
from race401.mock_api.races.gates import FreeGates, Gates
from race401.mock_api.races.matching import Counted
from race401.mock_api.races.program import Hold, Program

EVENT, TIME, END = "event", "time", "end"  # what opens a rule: what it waits for, `or_after_s`, or the program's end


class State(StrEnum):
    """Whether the race happened."""

    WAITING = "waiting"
    CAME_ABOUT = "came_about"
    DID_NOT_COME_ABOUT = "did_not_come_about"


class Rule:
    """One `hold` at work."""

    def __init__(self, hold: Hold, world: str | None, client: str | None) -> None:
        self.at, self.until, self.hold = hold.at, hold.until, hold
        self.which = Counted(hold.which.within(world, client))
        self.awaited = Counted(hold.until.within(world, client))
        self.after = Counted(hold.after.within(world, client)) if hold.after else None
        self.before = hold.after.count if hold.after else 0  # so many have to happen until it holds anything
        self.happened = 0
        self.held = 0
        self.holding: list[str] = []
        self.opened_by: str | None = None
        self.open = asyncio.Event()
        self.patience: asyncio.TimerHandle | None = None  # until `or_after_s`

    @property
    def done(self) -> bool:
        """Whether it held something until what it waits for, or need not."""
        return self.opened_by in (EVENT, TIME) or (self.hold.if_any and not self.held)

    def takes(self, gate: str, entry: Entry) -> bool:
        """Tell whether this request is to be held."""
        if gate != self.at or self.opened_by is not None or self.before or not self.which.takes(entry):
            return False
        self.held += 1
        return True

    def count(self, event: str, entry: Entry) -> bool:
        """Count what happened since the first request was held; tell whether that was what the rule waits for."""
        if self.before and self.after is not None and self.hold.after is not None:
            self.before -= event == self.hold.after.at and self.after.takes(entry)
            return False
        if event != self.until.at or not self.held or self.opened_by is not None or not self.awaited.takes(entry):
            return False
        self.happened += 1
        whole: bool = self.happened >= self.until.count
        return whole

    def as_json(self) -> dict[str, Any]:
        """Return how it stands."""
        return {
            "held": self.held,
            "holding": self.holding,
            "happened": self.happened,
            "count": self.until.count,
            "opened_by": self.opened_by,
            "done": self.done,
        }

    def __str__(self) -> str:
        held = f"held {self.holding[0]}" if self.holding else f"held none ({self.which.match})"
        return f"{held} at {self.at}, and waited for {self.until.count} of: {self.awaited.match}; saw {self.happened}"


def _narrowed(fault: Fault, program: Program) -> Fault:
    return msgspec.structs.replace(fault, which=fault.which.within(program.world, program.client))


class ArmedProgram:
    """A program at work; see `gates.Holder`."""

    def __init__(self, name: str, program: Program, faults: ArmedFaults) -> None:
        self.id, self.program = name, program
        self.rules = [Rule(hold, program.world, program.client) for hold in program.hold]
        self.faults = [faults.arm(_narrowed(fault, program), self._struck) for fault in program.fault]
        self.state = State.WAITING
        self.why = ""
        self.changed = asyncio.Event()  # set once, at the next change
        self._timers: list[asyncio.TimerHandle] = []

    @property
    def ended(self) -> bool:
        """Whether it is known if the race came about."""
        return self.state is not State.WAITING

    @property
    def holding(self) -> bool:
        """Whether any request waits."""
        return any(rule.holding for rule in self.rules)

    async def hold(self, gate: str, entry: Entry) -> bool:
        """Return when every rule lets the request pass, and whether any held it."""
        held = [rule for rule in self.rules if rule.takes(gate, entry)]
        if held:
            self._begin()
        for rule in held:
            if rule.held == 1:
                self._wait_longer(rule)
        self.happened(gate, entry)
        for rule in held:
            await self._wait(rule, entry)
        return bool(held)

    async def _wait(self, rule: Rule, entry: Entry) -> None:
        name = f"{entry.method} {entry.target}" + (f" ({entry.status})" if entry.status else "")
        rule.holding.append(name)
        self._change()
        try:
            await rule.open.wait()
        finally:
            rule.holding.remove(name)

    def happened(self, event: str, entry: Entry) -> None:
        """Count it for every rule; open those that waited for it."""
        for rule in self.rules:
            before = rule.happened
            if rule.count(event, entry):
                self._open(rule, EVENT)
            elif rule.happened > before:
                self._wait_longer(rule)

    def give_up(self) -> None:
        """Let go of everything; what has not come about by now does not."""
        if not self.ended:
            self.state = State.DID_NOT_COME_ABOUT
            late = [f"rule {n} {rule}" for n, rule in enumerate(self.rules, 1) if not rule.done]
            idle = [f"fault {fault.label} struck nothing" for fault in self.faults if not fault.hits]
            self.why = "; ".join(late + idle)
        self.end()

    def end(self) -> None:
        """Hold nothing any more."""
        for timer in self._timers:
            timer.cancel()
        for rule in self.rules:
            rule.opened_by = rule.opened_by or END
            rule.open.set()
        self._change()

    def _open(self, rule: Rule, by: str) -> None:
        if rule.opened_by is not None:
            return
        rule.opened_by = by
        if by == EVENT and rule.hold.settle_s:
            self._later(rule.hold.settle_s, rule.open.set)
        else:
            rule.open.set()
        self._judge()

    def _struck(self) -> None:
        self._begin()
        self._judge()

    def _begin(self) -> None:
        if not self._timers:
            self._later(self.program.within_s, self.give_up)

    def _judge(self) -> None:
        if not self.ended and all(rule.done for rule in self.rules) and all(fault.hits for fault in self.faults):
            self.state = State.CAME_ABOUT
            self._change()

    def _change(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()

    def _wait_longer(self, rule: Rule) -> None:
        if rule.hold.or_after_s is not None:
            if rule.patience is not None:
                rule.patience.cancel()
            rule.patience = self._later(rule.hold.or_after_s, self._open, rule, TIME)

    def _later(self, after: float, call: Any, *given: Any) -> asyncio.TimerHandle:
        timer = asyncio.get_running_loop().call_later(after, call, *given)
        self._timers.append(timer)
        return timer

    def as_json(self) -> dict[str, Any]:
        """Return how it stands, for the control API."""
        return {
            "id": self.id,
            "state": self.state,
            "why": self.why,
            "rules": [rule.as_json() for rule in self.rules],
            "faults": [fault.as_json() for fault in self.faults],
            "program": msgspec.to_builtins(self.program),
        }


class ArmedPrograms:
    """The programs that are armed, by id."""

    def __init__(self, gates: Gates, faults: ArmedFaults) -> None:
        self.armed: dict[str, ArmedProgram] = {}
        self._gates, self._faults = gates, faults
        self._ids = count(1)

    def arm(self, program: Program) -> ArmedProgram | None:
        """Put a program to work; None: somebody else has these gates."""
        if not isinstance(self._gates, FreeGates):
            return None
        armed = ArmedProgram(str(next(self._ids)), program, self._faults)
        self.armed[armed.id] = armed
        self._gates.holders.append(armed)
        return armed

    def disarm(self, name: str) -> bool:
        """Let go of all that it holds and forget it; False: there is none."""
        armed = self.armed.pop(name, None)
        if armed is None or not isinstance(self._gates, FreeGates):
            return False
        self._gates.holders.remove(armed)
        for fault in armed.faults:
            self._faults.armed.pop(fault.id, None)
        armed.end()
        return True
