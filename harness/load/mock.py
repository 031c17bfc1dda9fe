"""The mock as a child process of the run: started once, and gone however the run ends.

A process of its own, since an event loop does not live in one that gevent has patched. It ends when its
standard input does, so that even a killed locust leaves nothing behind.
"""

from gevent import with_timeout

import atexit
import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import httpx

from race401.harness.load.conditions import Condition
from race401.harness.load.options import Refused

READY_WITHIN = 20.0  # s; it takes under 1 s on a quiet machine
GONE_WITHIN = 4.0  # s
FORBIDDEN = 403
USAGE = 2  # exit code
PR_SET_PDEATHSIG = 1  # linux/prctl.h


class MockDidNotStart(Exception):
    """The child said nothing, or not what was hoped for; the message is for the user."""


class MockRefused(MockDidNotStart):
    """The child would not have its options, and has told the user so."""


def die_with_parent() -> None:
    """Have forked workers end with their master: locust itself leaves them behind when the master is killed."""
    if sys.platform == "linux":
        os.register_at_fork(after_in_child=lambda: ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL))


class MockProcess:
    """A running mock at `url`, started with these options, writing its ledger to `ledger`."""

    def __init__(self, ledger: Path, options: Sequence[str] = ()) -> None:
        self._owner = os.getpid()
        command = [sys.executable, "-m", "race401.mock_api", "--json", "--exit-with-parent", "--ledger", str(ledger)]
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [*command, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        atexit.register(self.stop)
        assert self._process.stdout is not None
        line = with_timeout(READY_WITHIN, self._process.stdout.readline, timeout_value=b"")
        try:
            self.url: str = json.loads(line)["url"]
        except (ValueError, KeyError):
            self.stop()
            code = self._process.returncode
            raise (MockRefused if code == USAGE else MockDidNotStart)(
                f"the mock did not start (exit {code})"
            ) from None

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def ended(self) -> str | None:
        """Return how the child ended by itself; None while it runs."""
        code = self._process.poll()
        return None if code is None else f"the mock ended in mid-run (exit {code})"

    def stop(self) -> None:
        """End it and wait. Forked workers hold a copy of this object and do nothing."""
        if os.getpid() != self._owner or self._process.poll() is not None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(GONE_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@dataclass(frozen=True, slots=True)
class Mock:
    """The mock that this process's runs talk to."""

    url: str
    process: MockProcess | None = None  # ours; None: somebody else's, which runs already
    ledger: Path | None = None  # the file that ours writes; None: the mock is asked for it

    def worlds(self, conditions: Iterable[Condition], key: str | None) -> dict[str, dict[str, object]]:
        """Return what it serves by name; raises Refused unless that is all that the conditions want."""
        try:
            worlds = worlds_at(self.url, key)
        except ValueError as error:
            raise Refused(f"--host {error}; start one with: race401 serve") from None
        for condition in conditions:
            if condition.world not in worlds:
                raise Refused(self._without(condition.world, list(worlds)))
        return worlds

    def _without(self, world: str, known: list[str]) -> str:
        """Say that a world is not there."""
        if self.process is None:
            return f"--host {self.url} has no world {world!r}; it has: {', '.join(known)}"
        near = get_close_matches(world, known, 1)
        meant = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
        return f"--world {world}: there is no such world; {meant}"


def control_headers(key: str | None) -> dict[str, str]:
    """Return the headers that let another machine use the mock's control API; this machine needs none."""
    return {"X-Race401-Key": key} if key else {}


def worlds_at(url: str, key: str | None = None) -> dict[str, dict[str, object]]:
    """Return the worlds that the mock at `url` serves, by name; raises ValueError with the reason if it is none."""
    try:
        answer = httpx.get(f"{url}/_race401", headers=control_headers(key), timeout=5, trust_env=False)
        answer.raise_for_status()
        worlds = answer.json()["worlds"]
    except httpx.InvalidURL as error:
        raise ValueError(f"{url} is not a URL: {error}") from None
    except httpx.HTTPStatusError as error:
        if error.response.status_code == FORBIDDEN:
            raise ValueError(f"{url} is steered from elsewhere with its key alone; give --control-key") from None
        raise ValueError(
            f"{url} answers, but is not the mock (GET /_race401: {error.response.status_code})"
        ) from None
    except httpx.HTTPError as error:
        raise ValueError(f"{url} does not answer ({type(error).__name__})") from None
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{url} answers, but is not the mock") from None
    assert isinstance(worlds, dict)
    return worlds
