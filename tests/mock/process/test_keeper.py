"""The keeper of several mock processes hears at once of a death, whatever it is doing."""

from multiprocessing import Pipe
from types import SimpleNamespace

import pytest
from uvicorn.supervisors import Multiprocess

from race401.mock_api.process.workers import Keeper


def test_a_worker_that_is_killed_while_it_is_asked_is_heard_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its end of the pipe is open nowhere else, so the question ends with it and not after a minute."""
    asking, answering = Pipe()
    keeper = object.__new__(Keeper)
    setattr(keeper, "processes", [SimpleNamespace(child_conn=answering)])  # noqa: B010 - no Process, as far as is asked
    heard: list[bool] = []

    def ask(_: Multiprocess) -> None:
        heard.append(asking.poll(0))

    monkeypatch.setattr(Multiprocess, "keep_subprocess_alive", ask)
    keeper.keep_subprocess_alive()
    assert heard == [True]
