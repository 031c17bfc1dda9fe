"""A Redis of the test's own, several mock processes over it, and clients that know which process answers them."""

import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from bounds import HANG
from locustruns import ROOT
from mocks import WHO

from race401.harness.judge import evidence
from race401.ledger.entry import Entry
from race401.mock_api.rules.family import Family
from race401.mock_api.rules.issuer import begin, exchange
from race401.mock_api.rules.worlds import WORLDS

needs_redis = pytest.mark.skipif(
    shutil.which("redis-server") is None, reason="no redis-server here (Debian: apt-get install redis-server)"
)


@contextlib.contextmanager
def redis() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A Redis on a socket in a folder of its own, both gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:  # pytest's own paths can be too long for a socket
        command = ["redis-server", "--port", "0", "--unixsocket", f"{folder}/s", "--save", "", "--dir", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            try:
                next(line for line in server.stdout if "ready to accept" in line.lower())
                yield f"unix://{folder}/s", server
            finally:
                server.kill()


@dataclass
class Workers:
    """A mock of several processes."""

    url: str
    segments: Path
    process: subprocess.Popen[bytes]
    number: int = 2
    store: str = ""

    def pids(self) -> set[int]:
        """The processes that answer, once all of them do."""
        seen: set[int] = set()
        for client in self._connections():
            seen.add(about(client))
            if len(seen) == self.number:
                return seen
        raise AssertionError(f"of {self.number} processes, {len(seen)} answer")

    def _connections(self) -> Iterator[httpx.Client]:
        """One after another, as long as a process of a busy machine may take to begin."""
        until = time.monotonic() + HANG
        while time.monotonic() < until:
            # nothing here is TLS, and httpx takes 20 ms to prepare for it
            yield httpx.Client(base_url=self.url, trust_env=False, timeout=HANG, verify=False)  # noqa: S501

    def client(self, pid: int) -> httpx.Client:
        """A client whose one connection is with this process."""
        for client in self._connections():
            if about(client, keep=True) == pid:
                return client
            client.close()
        raise AssertionError(f"process {pid} answers nobody")

    def sign_in(self, world: str, email: str = WHO["email"]) -> Any:
        """The token answer of a new session."""
        body = {**WHO, "email": email, "world": world}
        with next(self._connections()) as client:
            return client.post("/_race401/sessions", json=body).raise_for_status().json()

    def entries(self) -> list[Entry]:
        """The merged ledger."""
        return evidence.load(self.segments).entries


def about(client: httpx.Client, *, keep: bool = False) -> int:
    """The process at the other end of a connection."""
    pid: int = client.get("/_race401").raise_for_status().json()["pid"]
    if not keep:
        client.close()
    return pid


def forker_of(*pids: int) -> int:
    """The one process that has forked these."""
    (forker,) = {int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) for pid in pids}
    return forker


@contextlib.contextmanager
def workers(store: str, segments: Path, number: int = 2, *more: str) -> Iterator[Workers]:
    """`python -m mock_api --store ... --workers 2`."""
    command = [sys.executable, "-m", "race401.mock_api", "--json", "--exit-with-parent", "--store", store]
    command += ["--workers", str(number), "--ledger", str(segments), *more]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield Workers(json.loads(process.stdout.readline())["url"], segments, process, number, store)
        process.communicate(timeout=HANG)


def refresh(client: httpx.Client, world: str, token: str) -> httpx.Response:
    """The answer to a refresh grant."""
    return client.post(f"/{world}/auth/v1/token?grant_type=refresh_token", json={"refresh_token": token})


def broken_at(entries: list[Entry]) -> Entry | None:
    """The first exchange whose outcome is not what the issuer's pure rules say, one exchange after another."""
    families: dict[str, Family] = {}
    for entry in entries:
        if entry.grant_outcome is None or entry.family is None or entry.generation is None:
            continue
        now = entry.received_at
        family = families.get(entry.family) or begin(entry.family, "somebody", "0", now, int(now))
        fresh = str(family.links[-1].generation + 1)
        families[entry.family], answer = exchange(WORLDS[entry.world], family, str(entry.generation), now, fresh)
        if answer.outcome != entry.grant_outcome:
            return entry
    return None
