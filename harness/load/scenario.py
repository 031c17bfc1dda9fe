"""A scenario as data: its conditions, who is compared in them, and what mock, browsers and load it takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from race401.harness.load.conditions import Condition
from race401.harness.tokens.policy import POLICIES

COMPARED = ",".join(name for name in ("pre-fix", "fixed", "hardened") if name in POLICIES)


@dataclass(frozen=True, slots=True)
class Load:
    """What shows a scenario's verdicts in a short run: some sessions for each policy in each condition."""

    users: int  # browsers
    seconds: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a locustfile plays; its docstring says the hypothesis, and the verdict that each policy should get."""

    name: str
    conditions: Mapping[str, Condition]  # by name
    load: Load = Load(18, 10)  # of `make scenarios`; locust's own options say it otherwise
    version: int = 1  # runs of different versions are not comparable
    policies: str = COMPARED  # the control, then the subjects, unless the command line says others
    mock: tuple[str, ...] = ()  # options of our own mock; one that runs already was started by somebody else
    memory: bool = False  # note what the mock and locust hold, all along
    own: Condition | None = None  # what is played in a world that the user names, instead of the conditions
    systems: Mapping[str, Condition] = field(default_factory=dict)  # and what against a system of your own

    @property
    def parts(self) -> list[Condition]:
        """What locust has browsers for."""
        return [*self.conditions.values(), *((self.own,) if self.own is not None else ()), *self.systems.values()]
