"""The core-level explorer put together with the mock's issuer, for tests."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from race401.harness.explore.core.findings import KINDS
from race401.harness.explore.core.scenario import Scenario
from race401.harness.explore.core.search import Result, Search
from race401.harness.explore.core.stage import Stage
from race401.harness.explore.core.state import Actor, Env
from race401.harness.explore.core.wrongs import of_end
from race401.mock_api.rules import issuer
from race401.mock_api.rules.worlds import WORLDS


def stage(scenario: Scenario, world: str, lifetime: float | None = None, *, merge: bool = True) -> Stage:
    """The scenario in this world."""
    rules = WORLDS[world] if lifetime is None else replace(WORLDS[world], lifetime=lifetime)
    return Stage(scenario, rules, issuer, merge=merge)


@cache
def explored(scenario: Scenario, world: str, lifetime: float | None = None) -> Result:
    """All of it, once for all tests that ask."""
    return searched(stage(scenario, world, lifetime))


def searched(whole: Stage) -> Result:
    """All of it, searched now."""
    result = Search(whole).run()
    assert result.exhausted
    return result


def faults(result: Result) -> set[str]:
    """The kinds that a client could have prevented, costs included."""
    return {mark for mark in result.found if KINDS[mark].weight != "incurable"}


def violations(result: Result) -> set[str]:
    """The kinds that an app or its user notices, and that a client could have prevented."""
    return {mark for mark in result.found if KINDS[mark].weight == "violation"}


def enumerated(plain: Stage) -> tuple[int, set[str]]:
    """How many schedules there are, and what is wrong in any: nothing is remembered, nobody interchangeable."""
    marks: set[str] = set()

    def steps(env: Env, actors: list[Actor]) -> Iterator[tuple[Env, list[Actor]]]:
        still = all(plain.idle(actor) for actor in actors)
        for n, actor in enumerate(actors):
            if actor.kind == "clock" and (len(actors) == 1 or (plain.waits_for_quiet(env) and not still)):
                continue
            for move in plain.moves(env, actor):
                marks.update(move.marks)
                yield move.env, [*actors[:n], *move.actors, *actors[n + 1 :]]

    def count(env: Env, actors: list[Actor]) -> int:
        ways = [count(*after) for after in steps(env, actors)]
        if not [actor for actor in actors if actor.kind != "clock" and any(True for _ in plain.moves(env, actor))]:
            marks.update(of_end(env, actors))
        return sum(ways) or 1

    return count(*plain.first()), marks
