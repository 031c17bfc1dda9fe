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

PROGRAM = """
from race401.harness.load.fasthttp import FastClient, FastTransport
import json, os, socket, sys, time
import gevent, httpx
from types import SimpleNamespace
from race401.harness.load.limits import raise_open_files
from race401.harness.tokens import FIXED, TRACE, AuthServer, TokenAuth, TokenPair, skewed, system_clock

def one_request(url, behind, target="/me/entitlements"):
    clock = skewed(system_clock, -behind)
    fast = FastClient(url, {"X-Race401-Client": "one"}, timeout=600, connections=1)
    own = httpx.Client(transport=FastTransport(fast))
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
    return told

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

def at_once():
    seen = []

    class Looking:
        def sync_auth_flow(self, request):
            seen.append("looks")
            yield
            seen.append("is answered")

    fast = FastClient("http://127.0.0.1:1", {}, timeout=600, connections=6)
    fast.auth = Looking()
    answer = SimpleNamespace(status_code=200, read=lambda: b"", info=dict)
    fast._http = SimpleNamespace(request=lambda *_: answer, close=lambda: None)  # without a wait: it is there already
    gevent.joinall([gevent.spawn(fast.send, fast.build_request("GET", "/", {})) for _ in range(3)], raise_error=True)
    return seen

print(json.dumps([globals()[name](*words) for name, *words in json.loads(sys.argv[1])]))
"""


def told(*asked: list[Any]) -> list[Any]:
    """What these functions of the program return, in one process: it patches itself, and takes a second for it."""
    command = [sys.executable, "-c", PROGRAM, json.dumps(asked)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=HANG, check=False)
    assert done.returncode == 0, done.stderr
    answers: list[Any] = json.loads(done.stdout)
    return answers


FILES = {"few open files": 0, "more than select knows": 1100}
CASES = [(files, server) for files in FILES.values() for server in ("keep", "close")]


@pytest.fixture(scope="module")
def played() -> dict[str, Any]:
    """What all of these tests ask, by name."""
    with served_mock() as url, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
        once, late, refused, *connections = told(
            ["at_once"],
            ["one_request", url, 600],
            ["one_request", nobody, 0],
            *(["connections", *case] for case in CASES),
        )
    return {"at once": once, "late": late, "refused": refused, **dict(zip(map(str, CASES), connections, strict=True))}


def test_all_callers_look_at_their_token_before_one_is_answered(played: dict[str, Any]) -> None:
    """However fast the server is; else the first caller's refresh would end the race before the others enter it."""
    assert played["at once"] == ["looks"] * 3 + ["is answered"] * 3


@pytest.mark.parametrize("files", FILES)
@pytest.mark.parametrize(("server", "taken"), [("keep", 1), ("close", 2)])
def test_a_connection_is_kept_while_the_server_keeps_it(
    played: dict[str, Any], files: str, server: str, taken: int
) -> None:
    assert played[str((FILES[files], server))] == taken


def test_a_401_is_recovered_in_the_same_attempt(played: dict[str, Any]) -> None:
    """By a client whose clock is 600 s behind, and whose token expired 10 s ago."""
    late = played["late"]
    assert late == {"status": 200, "success": True, "length": late["length"], "sends": 2, "token": 1}


@slow
def test_a_clock_that_is_right_needs_no_401() -> None:
    with served_mock() as url:
        asked = [["one_request", url, 0, *target] for target in ([], ["/contacts?limit=1000"], ["/nowhere"])]
        due, large, nowhere = told(*asked)
    assert due["sends"] == 1
    assert large["length"] > 90_000
    assert nowhere == {"status": 404, "success": False, "length": 22, "sends": 1, "token": 1}


def test_no_answer_is_an_error_with_its_cause(played: dict[str, Any]) -> None:
    assert played["refused"] == {"error": "ConnectionRefusedError"}


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
