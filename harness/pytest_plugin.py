"""The explorer as a pytest fixture, for people who want to prove their own client; see `race401_explore`."""

from collections.abc import Callable
from typing import Any

import pytest

from race401.harness.explore.application import Exploration, explore, replay
from race401.harness.explore.application.explorer import Application
from race401.harness.explore.application.stage import Scene


@pytest.fixture
def race401_explore() -> Callable[..., Exploration]:
    """Fail the test, with the story of the simplest schedule, unless every order of the scene's requests is clean.

    `race401_explore(scene, create_app)`; options as `explore` has them, and `replay="0.0021"` to play one schedule
    again. Not exhausted is a failure, too, unless a `sample` was asked for.
    """

    def prove(scene: Scene, application: Application, **options: Any) -> Exploration:
        __tracebackhide__ = True
        if (token := options.pop("replay", None)) is not None:
            pytest.fail(f"{token!r} played again:\n{replay(scene, application, token, **options)}", pytrace=False)
        found = explore(scene, application, **{"stop_at_first": True, **options})
        if found.violating:
            pytest.fail(str(found), pytrace=False)
        if not found.exhausted and not options.get("sample"):
            pytest.fail(f"{found}: allow more `schedules`, or settle for a `sample` of them", pytrace=False)
        return found

    return prove
