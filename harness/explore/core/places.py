"""
Where a generator stands: its place in the code and the names that later code reads, of it and all it delegates to.

Rules: what does not fit is refused, a loop around a yield first of all.
"""

import dis
from collections.abc import Callable, Iterator
from functools import cache
from types import CodeType
from typing import Any

from race401.harness.tokens.model import Session
from race401.harness.tokens.policy import Policy


def places(flow: Any, valued: Callable[[Any], Any]) -> Iterator[Any]:
    """Yield each place in the code, then its names with their values; the session and the policy are everyone's."""
    while flow is not None:
        frame = flow.gi_frame
        here, held = frame.f_lasti, frame.f_locals
        yield flow.gi_code, here
        for name in _read_later(flow.gi_code)[here]:
            value = held.get(name)
            if not isinstance(value, Session | Policy):
                yield name, valued(value)
        flow = flow.gi_yieldfrom


@cache
def _read_later(code: CodeType) -> "_Later":
    return _Later(code)


class _Later(dict[int, tuple[str, ...]]):
    """By place in the code: the local names that any later instruction mentions."""

    def __init__(self, code: CodeType) -> None:
        self._mentions = [(each.offset, each.argval) for each in dis.get_instructions(code) if "FAST" in each.opname]
        loops = [each for each in dis.get_instructions(code) if "JUMP_BACKWARD" in each.opname]
        if code.co_freevars or code.co_cellvars or any("NO_INTERRUPT" not in each.opname for each in loops):
            raise TypeError(f"{code.co_qualname} has a loop or a closure: its position cannot be told from its names")

    def __missing__(self, here: int) -> tuple[str, ...]:
        names: set[str] = set()
        for offset, mentioned in self._mentions:
            if offset > here:
                names.update(mentioned if isinstance(mentioned, tuple) else [mentioned])
        self[here] = tuple(sorted(names))
        return self[here]
