"""Violations to plant in a clean run, as values that can be put together, and what a check then says."""

from collections.abc import Callable
from typing import Any

import msgspec
from ledgers import PAGE, Run

from race401.harness.judge.checks import Finding, Value
from race401.harness.judge.verdict import judge

AFTER = "run/rfc9700/subject/1"
PASS, UNKNOWN, FAIL = Value.PASS, Value.UNKNOWN, Value.FAIL
HERE = ("rfc9700", "subject")
Plant = Callable[[Run], object]


def findings_of(run: Run, check: str, role: str = "subject") -> list[Finding]:
    """What a check says of a role, and of the run as a whole."""
    return [f for f in judge(run.evidence()).findings if f.check == check and f.role in (role, "")]


def expecting(**expects: str) -> Plant:
    """Let the condition expect this of the subject, and nothing else."""
    return lambda run: run.manifest["conditions"]["rfc9700"]["expects"].update(subject=expects)


def doing(*plants: Plant) -> Plant:
    """Plant one after the other."""
    return lambda run: [plant(run) for plant in plants]


def manifest_says(**manifest: Any) -> Plant:
    """Put this into the manifest."""
    return lambda run: run.manifest.update(manifest)


def sent(n: str, *causes: str | None, **sample: Any) -> Plant:
    """A request of the subject."""
    return lambda run: run.attempt(AFTER, n, PAGE[0], *causes, **sample)


def left(seconds: float) -> Plant:
    """The subject's exchange is of a token with so many s of life."""
    return lambda run: run.entries.__setitem__(10, msgspec.structs.replace(run.entries[10], token_left_s=seconds))


def exchanged(outcome: str = "rotated", **more: Any) -> Plant:
    """An exchange of the subject's."""
    return lambda run: run.exchange(AFTER, outcome, **more)


IDEAL = doing(
    manifest_says(worlds={"rfc9700": {"lifetime": 3600}}),
    lambda run: run.manifest["policies"]["subject"].update(expiry_margin=120.0),
    left(119.0),
)
