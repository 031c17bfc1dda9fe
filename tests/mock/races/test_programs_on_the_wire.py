"""The races again, over sockets: a mock of its own process, and a client on threads."""

import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest
from locustruns import served_mock
from mocks import WHO
from racing import PAGE

from race401.harness.tokens import FIXED, PRE_FIX, AuthServer, Policy, TokenAuth, TokenPair


@pytest.fixture(scope="module")
def control() -> Iterator[httpx.Client]:
    """A client of the control API."""
    with served_mock() as url, httpx.Client(base_url=url, trust_env=False) as client:
        yield client


def burst(client: httpx.Client, n: int) -> list[int]:
    """Send n requests at once, each on its thread; return what the program saw."""
    saw: list[int] = []
    together = threading.Barrier(n)

    def call(target: str) -> None:
        together.wait()
        saw.append(client.get(target).status_code)

    callers = [threading.Thread(target=call, args=(target,)) for target in PAGE[:n]]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    return sorted(saw)


@pytest.mark.parametrize(
    ("name", "remaining", "policy", "saw", "outcomes"),
    [
        ("concurrent-expiry", 30, PRE_FIX, [200] + [401] * 4, {"rotated": 1, "reused": 1, "revoked": 3}),
        ("late-401", 3600, FIXED, [200] * 2, {"rotated": 2}),
        ("lost-answer", 30, FIXED, [401], {"rotated": 1, "reused": 1}),
    ],
)
def test_race(
    control: httpx.Client, name: str, remaining: float, policy: Policy, saw: list[int], outcomes: dict[str, int]
) -> None:
    base = str(control.base_url.join(f"/rfc9700/~{name}"))
    session = control.post("/_race401/sessions", json={"world": "rfc9700", "remaining_s": remaining, **WHO}).json()
    program = control.post(f"/_race401/programs?shipped_as={name}&client={name}").raise_for_status().json()["id"]
    with httpx.Client(trust_env=False) as wire:
        auth = TokenAuth(AuthServer(f"{base}/auth/v1", client=wire), policy=policy)
        auth.sign_in(TokenPair(session["access_token"], session["refresh_token"], session["expires_at"]))
        with httpx.Client(base_url=base, auth=auth, trust_env=False) as client:
            assert burst(client, len(saw)) == saw
    assert control.get(f"/_race401/programs/{program}").json()["state"] == "came_about"
    control.delete(f"/_race401/programs/{program}")
    entries = [json.loads(line) for line in control.get(f"/_race401/ledger?client={name}").text.splitlines()]
    assert Counter(entry["grant_outcome"] for entry in entries if entry["grant_outcome"]) == outcomes
    assert all(entry["target"] in PAGE or entry["target"].startswith("/auth/v1/token?") for entry in entries)


@pytest.mark.parametrize("at", ["arrive", "answer"])
def test_a_client_that_hangs_up_while_it_is_held_has_no_answer(control: httpx.Client, at: str) -> None:
    """Its entry has no status, as one that was cut off; who waits has one."""
    hold = {"which": {"target": "/contacts*"}, "at": at, "until": {"target": "/messages"}}
    program = {"name": "held", "client": at, "hold": [hold]}
    told = control.post("/_race401/programs", json=program).raise_for_status().json()
    where = f"/_race401/programs/{told['id']}"
    patient = threading.Thread(target=control.get, args=(f"/~{at}/contacts?patient",))
    patient.start()
    control.get(where, params={"until": "holding", "wait_s": 20})
    with socket.create_connection((control.base_url.host, control.base_url.port)) as wire:
        wire.sendall(f"GET /~{at}/contacts?hasty HTTP/1.1\r\nHost: mock\r\n\r\n".encode())
        while len(control.get(where).json()["rules"][0]["holding"]) < 2:
            pass
    control.get(f"/~{at}/messages")
    patient.join()
    control.delete(where)
    entries = [json.loads(line) for line in control.get(f"/_race401/ledger?client={at}").text.splitlines()]
    assert {entry["target"]: entry["status"] for entry in entries} == {
        "/contacts?patient": 401,
        "/contacts?hasty": 0,
        "/messages": 401,
    }
