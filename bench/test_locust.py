"""Locust users through `TokenAuth` against locust users with a constant header, and ten against a thousand."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aims import aim
from servers import Served
from test_requests import signed_in

ROUNDS = 3
USERS = (10, 100, 1000)
SECONDS = {10: 4, 100: 5, 1000: 12}  # 1,000 users take a few s to start
CLIENTS = ("httpx", "fasthttp")
KINDS = ("constant header", "TokenAuth")
GROWTH = "locust through TokenAuth, from 100 to 1,000 users, CPU of the generator"


def question(users: int, client: str) -> str:
    """Name the comparison at so many users."""
    return f"a request from locust over {client}, {users} users, CPU of the generator"


WHY = {
    "httpx": "locust's own bookkeeping and the machine's noise carry more than the rest",
    "fasthttp": "the flow around each request is a tenth of so cheap a request",
}
for _users in USERS:
    for _client in CLIENTS:
        aim(question(_users, _client), "TokenAuth", 1.10, WHY[_client])
aim(GROWTH, "1000 users", 1.2, "the answers of 1,000 users wait for two cores, and caches grow cold meanwhile")
kept: dict[tuple[int, str, str, int], float] = {}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("users", USERS)
@pytest.mark.parametrize("turn", range(ROUNDS))
def test_locust(benchmark: Any, the_mock: Served, users: int, client: str, kind: str, turn: int) -> None:
    """Run so many users for some seconds."""
    value = benchmark.pedantic(_run, args=(the_mock, users, f"{client}, {kind}"))
    kept[users, client, kind, turn] = value
    benchmark.extra_info |= {"question": question(users, client), "variant": kind, "round": turn, "value": value}


@pytest.mark.parametrize("users", USERS[1:])
@pytest.mark.parametrize("turn", range(ROUNDS))
def test_growth(benchmark: Any, users: int, turn: int) -> None:
    """Hold the same runs against each other by their size."""
    benchmark.pedantic(lambda: None)
    value = kept[users, "httpx", "TokenAuth", turn]
    benchmark.extra_info |= {"question": GROWTH, "variant": f"{users} users", "round": turn, "value": value}


def _run(served: Served, users: int, kind: str) -> float:
    pair = signed_in(served)
    given = {name: getattr(pair, name) for name in ("access_token", "refresh_token", "expires_at")}
    told = {"BENCH_HOST": served.url, "BENCH_KIND": kind, "BENCH_PAIR": json.dumps(given)}
    file = Path(__file__).with_name("locustfile.py")
    command = [sys.executable, "-m", "locust", "-f", str(file), "--headless", "--only-summary", "--skip-log-setup"]
    command += ["-u", str(users), "-r", str(users), "-t", f"{SECONDS[users]}s"]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | told, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    line = next(line for line in done.stdout.splitlines() if line.startswith('{"us"'))
    return float(json.loads(line)["us"]) / 1e6
