"""Three processes over one stored pair, against the mock as a process: how often is one generation exchanged?"""

import asyncio
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from bounds import HANG

from race401.harness.card.mock import Mock
from race401.harness.tokens import FIXED, HARDENED, Policy, RefreshUnavailable, TokenAuth, TokenPair
from race401.harness.tokens.tabs import FileStore

ROOT = Path(__file__).parents[2]
TABS = 3
TAB = """
import os, sys, threading, httpx
from pathlib import Path
from race401.harness.tokens import AuthServer, POLICIES, TokenAuth
from race401.harness.tokens.model import StoreRead
from race401.harness.tokens.tabs import FileStore

url, path, policy, tabs = sys.argv[1:]
http = {"base_url": url + "/rfc9700", "verify": httpx.create_ssl_context()}
for _ in range(int(tabs) - 1):  # they share their streams: a line is one write, and each takes a byte
    if not os.fork():
        break
store, first = FileStore(Path(path)), threading.Lock()

def hold(step):
    if isinstance(step, StoreRead) and first.acquire(blocking=False):
        os.write(1, b"read\\n")
        os.read(0, 1)

server = AuthServer(url + "/rfc9700/auth/v1", client=httpx.Client(**http))
auth = TokenAuth(server, store, POLICIES[policy], observers=[hold], tab_lock=store.lock)
with httpx.Client(**http, auth=auth) as client:
    os.write(1, b"%d\\n" % client.get("/contacts").status_code)
"""


@pytest.fixture
def mock() -> Iterator[str]:
    """The address of a mock in a process of its own."""
    with Mock(()) as running:
        yield running.url


def burst(url: str, store: FileStore, policy: Policy) -> tuple[list[str], Counter[str]]:
    """Let each tab read a pair that is about to expire before any goes on; return statuses and grant outcomes."""
    who = {"world": "rfc9700", "email": "ada@race401.test", "password": "correct horse", "remaining_s": 20}
    answer = httpx.post(f"{url}/_race401/sessions", json=who).json()
    store.write(TokenPair(answer["access_token"], answer["refresh_token"], answer["expires_at"], family="ada"))
    command = [sys.executable, "-c", TAB, url, str(store.path), policy.name, str(TABS)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as tabs:
        assert tabs.stdout is not None
        for _ in range(TABS):
            assert tabs.stdout.readline() == b"read\n"
        statuses = tabs.communicate(b"." * TABS, timeout=HANG)[0].decode().split()
    lines = httpx.get(f"{url}/_race401/ledger").text.splitlines()
    entries = [httpx.Response(200, content=line).json() for line in lines]
    return statuses, Counter(entry["grant_outcome"] for entry in entries if entry.get("grant_outcome"))


def test_hardened_tabs_share_one_exchange(mock: str, tmp_path: Path) -> None:
    """Lock, re-read, adopt: one exchange of the generation, and each tab's request is answered."""
    assert burst(mock, FileStore(tmp_path / "pair"), HARDENED) == (["200"] * TABS, Counter(rotated=1))


def test_fixed_tabs_lose_the_session(mock: str, tmp_path: Path) -> None:
    """Each tab of the plain fix exchanges what it has read: the first is served, and the family is revoked."""
    _, outcomes = burst(mock, FileStore(tmp_path / "pair"), FIXED)
    assert outcomes["rotated"] == 1
    assert outcomes.total() >= TABS


def pair(generation: int, family: str = "f") -> TokenPair:
    return TokenPair(f"access-{generation}", f"refresh-{generation}", 4600.0, generation, family)


def test_a_file_keeps_a_pair(tmp_path: Path) -> None:
    """What was written is read by any store on the file; only locks are left beside it; it is its owner's alone."""
    store, other = FileStore(tmp_path / "pair"), FileStore(tmp_path / "pair")
    assert store.read() is None
    store.write(pair(0))
    assert other.read() == pair(0)
    assert store.path.stat().st_mode & 0o077 == 0
    store.write(None)
    assert other.read() is None
    assert {each.suffix for each in tmp_path.iterdir()} <= {"", ".lock"}


def test_swapping_compares(tmp_path: Path) -> None:
    """A pair is replaced only if it is the one that is stored."""
    store = FileStore(tmp_path / "pair")
    store.write(pair(1))
    assert not store.swap(pair(0), pair(2))
    assert store.swap(pair(1), pair(2))
    assert store.read() == pair(2)
    store.write(None)
    assert not store.swap(pair(2), pair(3))


class Server:
    """Counts exchanges; fails while told to."""

    exchanges = 0
    fails = False

    def exchange(self, before: TokenPair) -> TokenPair:
        """See `Exchanger`."""
        self.exchanges += 1
        if self.fails:
            raise RefreshUnavailable("no")
        return TokenPair("access-9", "refresh-9", time.time() + 3600)

    async def aexchange(self, before: TokenPair) -> TokenPair:
        """See `Exchanger`."""
        return self.exchange(before)


@pytest.mark.parametrize("fails", [False, True])
def test_the_lock_is_free_again(tmp_path: Path, fails: bool) -> None:
    """However a refresh ends, on threads or an event loop, it leaves the lock to others."""
    store, server = FileStore(tmp_path / "pair"), Server()
    server.fails = fails

    async def aget(auth: TokenAuth) -> int:
        async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200)), auth=auth) as http:
            return (await http.get("http://api/")).status_code

    for _ in range(2):
        store.write(TokenPair("access", "refresh", time.time() + 1, family="f"))
        auth = TokenAuth(server, store, HARDENED, tab_lock=store.lock)
        with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200)), auth=auth) as http:
            assert http.get("http://api/").status_code == 200
        with store.lock():
            pass
        store.write(TokenPair("access", "refresh", time.time() + 1, family="f"))
        assert asyncio.run(aget(TokenAuth(server, store, HARDENED, tab_lock=store.lock))) == 200
        with store.lock():
            pass
    assert server.exchanges == 4
