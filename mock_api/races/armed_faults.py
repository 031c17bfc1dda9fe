"""Faults at work: each decides whether it strikes a request, and says so in the ledger. The guard does the rest."""

import math
import random
from collections.abc import Callable
from typing import Any

import msgspec

from race401.ledger.entry import Entry
from race401.mock_api.races.fault import Cut, Delay, Fault, Redirect, Refuse, Status
from race401.mock_api.races.matching import Counted


class ArmedFault:
    """A fault at work."""

    def __init__(
        self, name: str, fault: Fault, clock: Callable[[], float], struck: Callable[[], None] | None = None
    ) -> None:
        self.id, self.fault = name, fault
        self.hits = 0
        self._which = Counted(fault.which)
        self.chance = random.Random(fault.seed)  # noqa: S311 - chance that can be repeated
        self._clock, self._struck = clock, struck
        self._until = math.inf
        self._generations: dict[str, int] = {}

    @property
    def label(self) -> str:
        """Its name in the ledger."""
        where = f"-{self.fault.where}" if isinstance(self.fault, Cut) else ""
        return self.fault.name or str(self.fault.__struct_config__.tag) + where

    def strikes(self, entry: Entry) -> bool:
        """Tell whether it strikes this request; if so, say it in the entry."""
        if self.hits == self.fault.times or self._clock() >= self._until:
            return False
        if not self._reaches(entry) or not self._which.takes(entry):
            return False
        if self.fault.probability < 1 and self.chance.random() >= self.fault.probability:
            return False
        if not self.hits and self.fault.for_s is not None:
            self._until = self._clock() + self.fault.for_s
        self.hits += 1
        entry.fault = self.label if entry.fault is None else f"{entry.fault}+{self.label}"
        if self._struck is not None:
            self._struck()
        return True

    def _reaches(self, entry: Entry) -> bool:
        """Tell whether this generation is old enough to be refused; every other fault reaches every request."""
        if not isinstance(self.fault, Refuse):
            return True
        if entry.family is None or entry.generation is None:
            return False
        newest = self.fault.generation
        if newest is None:
            newest = self._generations.setdefault(entry.family, entry.generation)
        return entry.generation <= newest

    def as_json(self) -> dict[str, Any]:
        """Return how it stands, for the control API."""
        return {"id": self.id, "name": self.label, "hits": self.hits, "fault": msgspec.to_builtins(self.fault)}


class ArmedFaults:
    """The faults that are armed, by id, and what strikes where."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.armed: dict[str, ArmedFault] = {}
        self._clock = clock
        self._numbered = 0

    def arm(self, fault: Fault, struck: Callable[[], None] | None = None) -> ArmedFault:
        """Put a fault to work; `struck` is called each time that it strikes."""
        self._numbered += 1
        armed = self.armed[str(self._numbered)] = ArmedFault(str(self._numbered), fault, self._clock, struck)
        return armed

    def delay(self, gate: str, entry: Entry) -> float:
        """Return by how many s more the request waits at this gate."""
        return sum(
            each.fault.draw(each.chance)
            for each in self.armed.values()
            if isinstance(each.fault, Delay) and each.fault.at == gate and each.strikes(entry)
        )

    def instead(self, entry: Entry) -> Status | Redirect | Cut | None:
        """Return what a request that has arrived meets instead of being served."""
        for each in self.armed.values():
            if isinstance(each.fault, Status | Redirect) and each.strikes(entry):
                return each.fault
            if isinstance(each.fault, Cut) and each.fault.where == "arrive" and each.strikes(entry):
                return each.fault
        return None

    def redirects_to(self, target: str) -> bool:
        """Tell whether this is where redirects lead: what asks for it may follow one."""
        return any(isinstance(each.fault, Redirect) and each.fault.to == target for each in self.armed.values())

    def refuses(self, entry: Entry) -> bool:
        """Tell whether a resource refuses this token although it is valid."""
        return any(isinstance(each.fault, Refuse) and each.strikes(entry) for each in self.armed.values())

    def cut(self, entry: Entry) -> Cut | None:
        """Return how the answer breaks off, if it does."""
        for each in self.armed.values():
            if isinstance(each.fault, Cut) and each.fault.where != "arrive" and each.strikes(entry):
                return each.fault
        return None
