"""
What master and workers tell each other of a run, besides what locust does: each a plain value, so that it can travel.

An `Assignment` travels with locust's parsed options, of which locust sends all that are not its own whenever browsers
are spawned. A `WorkerReport` travels in locust's own, every 3 s.
"""

from argparse import Namespace
from typing import Any, NamedTuple

BROWSER_DONE = "race401_done"  # a worker's message: one of its browsers has loaded all its pages
BROWSER_FAILED = "race401_failed"  # a worker's: why the run cannot go on
END = "race401_end"  # the master's: let the pages that were begun end, and report the last
TRAVELS_AS = "race401"  # an option's name, and a report's key


class Assignment(NamedTuple):
    """What a run is, to each process that has browsers."""

    run: str  # its name
    mock: str  # its address
    is_mock_ours: bool  # it is not: its clock may be another one
    load: dict[str, Any]  # by locust's names for its options; a worker's own are not the run's
    workers: list[str]  # by the number of their share
    places: dict[str, str]  # of a system of your own: the recorder's addresses, by origin


class WorkerReport(NamedTuple):
    """What a worker tells of its browsers."""

    samples: list[dict[str, Any]]  # since the last report
    share: int | None  # None: it has had no run yet
    clock: dict[str, Any] | None  # see `HostClock.plain`
    last_of: str  # the name of the run whose browsers have ended; empty: they go on


def assign(options: Namespace, assignment: Assignment | None) -> None:
    """Have the options carry the assignment to the workers; None: there is no run."""
    setattr(options, TRAVELS_AS, None if assignment is None else assignment._asdict())


def assigned(options: Namespace) -> Assignment | None:
    """Return what the master's options carried; None: there is no run."""
    plain = getattr(options, TRAVELS_AS, None)
    return None if plain is None else Assignment(**plain)


def put_report(data: dict[str, Any], report: WorkerReport) -> None:
    """Add the report to what locust sends."""
    data[TRAVELS_AS] = report._asdict()


def get_report(data: dict[str, Any]) -> WorkerReport | None:
    """Return the report in what locust received."""
    plain = data.get(TRAVELS_AS)
    return None if plain is None else WorkerReport(**plain)
