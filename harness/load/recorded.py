"""A system that is not ours, behind a recorder that is: what takes the place of a mock in a run."""

from gevent.lock import RLock

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from race401.harness.load.child import Child
from race401.harness.load.conditions import Condition
from race401.harness.load.mock import Mock
from race401.harness.load.system import System, origin

ANSWERS_WITHIN = 10.0  # s; it answers at once, unless the machine is saturated


class Recorder(Child):
    """The proxy, which writes what passes to `ledger`. `places`: its address for each origin of the system."""

    def __init__(self, system: System, ledger: Path) -> None:
        asked = {"targets": system.origins, "ledger": str(ledger), "dialects": [asdict(system.target.dialect)]}
        super().__init__("the recorder", "race401.harness.proxy", asked=asked)
        self.places: dict[str, str] = dict(zip(system.origins, self.ready["addresses"], strict=True))
        self._one_at_a_time = RLock()

    def standing(self) -> dict[str, Any]:
        """Return how its record stands: see `race401.harness.proxy`; raises OSError, ValueError."""
        with self._one_at_a_time:
            self.tell("standing")
            told: dict[str, Any] = json.loads(self.hear(ANSWERS_WITHIN))
            return told

    def trouble(self) -> str | None:
        """Return why a run with it cannot go on: it ended, or the system is gone."""
        if (ended := self.ended()) is not None:
            return ended
        try:
            gone = str(self.standing()["gone"])
        except (OSError, ValueError):
            return None  # it is busy, or has ended: the next look tells
        return f"{gone}; what was recorded until then is kept" if gone else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded(Mock):
    """The system that a run talks to, by way of its recorder."""

    called: str = "the recorder"
    system: System
    recorder: Recorder

    @classmethod
    def started(cls, system: System, ledger: Path) -> "Recorded":
        """Start a recorder; raises ChildDidNotStart."""
        recorder = Recorder(system, ledger)
        where = recorder.places[origin(system.api)]
        return cls(url=where, process=recorder, ledger=ledger, system=system, recorder=recorder)

    @property
    def places(self) -> dict[str, str]:
        """Where the system is asked instead, by origin."""
        return self.recorder.places

    def worlds(self, conditions: Iterable[Condition], key: str | None) -> dict[str, dict[str, object]]:
        """Return what is known of the system, by its name."""
        del conditions, key
        return {self.system.name: self.system.plain()}

    def lost(self, headers: dict[str, str]) -> int:
        """Return how many entries are not in the ledger's file; raises OSError, ValueError."""
        del headers
        return int(self.recorder.standing()["unwritten"])

    def held(self, headers: dict[str, str], run: str) -> tuple[bytes, int]:
        """Raise ValueError: what is not in the file is nowhere."""
        raise ValueError(run, headers)
