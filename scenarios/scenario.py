"""A scenario as data: its conditions, who is compared in them, and what mock and browsers it takes."""

from collections.abc import Mapping
from dataclasses import dataclass

from race401.harness.tokens.policy import POLICIES
from race401.scenarios.conditions import CONDITIONS, Condition

COMPARED = ",".join(name for name in ("pre-fix", "fixed", "hardened") if name in POLICIES)


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a locustfile plays; its docstring says the hypothesis, and the verdict that each policy should get."""

    name: str
    conditions: Mapping[str, Condition]  # by name
    version: int = 1  # runs of different versions are not comparable
    policies: str = COMPARED  # the control, then the subjects, unless the command line says others
    mock: tuple[str, ...] = ()  # options of our own mock; one that runs already was started by somebody else
    memory: bool = False  # note what the mock and locust hold, all along


BURST = Scenario("burst", CONDITIONS)
