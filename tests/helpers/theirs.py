"""
Tests of somebody else's, run by a pytest in this process.

What race401 imports for them is imported here, once: pytest forgets what such a run imports, and some libraries can
be imported once only. The process that starts mocks is this one's, too.
"""

import gc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import race401.harness.card.mock
import race401.harness.explore.application
import race401.harness.fixtures
import race401.mock_api.app  # noqa: F401 - a scene may be of it

UNUSED = ["-p", "no:locust", "-p", "no:schemathesis"]  # plugins of this environment that take long to load


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
