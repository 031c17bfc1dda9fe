"""The races again, over sockets: a mock of its own process, and a client on threads."""

import json
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
