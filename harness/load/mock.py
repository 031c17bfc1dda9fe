"""The mock that a run talks to: a child process of its own, or one that was there."""

import ctypes
import os
import signal
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import httpx

from race401.harness.load.child import Child
from race401.harness.load.conditions import Condition
from race401.harness.load.plan import Refused
from race401.harness.probe.answers import UNTRUSTED, why

LEDGER_WITHIN = 30.0  # s, for the mock to hand over its ledger
FORBIDDEN = 403
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent() -> None:
    """Have forked workers end with their master: locust itself leaves them behind when the master is killed."""
    if sys.platform == "linux":
        os.register_at_fork(after_in_child=lambda: ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL))


class MockProcess(Child):
    """A running mock at `url`, started with these options, writing its ledger to `ledger`."""

    def __init__(self, ledger: Path, options: Sequence[str] = ()) -> None:
        always = ["--json", "--exit-with-parent", "--ledger", str(ledger)]
        super().__init__("the mock", "race401.mock_api", [*always, *options])
        self.url: str = self.ready["url"]


@dataclass(frozen=True, slots=True)
class Mock:
    """The mock that this process's runs talk to."""

    url: str
    process: Child | None = None  # ours; None: somebody else's, which runs already
    ledger: Path | None = None  # the file that ours writes; None: the mock is asked for it
    called: str = "the mock"

    @property
    def places(self) -> dict[str, str]:
        """Where else a run's addresses are; see `recorded`."""
        return {}

    def worlds(self, conditions: Iterable[Condition], key: str | None) -> dict[str, dict[str, object]]:
        """Return what it serves by name; raises Refused unless that is all that the conditions want."""
        try:
            worlds = worlds_at(self.url, key)
        except ValueError as error:
            start = "start one with race401 serve, or burst upon a system of your own by --system FILE"
            raise Refused(f"--host {error}; {start}") from None
        for condition in conditions:
            if condition.world not in worlds:
                raise Refused(self._without(condition.world, list(worlds)))
        return worlds

    def lost(self, headers: dict[str, str]) -> int:
        """Return how many entries are not in its file; raises httpx.HTTPError, OSError, ValueError, KeyError."""
        return int(self._ask("", headers).json()["ledger"]["lost"])

    def held(self, headers: dict[str, str], run: str) -> tuple[bytes, int]:
        """Return the entries of a run that it holds, and how many it held; raises as `lost` does."""
        answer = self._ask("/ledger", headers, client=f"{run}/")
        return answer.content, int(answer.headers["X-Race401-Dropped"])

    def _ask(self, what: str, headers: dict[str, str], **params: str) -> httpx.Response:
        where = f"{self.url}/_race401{what}"
        tls = httpx.create_ssl_context()
        answer = httpx.get(where, params=params, headers=headers, verify=tls, timeout=LEDGER_WITHIN, trust_env=False)
        return answer.raise_for_status()

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
        tls, headers = httpx.create_ssl_context(), control_headers(key)
        answer = httpx.get(f"{url}/_race401", headers=headers, verify=tls, timeout=5, trust_env=False)
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
        reason = why(error) if UNTRUSTED in str(error) else type(error).__name__
        raise ValueError(f"{url} does not answer ({reason})") from None
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{url} answers, but is not the mock") from None
    assert isinstance(worlds, dict)
    return worlds
