"""The keeper of several mock processes hears at once of a death, whatever it is doing."""

import os
import signal
import subprocess
from multiprocessing import Pipe
from pathlib import Path
from types import SimpleNamespace

import pytest
from bounds import HANG
from sharing import forker_of, needs_redis, redis, workers
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


@pytest.mark.slow
@needs_redis
def test_where_the_process_that_forks_workers_is_killed_they_end_and_others_come(tmp_path: Path) -> None:
    """Nobody would tell their keeper how they end."""
    with redis() as (store, _), workers(store, tmp_path / "segments") as running:
        before = running.pids()
        forker = forker_of(*before)
        os.kill(forker, signal.SIGKILL)
        for pid in before:
            subprocess.run(["tail", f"--pid={pid}", "-f", "/dev/null"], timeout=HANG, check=True)
        now = running.pids()
        assert not now & before
        assert forker_of(*now) != forker
