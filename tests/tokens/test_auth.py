"""TokenAuth under httpx: both drivers, by httpx.MockTransport and gates that the test holds. No server."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from gated import NOW, Server, get, signed_in

from race401.harness.tokens import (
    FIXED,
    PRE_FIX,
    TRACE,
    Change,
    Policy,
    TokenPair,
    Trace,
)
from race401.harness.tokens.model import Join, Step, StoreRead


def test_a_burst_after_the_fix_costs_one_exchange_under_asyncio() -> None:
    """FIXED exchanges a generation once, and all callers get its token."""
    server = Server()
    assert get(server, signed_in(server, FIXED, left=30), 8, "asyncio") == [200] * 8
    assert server.exchanges == 1


def test_a_burst_after_the_fix_costs_one_exchange_on_threads() -> None:
    """The same when all threads have asked before the first answer."""
    server, joined = Server(), threading.Semaphore(0)
    server.gate.clear()

    def watch(step: Step) -> None:
        if isinstance(step, Join):
            joined.release()

    auth = signed_in(server, FIXED, left=30, observers=[watch])
    statuses: list[int] = []
    burst = threading.Thread(target=lambda: statuses.extend(get(server, auth, 8, "threads")))
    burst.start()
    for _ in range(8):
        joined.acquire()
    server.gate.set()
    burst.join()
    assert (statuses, server.exchanges) == ([200] * 8, 1)


def test_a_caller_that_read_the_store_too_early_exchanges_again() -> None:
    """A limit of the fix as reported: its refresh does not read the store again, and an old reading costs twice.

    One caller is held between its reading and its decision while another's refresh begins and ends.
    """
    server, reading, go_on = Server(), threading.Event(), threading.Event()

    def hold(step: Step) -> None:
        if isinstance(step, StoreRead) and threading.current_thread().name == "slow":
            reading.set()
            go_on.wait()

    auth = signed_in(server, FIXED, left=30, observers=[hold])
    slow = threading.Thread(target=lambda: get(server, auth, 1, "asyncio"), name="slow")
    slow.start()
    reading.wait()
    get(server, auth, 1, "threads")
    go_on.set()
    slow.join()
    assert server.exchanges == 2


def test_a_burst_before_the_fix_costs_an_exchange_each() -> None:
    """PRE_FIX callers that are all under way before the first answer exchange once each."""
    server = Server()
    server.gate.clear()
    auth = signed_in(server, PRE_FIX, left=30)
    done: list[list[int]] = []
    burst = threading.Thread(target=lambda: done.append(get(server, auth, 5, "threads")))
    burst.start()
    for _ in range(5):
        server.entered.acquire()
    server.gate.set()
    burst.join()
    assert server.exchanges == 5


@pytest.mark.parametrize("mode", ["asyncio", "threads"])
@pytest.mark.parametrize(("policy", "statuses", "exchanges"), [(PRE_FIX, [401], 0), (FIXED, [200], 1)])
def test_a_401(policy: Policy, statuses: list[int], exchanges: int, mode: str) -> None:
    """A 401 for a token that looks fresh: the app sees it before the fix, and the fix recovers it."""
    server = Server()
    server.good = "another"
    auth = signed_in(server, policy, left=3600)
    assert get(server, auth, 1, mode) == statuses
    assert server.exchanges == exchanges


@pytest.mark.parametrize("mode", ["asyncio", "threads"])
@pytest.mark.parametrize(("refuses", "status"), [((401, 403), 200), ((401,), 403)])
def test_an_api_that_refuses_by_another_status_is_told_of(refuses: tuple[int, ...], status: int, mode: str) -> None:
    """On the fast path and beside it: a 403 is recovered as a 401 is; who was not told takes it for an answer."""
    server = Server()
    server.unauthorized = 403
    auth = signed_in(server, FIXED, left=3600, unauthorized=refuses)
    for good in ("another", "yet another"):
        server.good = good
        assert get(server, auth, 1, mode) == [status]
    assert server.exchanges == (2 if status == 200 else 0)


@pytest.mark.parametrize("mode", ["asyncio", "threads"])
def test_a_401_on_the_fast_path_is_recovered(mode: str) -> None:
    """The lock-free path hands a 401 over to the core."""
    server = Server()
    auth = signed_in(server, FIXED, left=3600)
    assert get(server, auth, 1, mode) == [200]
    server.good = "another"
    assert get(server, auth, 1, mode) == [200]
    assert server.exchanges == 1


@pytest.mark.parametrize("mode", ["asyncio", "threads"])
def test_a_refused_refresh_sends_without_a_token(mode: str) -> None:
    """Nobody hangs and nobody raises: the requests go out bare and their 401 reaches the app."""
    server = Server()
    server.refuses = True
    auth = signed_in(server, FIXED, left=30)
    assert get(server, auth, 3, mode) == [401] * 3


def test_a_stream_is_sent_once() -> None:
    """A one-shot body is not replayed: its 401 is the answer, and no exchange is spent on it."""
    server = Server()
    server.good = "another"
    auth = signed_in(server, FIXED, left=3600)

    def body() -> Iterator[bytes]:
        yield b"once"

    with httpx.Client(transport=httpx.MockTransport(server.api), auth=auth) as client:
        assert client.post("http://api/", content=body()).status_code == 401
    assert server.exchanges == 0


def test_listeners_hear_of_every_change() -> None:
    """Signed in, refreshed, signed out: each with the pair that it left, after it was stored."""
    server, heard = Server(), []
    auth = signed_in(server, FIXED, left=30, listeners=[lambda change, pair: heard.append((change, pair))])
    auth.sign_in(TokenPair("access-0", "refresh-0", NOW + 30))
    get(server, auth, 1, "threads")
    auth.sign_out()
    assert [change for change, _ in heard] == [Change.SIGNED_IN, Change.TOKEN_REFRESHED, Change.SIGNED_OUT]
    assert [pair and pair.access_token for _, pair in heard] == ["access-0", "access-1", None]
    assert auth.store.read() is None


def test_a_trace_counts_what_a_request_cost() -> None:
    """`request.extensions` tells sendings and store reads."""
    server = Server()
    server.good = "another"
    auth = signed_in(server, FIXED, left=3600)
    with httpx.Client(transport=httpx.MockTransport(server.api), auth=auth) as client:
        request = client.build_request("GET", "http://api/")
        client.send(request)
    assert request.extensions[TRACE] == Trace(sends=2, store_reads=2)


@pytest.mark.parametrize("mode", ["asyncio", "threads"])
def test_the_ticker_runs_beside_the_callers(mode: str) -> None:
    """One turn of the background auto-refresh exchanges a pair that has come within 120 s."""
    server = Server()
    auth = signed_in(server, PRE_FIX, left=100)
    if mode == "asyncio":
        asyncio.run(auth.atick())
    else:
        auth.tick()
    stored = auth.store.read()
    assert stored is not None
    assert (stored.generation, server.exchanges) == (1, 1)


@pytest.mark.parametrize("mode", ["asyncio", "threads"])
def test_an_exchanger_that_breaks_is_a_failed_refresh(mode: str) -> None:
    """Whatever an exchanger raises, whoever joined hears of it and nobody waits for ever."""
    server = Server()

    def broken(_: TokenPair) -> TokenPair:
        raise KeyError("boom")

    async def abroken(_: TokenPair) -> TokenPair:
        raise KeyError("boom")

    server.exchange, server.aexchange = broken, abroken  # type: ignore[method-assign, assignment]
    auth = signed_in(server, FIXED, left=30)
    assert get(server, auth, 2, mode) == [401, 401]
    assert auth.session.flight is None


def test_tokens_import_no_locust(tmp_path: Path) -> None:
    """The package can be imported anywhere: neither locust nor gevent comes with it."""
    modules = "('locust', 'gevent', 'freezegun')"
    code = f"import sys, race401.harness.tokens; print([m for m in {modules} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout == "[]\n"
