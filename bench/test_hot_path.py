"""A fresh token: ours, one bare clock compare, and what others do in the same place. All in memory, all signed in."""

import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aims import aim

from race401.harness.tokens import FIXED, AuthServer, MemoryStore, TokenAuth, TokenPair
from race401.harness.tokens.core import usable
from race401.harness.tokens.model import Cached

QUESTION = "a fresh token, CPU"
MEMORY = "a manager, memory besides the token and the app's store of it"
NOTHING_NEAR = 10**9  # s
aim(
    QUESTION,
    "race401 FIXED",
    1.5,
    "the clock is injected, so that time can be held: one more call than `time.time()`",
)
aim(
    MEMORY,
    "race401 FIXED",
    1.0,
    "HARDENED's epoch, store version, cooling and jitter share are fields of every session",
)


def bare() -> Callable[[], object]:
    """Return the least that can be asked: is now before an instant?"""
    until = time.time() + NOTHING_NEAR

    def ask() -> object:
        return "token" if time.time() < until else None

    return ask


def ours() -> Callable[[], object]:
    """Return what a request asks on its fast path: the clock, then `usable`."""
    auth = TokenAuth(AuthServer("http://127.0.0.1:1"), MemoryStore(), FIXED)
    now, session = time.time(), auth.session
    session.cached = Cached(TokenPair("a", "r", now + NOTHING_NEAR), now, now + NOTHING_NEAR)
    clock = auth._clock

    def ask() -> object:
        return usable(session, clock())

    return ask


def supabase() -> Callable[[], object]:
    """Return `supabase_auth`'s `get_session`, its session in memory."""
    from supabase_auth import SyncGoTrueClient
    from supabase_auth.types import Session, User

    client = SyncGoTrueClient(url="http://127.0.0.1:1", persist_session=False, auto_refresh_token=False)
    user = User(id="1", app_metadata={}, user_metadata={}, aud="authenticated", created_at=datetime.now(UTC))
    client._in_memory_session = Session(
        access_token="a",
        refresh_token="r",
        expires_in=NOTHING_NEAR,
        expires_at=int(time.time()) + NOTHING_NEAR,
        token_type="bearer",
        user=user,
    )
    assert client.get_session() is not None
    return client.get_session


def authlib() -> Callable[[], object]:
    """Return Authlib's `ensure_active_token`, on its httpx client."""
    from authlib.integrations.httpx_client import OAuth2Client

    token = {"access_token": "a", "refresh_token": "r", "expires_at": time.time() + NOTHING_NEAR}
    client = OAuth2Client(token=token)
    return lambda: client.ensure_active_token(client.token)


def google() -> Callable[[], object]:
    """Return google-auth's `before_request`."""
    from google.oauth2.credentials import Credentials

    expiry = (datetime.now(UTC) + timedelta(days=3650)).replace(tzinfo=None)  # it wants naive UTC
    credentials = Credentials("a", refresh_token="r", expiry=expiry)
    headers: dict[str, str] = {}
    return lambda: credentials.before_request(None, "GET", "http://127.0.0.1:1/", headers)


def botocore() -> Callable[[], object]:
    """Return botocore's `get_frozen_credentials`."""
    from botocore.credentials import RefreshableCredentials

    credentials = RefreshableCredentials(
        "key", "secret", "token", datetime.now(UTC) + timedelta(days=3650), dict, "bench"
    )
    return credentials.get_frozen_credentials


VARIANTS = {
    "a bare clock compare": bare,
    "race401 FIXED": ours,
    "supabase_auth get_session": supabase,
    "Authlib ensure_active_token": authlib,
    "google-auth before_request": google,
    "botocore get_frozen_credentials": botocore,
}


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("turn", range(9))
def test_fresh_token(benchmark: Any, variant: str, turn: int) -> None:
    """Ask 10,000 times a round."""
    benchmark.extra_info |= {"question": QUESTION, "variant": variant, "round": turn}
    benchmark.pedantic(VARIANTS[variant](), rounds=5, iterations=10_000, warmup_rounds=1)


@pytest.mark.parametrize("variant", ["the aim: 300 bytes", "race401 FIXED"])
def test_memory(benchmark: Any, variant: str) -> None:
    """Count what 10,000 managers take that share a server and a token, by Python's own count."""
    server, stores = AuthServer("http://127.0.0.1:1"), [MemoryStore() for _ in range(10_000)]
    tracemalloc.start()
    managers = [TokenAuth(server, store, FIXED) for store in stores]
    each = 300.0 if "aim" in variant else tracemalloc.get_traced_memory()[0] / len(managers)
    tracemalloc.stop()
    benchmark.pedantic(lambda: None)
    benchmark.extra_info |= {"question": MEMORY, "variant": variant, "round": 0, "value": each, "unit": "bytes"}
