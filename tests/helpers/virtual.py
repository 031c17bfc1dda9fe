"""An event loop whose time jumps to the next timer instead of passing: waits cost nothing and are exact."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Jumping(selectors.DefaultSelector):
    """Adds each timeout to the time instead of waiting for it; there is no socket that could become ready."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        """See `selectors`."""
        assert timeout is not None, "the loop waits for something that no timer brings"
        self.now += timeout
        return super().select(0)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run it to its end, as `asyncio.run` would, in no time."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(main)
