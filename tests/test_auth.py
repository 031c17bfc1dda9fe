"""TokenAuth under httpx: both drivers, by httpx.MockTransport and gates that the test holds. No server."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from bounds import HANG

from race401.harness.tokens import (
    FIXED,
    PRE_FIX,
    TRACE,
    Change,
    MemoryStore,
    Policy,
    RefreshRefused,
    TokenAuth,
    TokenPair,
    Trace,
)
from race401.harness.tokens.model import Join, Step, StoreRead

NOW = 1_759_614_660.0
REFUSED = RefreshRefused("Invalid Refresh Token: Already Used", status=400, code="refresh_token_already_used")


class Server:
    """An auth server and an API in one: knows which access token is good, and counts exchanges.

    `entered` is released each time an exchange has begun; none ends before `gate` is set.
    """

    def __init__(self) -> None:
        self.good = "access-0"
        self.exchanges = 0
        self.refuses = False
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)
        self.agate: asyncio.Event | None = None
        self.aentered: asyncio.Event | None = None

    def _issue(self, pair: TokenPair) -> TokenPair:
        if self.refuses:
            raise REFUSED
        self.good = f"access-{pair.generation + 1}"
        return TokenPair(self.good, f"refresh-{pair.generation + 1}", NOW + 3600)

    def exchange(self, pair: TokenPair) -> TokenPair:
        """See `Exchanger`."""
        self.exchanges += 1
        self.entered.release()
        self.gate.wait()
        return self._issue(pair)

    async def aexchange(self, pair: TokenPair) -> TokenPair:
        """See `Exchanger`."""
        self.exchanges += 1
        if self.agate is not None and self.aentered is not None:
            self.aentered.set()
            await self.agate.wait()
        return self._issue(pair)

    def api(self, request: httpx.Request) -> httpx.Response:
        """Answer 200 to the good token, else 401."""
        return httpx.Response(200 if request.headers.get("Authorization") == f"Bearer {self.good}" else 401)


def signed_in(server: Server, policy: Policy, left: float, **options: object) -> TokenAuth:
    """A session whose first token has `left` s of life, at a clock that stands still."""
    store = MemoryStore(TokenPair("access-0", "refresh-0", NOW + left))
    return TokenAuth(server, store, policy, clock=lambda: NOW, **options)  # type: ignore[arg-type]


def get(server: Server, auth: TokenAuth, n: int, mode: str) -> list[int]:
    """Send n requests at once and return their statuses; under asyncio or on threads."""
    if mode == "asyncio":

        async def burst() -> list[int]:
            async with httpx.AsyncClient(transport=httpx.MockTransport(server.api), auth=auth) as client:
                answers = await asyncio.gather(*[client.get("http://api/") for _ in range(n)])
            return [answer.status_code for answer in answers]

        return asyncio.run(burst())
    statuses: list[int] = []
    together = threading.Barrier(n)
    with httpx.Client(transport=httpx.MockTransport(server.api), auth=auth) as client:

        def call() -> None:
            together.wait()
            statuses.append(client.get("http://api/").status_code)

        callers = [threading.Thread(target=call) for _ in range(n)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
    return statuses


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


def test_a_cancelled_leader_strands_nobody_under_asyncio() -> None:
    """The task that began the refresh is cancelled in mid-exchange; its followers still get the new token."""
    server = Server()
    auth = signed_in(server, FIXED, left=30)

    async def scene() -> list[int]:
        server.agate, server.aentered = asyncio.Event(), asyncio.Event()
        async with httpx.AsyncClient(transport=httpx.MockTransport(server.api), auth=auth) as client:
            leader = asyncio.create_task(client.get("http://api/"))
            await server.aentered.wait()
            followers = [asyncio.create_task(client.get("http://api/")) for _ in range(3)]
            await asyncio.sleep(0)
            leader.cancel()
            await asyncio.gather(leader, return_exceptions=True)
            server.agate.set()
            return [answer.status_code for answer in await asyncio.gather(*followers)]

    assert asyncio.run(scene()) == [200] * 3
    assert server.exchanges == 1


@pytest.mark.parametrize("turns", range(16))
def test_a_leader_cancelled_at_any_step_strands_nobody_under_asyncio(turns: int) -> None:
    """The leader is cancelled after so many turns of the loop; whoever follows gets the one new token."""
    server = Server()
    auth = signed_in(server, FIXED, left=30)

    async def scene() -> list[int]:
        server.agate, server.aentered = asyncio.Event(), asyncio.Event()
        async with httpx.AsyncClient(transport=httpx.MockTransport(server.api), auth=auth) as client:
            leader, *followers = [asyncio.create_task(client.get("http://api/")) for _ in range(4)]
            for turn in range(turns):
                if turn == 8:  # half of the cancellations come before the exchange is answered, half after
                    server.agate.set()
                await asyncio.sleep(0)
            leader.cancel()
            server.agate.set()
            await asyncio.gather(leader, return_exceptions=True)
            return [answer.status_code for answer in await asyncio.gather(*followers)]

    assert asyncio.run(scene()) == [200] * 3
    assert (server.exchanges, auth.session.flight) == (1, None)


GEVENT = """
from gevent import monkey; monkey.patch_all()
import gevent, gevent.event, httpx
from race401.harness.tokens import FIXED, MemoryStore, TokenAuth, TokenPair

class Server:
    def __init__(self): self.exchanges, self.good, self.gate = 0, "access-0", gevent.event.Event()
    def exchange(self, pair):
        self.exchanges += 1; self.gate.wait(); self.good = "access-1"
        return TokenPair("access-1", "refresh-1", 4600.0)
    def api(self, request):
        return httpx.Response(200 if request.headers.get("Authorization") == f"Bearer {self.good}" else 401)

def scene(turns):
    server = Server()
    auth = TokenAuth(server, MemoryStore(TokenPair("access-0", "refresh-0", 1030.0)), FIXED, clock=lambda: 1000.0)
    client = httpx.Client(transport=httpx.MockTransport(server.api), auth=auth)
    leader, *followers = [gevent.spawn(client.get, "http://api/") for _ in range(4)]
    for turn in range(turns):
        if turn == 4: server.gate.set()
        gevent.sleep(0)
    leader.kill(block=False)
    server.gate.set()
    gevent.joinall(followers, raise_error=True)
    return [f.value.status_code for f in followers], server.exchanges, auth.session.flight

print({repr(scene(turns)) for turns in range(12)})
"""


def test_a_leader_killed_at_any_step_strands_nobody_under_gevent() -> None:
    """The greenlet that begins the refresh is killed after 0 to 11 turns of the hub, as locust does."""
    done = subprocess.run([sys.executable, "-c", GEVENT], capture_output=True, text=True, timeout=HANG, check=False)
    assert done.stdout == "{'([200, 200, 200], 1, None)'}\n", done.stdout + done.stderr


def test_a_leader_that_gives_up_strands_nobody_on_threads() -> None:
    """The first caller's flow is closed; its refresh ends all the same, and the next caller has the token."""
    server = Server()
    auth = signed_in(server, FIXED, left=30)
    server.gate.clear()
    flow = auth.sync_auth_flow(httpx.Request("GET", "http://api/"))
    leader = threading.Thread(target=lambda: next(flow))
    leader.start()
    server.entered.acquire()
    flight = auth.session.flight
    assert flight is not None
    server.gate.set()
    leader.join()
    flow.close()
    assert (flight.done, auth.session.flight) == (True, None)
    assert get(server, auth, 2, "threads") == [200, 200]
    assert server.exchanges == 1


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
