"""A request through `TokenAuth`, and what the mock's guard costs a route."""

import time
from typing import Any

import httpx
import pytest
from aims import aim
from servers import Load, Served, get

from race401.harness.tokens import FIXED, AuthServer, TokenAuth, TokenPair

CLIENT = "a request over httpx, CPU of the client"
ROUTE = "an authenticated route, CPU of the server"
SIZE = "100 KB against a small answer, CPU of the server"
aim(CLIENT, "TokenAuth, FIXED", 1.05, "two runs of the same variant differ by as much on this machine")
GUARD = "headers, entry, clock, two gates, token and one write(2) are a third of so bare a route"
aim(ROUTE, "the mock: token check, gates, ledger", 1.25, GUARD)
aim(SIZE, "/contacts?limit=1000", 1.5, "the bytes themselves are copied by the kernel and by uvicorn")


def signed_in(served: Served) -> TokenPair:
    """Return the pair of a new session."""
    body = {"email": "bench@race401.test", "password": "race401-bench"}
    answer = httpx.post(f"{served.url}/_race401/sessions", json=body, trust_env=False).raise_for_status().json()
    return TokenPair(answer["access_token"], answer["refresh_token"], answer["expires_at"])


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("variant", ["a constant header", "TokenAuth, FIXED"])
@pytest.mark.parametrize("turn", range(41))
def test_client(benchmark: Any, the_mock: Served, variant: str, turn: int) -> None:
    """Ask for the same small answer."""
    pair = signed_in(the_mock)
    auth = TokenAuth(AuthServer(f"{the_mock.url}/auth/v1"), policy=FIXED)
    auth.sign_in(pair)
    constant = {"headers": {"Authorization": f"Bearer {pair.access_token}"}}
    given: dict[str, Any] = {"auth": auth} if "TokenAuth" in variant else constant
    benchmark.extra_info |= {"question": CLIENT, "variant": variant, "round": turn}
    with httpx.Client(base_url=the_mock.url, trust_env=False, **given) as client:
        benchmark.pedantic(client.get, args=("/me/entitlements",), rounds=3, iterations=25, warmup_rounds=1)


SERVERS = {
    "the same FastAPI route, bare": "/fastapi/me/entitlements",
    "the same, called outright as the mock's": "/outright/me/entitlements",
    "the same Starlette route, bare": "/starlette/me/entitlements",
    "the mock: token check, gates, ledger": "/me/entitlements",
}


@pytest.mark.parametrize("variant", SERVERS)
@pytest.mark.parametrize("turn", range(15))
def test_route(benchmark: Any, the_mock: Served, the_plain: Served, variant: str, turn: int) -> None:
    """Send the very same request to each, over 16 connections at once."""
    served = the_mock if variant.startswith("the mock") else the_plain
    request = get(SERVERS[variant], _headers(the_mock))
    measure(benchmark, (ROUTE, variant, turn), Load(served, lambda *_: request))


@pytest.mark.parametrize("variant", ["/me/entitlements", "/contacts?limit=1000"])
@pytest.mark.parametrize("turn", range(9))
def test_size(benchmark: Any, the_mock: Served, variant: str, turn: int) -> None:
    """Ask for a thousand contacts, and for a few bytes."""
    request = get(variant, _headers(the_mock))
    measure(benchmark, (SIZE, variant, turn), Load(the_mock, lambda *_: request))


def _headers(served: Served) -> dict[str, str]:
    return {"X-Race401-Client": "bench", "Authorization": f"Bearer {signed_in(served).access_token}"}


def measure(benchmark: Any, about: tuple[str, str, int], load: Load) -> None:
    """Note what a request of this load takes."""
    load.cpu_of(160)  # warm
    value = benchmark.pedantic(load.cpu_of, args=(1600,))
    load.close()
    question, variant, turn = about
    benchmark.extra_info |= {"question": question, "variant": variant, "round": turn, "value": value}
