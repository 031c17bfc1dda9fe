"""What sessions cost: memory, an exchange among many or late, the token endpoint, a token never seen before."""

import asyncio
import gc
import json
import re
import tracemalloc
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from aims import aim
from joserfc import jwt
from joserfc.jwk import ECKey
from servers import CONNECTIONS, Load, Served, get, mock, post
from test_requests import measure, signed_in

from race401.ledger.entry import received
from race401.mock_api.rules.worlds import WORLDS
from race401.mock_api.state.realm import Realm

MANY = 100_000
SESSIONS = "a live session and its account, memory"
AMONG = "an exchange, by how many sessions live"
LATE = "an exchange, by how many its family had"
GRANT = "the token endpoint, CPU of the server"
COLD = "a route with a token never seen before, CPU of the server"
aim(SESSIONS, f"one of {MANY:,}", 1.0, "a session with its user and its indices")
aim(AMONG, f"among {MANY:,}", 1.2, "larger dicts miss the processor's caches more often")
aim(LATE, "after 10,000", 1.5, "it remembers up to 200 refresh tokens, and copies their references")
aim(GRANT, "the mock: rotated, ledger written", 3.0, "two tokens are made, and a family changed in one step")
aim(
    COLD,
    "the mock: ES256 verified",
    3.0,
    "OpenSSL takes 70 us for the curve, joserfc 30 us around it, the guard the rest",
)


async def begin(realm: Realm, sessions: int) -> str:
    """Sign in so many users, and return the last one's refresh token."""
    token = ""
    for number in range(sessions):
        user = await realm.sign_up(f"{number}@race401.test", "correct horse", {})
        token = (await realm.sign_in(user))[0].links[0].token
    return token


@lru_cache(maxsize=1)
def memory() -> float:
    """Return the bytes that each of many sessions keeps."""
    gc.collect()
    tracemalloc.start()
    realm = Realm(WORLDS["supabase"])
    before = tracemalloc.get_traced_memory()[0]
    asyncio.run(begin(realm, MANY))
    gc.collect()
    each = (tracemalloc.get_traced_memory()[0] - before) / MANY
    tracemalloc.stop()
    return each


@pytest.mark.parametrize("variant", ["2 KB", f"one of {MANY:,}"])
def test_memory(benchmark: Any, variant: str) -> None:
    value = 2_048.0 if variant == "2 KB" else memory()
    benchmark.pedantic(lambda: None)
    benchmark.extra_info |= {"question": SESSIONS, "variant": variant, "round": 0, "value": value, "unit": "B"}


class Line:
    """A session in a world of its own, refreshed again and again."""

    def __init__(self, sessions: int = 1, exchanges: int = 0) -> None:
        self.realm = Realm(WORLDS["supabase"])
        self.token = asyncio.run(begin(self.realm, sessions))
        asyncio.run(self.refresh(exchanges))

    async def refresh(self, times: int) -> None:
        """Exchange the token, and what that brought, and so on."""
        for _ in range(times):
            entry = received("supabase", "POST", "/token", 0.0)
            link = (await self.realm.exchange(self.token, entry, lambda _: None)).answer.link
            assert link is not None
            self.token = link.token

    def measure(self, benchmark: Any, question: str, variant: str, turn: int) -> None:
        """Time fifty exchanges in a row."""
        benchmark.pedantic(lambda: asyncio.run(self.refresh(50)), rounds=5)
        benchmark.extra_info |= {"question": question, "variant": variant, "round": turn}


among = lru_cache(lambda sessions: Line(sessions=sessions))
late = lru_cache(lambda exchanges: Line(exchanges=exchanges))


@pytest.mark.parametrize("sessions", [100, MANY])
@pytest.mark.parametrize("turn", range(9))
def test_among(benchmark: Any, sessions: int, turn: int) -> None:
    among(sessions).measure(benchmark, AMONG, f"among {sessions:,}", turn)


@pytest.mark.parametrize("exchanges", [0, 10_000])
@pytest.mark.parametrize("turn", range(9))
def test_late(benchmark: Any, exchanges: int, turn: int) -> None:
    line = late(exchanges) if exchanges else Line()
    line.measure(benchmark, LATE, f"after {exchanges:,}", turn)


# --- over sockets ---

REFRESH_TOKEN = re.compile(rb'"refresh_token":"([^"]+)"')


@pytest.mark.parametrize("variant", ["FastAPI, signing HS256", "the mock: rotated, ledger written"])
@pytest.mark.parametrize("turn", range(9))
def test_token(benchmark: Any, the_mock: Served, the_plain: Served, variant: str, turn: int) -> None:
    """Each connection refreshes a session of its own, with the token that its last answer brought."""
    served, target = the_mock, "/auth/v1/token?grant_type=refresh_token"
    if "FastAPI" in variant:
        served, target = the_plain, "/fastapi/token"
    first = [signed_in(the_mock).refresh_token for _ in range(CONNECTIONS)]

    def ask(number: int, body: bytes) -> bytes:
        found = REFRESH_TOKEN.search(body)
        return post(target, {"refresh_token": found[1].decode() if found else first[number]})

    measure(benchmark, (GRANT, variant, turn), Load(served, ask))


@pytest.fixture(scope="module")
def es256(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, ECKey]]:
    """Serve a world that signs with ES256, and give away its key."""
    folder: Path = tmp_path_factory.mktemp("es256")
    key = ECKey.generate_key("P-256")
    (folder / "key.pem").write_bytes(key.as_pem(private=True))
    (folder / "worlds.toml").write_text('[es256]\nkeys = "key.pem"\n')
    with mock("--worlds", str(folder / "worlds.toml")) as served:
        yield served, key


@pytest.mark.parametrize("variant", ["the same FastAPI route, bare", "the mock: ES256 verified"])
@pytest.mark.parametrize("turn", range(9))
def test_cold(benchmark: Any, es256: tuple[Served, ECKey], the_plain: Served, variant: str, turn: int) -> None:
    """Send every request with another token, all of them genuine and none seen before."""
    served, key = es256
    tokens = _tokens(served, key)
    plain = variant != "the mock: ES256 verified"
    target = "/fastapi/me/entitlements" if plain else "/es256/me/entitlements"

    def ask(*_: object) -> bytes:
        return get(target, {"Authorization": f"Bearer {tokens.pop()}"})

    measure(benchmark, (COLD, variant, turn), Load(the_plain if plain else served, ask))


def _tokens(served: Served, key: ECKey) -> list[str]:
    """Return more tokens than are asked for, each of them once."""
    who = {"world": "es256", "email": "bench@race401.test", "password": "race401-bench"}
    answer = httpx.post(f"{served.url}/_race401/sessions", json=who, trust_env=False).raise_for_status().json()
    decoded = jwt.decode(answer["access_token"], key, algorithms=["ES256"])
    assert json.dumps(decoded.claims)
    return [jwt.encode(decoded.header, {**decoded.claims, "number": n}, key) for n in range(2_000)]
