"""
Three fixtures for people who want to guard their own client; see docs/guard.md.

Nothing else of race401 is imported before a test asks for one of them: who only has it installed pays nothing.
"""

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from race401.harness.card.mock import Mocks
    from race401.harness.explore.application import Exploration, Scene
    from race401.harness.explore.application.explorer import Application
    from race401.harness.fixtures import Judging, Server

MARK = "race401(world='rfc9700', **settings): the world and the settings (lifetime, ...) of race401_server"
NAME = 60  # characters of a test's name that its addresses show
REPLAYED = ("patience", "expects")  # options of an exploration that a replay has, too


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line("markers", MARK)


@pytest.fixture(scope="session")
def _race401_mocks() -> "Iterator[Mocks]":
    """Lend this process's mocks, each on a free port: one for each set of settings, started when needed."""
    from race401.harness.card.mock import Mocks

    with Mocks() as mocks:
        yield mocks


@pytest.fixture(scope="session")
def _race401_numbers() -> Iterator[int]:
    from itertools import count

    return count(1)


@pytest.fixture
def race401_server(
    request: pytest.FixtureRequest, _race401_mocks: "Mocks", _race401_numbers: Iterator[int]
) -> "Iterator[Server]":
    """Serve a mock API and auth server on a free local port: addresses, aged sign-ins, races, clock, ledger.

    Each test has a clean start. `@pytest.mark.race401(world=..., lifetime=..., check_session=True)` chooses what it
    serves; the world is `rfc9700` unless told otherwise.
    """
    from race401.harness.card.mock import MockFailed
    from race401.harness.fixtures.server import WORLD, Server, command_line

    settings: dict[str, Any] = {}
    for mark in request.node.iter_markers("race401"):  # the test's own comes before its class's and its module's
        settings = mark.kwargs | settings
    world = settings.pop("world", WORLD)
    name = f"{next(_race401_numbers)}-{re.sub('[^A-Za-z0-9]+', '-', request.node.name)[:NAME].strip('-')}"
    try:
        with _race401_mocks.one(command_line(**settings)) as mock:
            yield Server(mock, world, name)
    except (MockFailed, ValueError) as problem:
        raise pytest.fail.Exception(f"race401_server: {problem}", pytrace=False) from None


@pytest.fixture
def race401_verdict(race401_server: "Server") -> "Judging":
    """Judge what the test did to `race401_server`, by the server's ledger: PASS, FAIL or UNKNOWN.

    `race401_verdict.check()` fails the test unless it is PASS. An empty ledger is UNKNOWN.
    """
    from race401.harness.fixtures.verdict import Judging

    return Judging(race401_server)


@pytest.fixture
def race401_explore() -> "Callable[..., Exploration]":
    """Fail the test, with the story of the simplest schedule, unless every order of the scene's requests is clean.

    `race401_explore(scene, create_app)`; options as `explore` has them, and `replay="0.0021"` to play one schedule
    again. Not exhausted is a failure, too, unless a `sample` was asked for.
    """
    from race401.harness.explore.application import explore, replay

    def prove(scene: "Scene", application: "Application", **options: Any) -> "Exploration":
        __tracebackhide__ = True
        if (token := options.pop("replay", None)) is not None:
            replayed = {name: value for name, value in options.items() if name in REPLAYED}
            pytest.fail(f"{token!r} played again:\n{replay(scene, application, token, **replayed)}", pytrace=False)
        found = explore(scene, application, **{"stop_at_first": True, **options})
        if found.violating:
            token = next(iter(found.counterexamples.values())).token
            again = f"to play this schedule alone, again: race401_explore(..., replay={token!r}) in this test"
            pytest.fail(f"{found}\n{again}", pytrace=False)
        if not found.exhausted and not options.get("sample"):
            pytest.fail(f"{found}: allow more `schedules`, or settle for a `sample` of them", pytrace=False)
        return found

    return prove
