"""One and two processes over a Redis against one with memory: CPU of a read and of an exchange.

Each process has 16 connections at once, so two have 32. Left to the kernel, one of two got up to 30 of them, and the
other had few requests in each turn of its loop.
"""

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from aims import aim
from servers import CONNECTIONS, Load, Served, get, post, read
from sharing import needs_redis, redis, workers
from test_requests import measure, signed_in

pytestmark = needs_redis
READ = "an authenticated read, CPU of every process that serves"
YOUNG = "the same in the second in which its token was issued"
NOTES = "a read of what the user wrote, CPU of every process that serves"
EXCHANGE = "an exchange, CPU of every process that serves"
REFRESH_TOKEN = re.compile(rb'"refresh_token":"([^"]+)"')
MEMORY, ONE = "one process, memory", "one process over Redis"
TWO, ALL = "two processes over Redis", "the same, with what Redis takes"
VARIANTS = [MEMORY, ONE, TWO, ALL]
aim(
    READ,
    TWO,
    1.0,
    "on a busy machine two that share nothing cost as much; each sleeps and wakes more often",
)
aim(EXCHANGE, ALL, 4.0, "it finds the token, reads the user and commits: three commands, 75 us each for redis-py")


@dataclass
class Several(Served):
    """Several processes that serve one address."""

    pids: tuple[int, ...] = ()
    others: tuple[int, ...] = ()  # processes that serve nobody, but whose CPU counts

    def cpu(self) -> float:
        """Return s of CPU that all of them have used."""
        return sum(Served(self.url, pid).cpu() for pid in (*self.pids, *self.others))

    def connections(self) -> list[socket.socket]:
        """Return as many with each process as a process alone has."""
        found: dict[int, list[socket.socket]] = {pid: [] for pid in self.pids}
        while any(len(mine) < CONNECTIONS for mine in found.values()):
            each = self.connect()
            each.sendall(get("/_race401", {}))
            mine = found[json.loads(read(each))["pid"]]
            if len(mine) < CONNECTIONS:
                mine.append(each)
            else:
                each.close()
        return [each for turn in zip(*found.values(), strict=True) for each in turn]


@pytest.fixture(scope="module")
def served(the_mock: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Served]]:
    """Serve each variant; a ledger on disk for all."""
    folder: Path = tmp_path_factory.mktemp("segments")
    with (
        redis() as (store, server),
        workers(store, folder / "one", 1) as one,
        workers(store, folder / "two") as two,
    ):
        pids = tuple(two.pids())
        yield {
            MEMORY: the_mock,
            ONE: Several(one.url, one.process.pid, tuple(one.pids())),
            TWO: Several(two.url, two.process.pid, pids),
            ALL: Several(two.url, two.process.pid, pids, (two.process.pid, server.pid)),
        }


def aged(served: Served, age: int) -> str:
    """Return an access token that was issued so many s ago."""
    body = {"email": "bench@race401.test", "password": "race401-bench", "remaining_s": 3600 - age if age else None}
    answer = httpx.post(f"{served.url}/_race401/sessions", json=body, trust_env=False).raise_for_status()
    return str(answer.json()["access_token"])


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("turn", range(21))
@pytest.mark.parametrize(
    ("question", "target", "age"),
    [(READ, "/me/entitlements", 60), (YOUNG, "/me/entitlements", 0), (NOTES, "/persona-notes", 60)],
)
def test_read(
    benchmark: Any, served: dict[str, Served], question: str, target: str, age: int, turn: int, variant: str
) -> None:
    """Send the very same request over each connection."""
    request = get(target, {"X-Race401-Client": "bench", "Authorization": f"Bearer {aged(served[variant], age)}"})
    measure(benchmark, (question, variant, turn), Load(served[variant], lambda *_: request))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("turn", range(9))
def test_exchange(benchmark: Any, served: dict[str, Served], variant: str, turn: int) -> None:
    """Each connection refreshes a session of its own, with the token that its last answer brought."""

    def ask(_: int, body: bytes) -> bytes:
        found = REFRESH_TOKEN.search(body)
        token = found[1].decode() if found else signed_in(served[variant]).refresh_token
        return post("/auth/v1/token?grant_type=refresh_token", {"refresh_token": token})

    measure(benchmark, (EXCHANGE, variant, turn), Load(served[variant], ask))
