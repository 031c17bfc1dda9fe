"""How much of a long search `make test` does: a share that its tests' names show. `make test-all` does all of it."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest
from _pytest.mark.structures import ParameterSet


def share(part: int, whole: int) -> list[ParameterSet]:
    """So many of what is searched, and all of it where there is time."""
    return [pytest.param(part, id=f"{part} of {whole}"), pytest.param(whole, marks=pytest.mark.slow, id=f"{whole}")]


def every(
    nth: int, cases: Iterable[Sequence[Any]], name: Callable[..., str] = str, *, first: int = 0
) -> list[ParameterSet]:
    """All cases, of which each nth is run by `make test`, beginning with the one at `first`."""
    return [
        pytest.param(*case, id=name(*case), marks=() if n % nth == first else pytest.mark.slow)
        for n, case in enumerate(cases)
    ]
