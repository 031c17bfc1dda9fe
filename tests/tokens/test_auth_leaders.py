"""Whoever began a refresh may give up at any step, under asyncio, gevent or on threads: it strands nobody."""

import asyncio
import subprocess
import sys
import threading

import httpx
import pytest
from bounds import HANG
from gated import Server, get, signed_in

from race401.harness.tokens import (
    FIXED,
)


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
