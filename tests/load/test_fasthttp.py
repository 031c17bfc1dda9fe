"""The client over locust's FastHttpSession: the same work, the same verdict, the same ways to fail."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bounds import HANG
from locustruns import ROOT, locust, served_mock

FAST = ["--headless", "--transport", "fasthttp"]
WORK = ["-u", "12", "-r", "12", "--pages", "8"]
SURE = ("requests", "sessions", "sessions_lost", "exchanges", "generations", "outcomes")  # whatever the timing
slow = pytest.mark.slow

ONE_REQUEST = """
from race401.harness.load.fasthttp import FastClient, FastTransport
import json, sys, time
import httpx
from race401.harness.tokens import FIXED, TRACE, AuthServer, TokenAuth, TokenPair, skewed, system_clock

url, behind, target = sys.argv[1], float(sys.argv[2]), sys.argv[3]
fast = FastClient(url, {"X-Race401-Client": "one"}, timeout=600, connections=1)
own = httpx.Client(transport=FastTransport(fast))
clock = skewed(system_clock, -behind)
fast.auth = TokenAuth(AuthServer(url + "/auth/v1", client=own, clock=clock), policy=FIXED, clock=clock)
request = fast.build_request("GET", target, {"X-Race401-Attempt": "a"})
try:
    who = {"email": "ada@race401.test", "password": "correct horse", "remaining_s": -10}
    body = own.post(url + "/_race401/sessions", json=who).json()
    fast.auth.sign_in(TokenPair(body["access_token"], body["refresh_token"], body["expires_at"]))
    answer = fast.send(request)
    told = {"status": answer.status_code, "success": answer.is_success, "length": len(answer.content)}
    told |= {"sends": request.extensions[TRACE].sends, "token": fast.auth.store.read().generation}
except httpx.TransportError as error:
    told = {"error": type(error.__cause__).__name__}
fast.close()
print(json.dumps(told))
"""


KEPT = """
from race401.harness.load.fasthttp import FastClient
import gevent, json, os, socket
from race401.harness.load.limits import raise_open_files

def connections(files, server):
    raise_open_files()
    kept = [os.dup(0) for _ in range(files)]
    listening, taken = socket.create_server(("127.0.0.1", 0)), []
    fast = FastClient(f"http://127.0.0.1:{listening.getsockname()[1]}", {}, timeout=600, connections=1)

    def serve():
        while True:
            peer, _ = listening.accept()
            taken.append(peer)
            gevent.spawn(answer, peer)

    def answer(peer):
        while peer.recv(4096):
            peer.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
            if server == "close" and len(taken) == 1:
                peer.close()
                return

    gevent.spawn(serve)
    for _ in range(3):
        assert fast._send("GET", "/", {}).status_code == 200
        gevent.sleep(0)
    for file in kept:
        os.close(file)
    return len(taken)

cases = [(files, server) for files in (0, 1100) for server in ("keep", "close")]
print(json.dumps({f"{files} {server}": connections(files, server) for files, server in cases}))
"""


AT_ONCE = """
from race401.harness.load.fasthttp import FastClient
import gevent
from types import SimpleNamespace

class Looking:
    def sync_auth_flow(self, request):
        print("looks")
        yield
        print("is answered")

fast = FastClient("http://127.0.0.1:1", {}, timeout=600, connections=6)
fast.auth = Looking()
answer = SimpleNamespace(status_code=200, read=lambda: b"", info=dict)
fast._http = SimpleNamespace(request=lambda *_: answer, close=lambda: None)  # without a wait: it is there already
gevent.joinall([gevent.spawn(fast.send, fast.build_request("GET", "/", {})) for _ in range(3)], raise_error=True)
"""


def test_all_callers_look_at_their_token_before_one_is_answered() -> None:
    """However fast the server is; else the first caller's refresh would end the race before the others enter it."""
    command = [sys.executable, "-c", AT_ONCE]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=HANG, check=False)
    assert done.stdout.splitlines() == ["looks"] * 3 + ["is answered"] * 3, done.stderr


@pytest.fixture(scope="module")
def connections() -> dict[str, int]:
    """How many connections three requests took, by open files and server: all asked in one process."""
    command = [sys.executable, "-c", KEPT]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=HANG, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, int] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize("files", [0, 1100], ids=["few open files", "more than select knows"])
@pytest.mark.parametrize(("server", "taken"), [("keep", 1), ("close", 2)])
def test_a_connection_is_kept_while_the_server_keeps_it(
    connections: dict[str, int], files: int, server: str, taken: int
) -> None:
    assert connections[f"{files} {server}"] == taken


def one_request(url: str, behind: float, target: str = "/me/entitlements") -> Any:
    """What came of a request with a token that expired 10 s ago, by a client whose clock is so many s behind."""
    command = [sys.executable, "-c", ONE_REQUEST, url, str(behind), target]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=HANG, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_401_is_recovered_in_the_same_attempt() -> None:
    with served_mock() as url:
        told = one_request(url, behind=600)
    assert told == {"status": 200, "success": True, "length": told["length"], "sends": 2, "token": 1}


@slow
def test_a_clock_that_is_right_needs_no_401() -> None:
    with served_mock() as url:
        assert one_request(url, behind=0)["sends"] == 1
        assert one_request(url, behind=0, target="/contacts?limit=1000")["length"] > 90_000
        assert one_request(url, behind=0, target="/nowhere") == {
            "status": 404,
            "success": False,
            "length": 22,
            "sends": 1,
            "token": 1,
        }


def test_no_answer_is_an_error_with_its_cause() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening
        told = one_request(f"http://127.0.0.1:{taken.getsockname()[1]}", behind=0)
    assert told == {"error": "ConnectionRefusedError"}


@slow
def test_both_transports_do_the_same_work(tmp_path: Path) -> None:
    with locust(tmp_path / "fast", *FAST, *WORK) as fast, locust(tmp_path / "httpx", "--headless", *WORK) as plain:
        assert [fast.ended(), plain.ended()] == [0, 0], fast.out + plain.out
        rows, others = fast.read("verdict.json")["rows"], plain.read("verdict.json")["rows"]
        assert [[row[name] for name in SURE] for row in rows] == [[row[name] for name in SURE] for row in others]
        assert not fast.left_over()


@slow
def test_a_killed_mock_ends_the_run(tmp_path: Path) -> None:
    with locust(tmp_path, *FAST, "-u", "6", "-r", "6", "-t", "60s", "--narrate") as run:
        run.until("Using token")
        os.kill(run.mock_pid, signal.SIGKILL)
        assert run.ended() == 3, run.out
        assert "unfinished: the mock ended in mid-run (exit -9)" in run.out
        assert "Traceback" not in run.out
