"""
Tests of somebody else's, run by a pytest in this process.

What race401 imports for them is imported here, once, and so the process that starts mocks is this one's, too.
"""

import gc
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import _pytest.pytester
import pytest

import race401.harness.card.mock
import race401.harness.explore.application
import race401.harness.fixtures
import race401.mock_api.app  # noqa: F401 - a scene may be of it

INSTALLED = (Path(sys.prefix), Path(sys.base_prefix), Path(__file__).parents[2])
UNUSED = ["-p", "no:locust", "-p", "no:schemathesis"]  # plugins of this environment that take long to load


class TheirModules(_pytest.pytester.SysModulesSnapshot):
    """
    Forgets after such a run what is theirs, and nothing else that it was first to import.

    pytest forgets all: httpx, say, would hold errors of an httpcore that is gone, and raise those of the next one.
    """

    def __init__(self, preserve: object = None) -> None:
        super().__init__(lambda name: installed(sys.modules[name]))


def installed(module: ModuleType) -> bool:
    """Whether it stays, whoever is tested."""
    file = getattr(module, "__file__", None)
    return file is None or any(Path(file).is_relative_to(place) for place in INSTALLED)


_pytest.pytester.SysModulesSnapshot = TheirModules  # type: ignore[misc]  # it is made where nobody can say more


@contextmanager
def left_open() -> Iterator[None]:
    """Whatever runs in it may leave open what it had, as a client does that fails."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


def run_here(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    """What pytest says of the tests here; it finds our plugin as it would in somebody's environment."""
    with left_open():
        result = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider", *UNUSED, *words)
        result.reprec.clear()  # type: ignore[attr-defined]  # it holds what the tests held, up to the end of this one
    return result
