"""Expiry under freezegun: client and mock in one process, under one frozen clock, on the day of the incident.

Freezing cannot express skew (both sides freeze equally) and has no place in a test of concurrency: neither is here.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from inprocess import App, SyncTransport

from race401.harness.tokens import FIXED, PRE_FIX, AuthServer, Policy, TokenAuth, TokenPair
from race401.harness.tokens.model import ReadStore, Step
from race401.mock_api.app import create_app

INCIDENT = "2025-10-04T21:51:00Z"
AUTH = "http://localhost/auth/v1"


@dataclass
class Browser:
    """A signed-in client of the mock, and what was counted at its session."""

    auth: TokenAuth
    http: httpx.Client
    signed_in: TokenPair
    steps: list[Step] = field(default_factory=list)

    def get(self, target: str = "/me/entitlements") -> int:
        """Send one request and return the status that the app sees."""
        return self.http.get(target).status_code

    @property
    def generation(self) -> int:
        """How often the stored pair was refreshed."""
        stored = self.auth.store.read()
        assert stored is not None
        return stored.generation

    def cached(self) -> bool:
        """Tell whether there is a session in the cache."""
        return self.auth.session.cached is not None

    @property
    def reads(self) -> int:
        """How often the store was read."""
        return sum(isinstance(step, ReadStore) for step in self.steps)


@contextmanager
def browser(policy: Policy, remaining: float) -> Iterator[tuple[Browser, FrozenDateTimeFactory]]:
    """A browser that has just signed in with `remaining` s of life, and its frozen clock."""
    with freeze_time(INCIDENT) as clock:
        assert isinstance(clock, FrozenDateTimeFactory)
        app = create_app()
        transport = SyncTransport(app)
        own = httpx.Client(transport=transport, base_url="http://localhost")
        steps: list[Step] = []
        auth = TokenAuth(AuthServer(AUTH, client=own), policy=policy, observers=[steps.append])
        with httpx.Client(transport=transport, base_url="http://localhost", auth=auth) as http:
            pair = aged(own, remaining)
            auth.sign_in(pair)
            yield Browser(auth, http, pair, steps), clock


def aged(client: httpx.Client, remaining: float) -> TokenPair:
    """Sign in through the control API."""
    answer = client.post("/_race401/sessions", json=account(remaining)).raise_for_status().json()
    return TokenPair(answer["access_token"], answer["refresh_token"], answer["expires_at"])


def account(remaining: float) -> dict[str, object]:
    """The body of an aged sign-in."""
    return {"world": "supabase", "email": "ada@race401.test", "password": "correct horse", "remaining_s": remaining}


@pytest.mark.parametrize("policy", [PRE_FIX, FIXED], ids=lambda policy: policy.name)
@pytest.mark.parametrize(
    ("ms_after_margin", "generation"), [(-1, 0), (0, 0), (1, 1)], ids=["1 ms before", "at", "1 ms within"]
)
def test_the_margin(policy: Policy, ms_after_margin: int, generation: int) -> None:
    """A token is refreshed from the first ms within the margin on: 60 s before the fix, 120 s after it."""
    with browser(policy, remaining=policy.expiry_margin + 10) as (page, clock):
        clock.tick(10 + ms_after_margin / 1000)
        assert page.get() == 200
        assert page.generation == generation


def test_a_refresh_is_proactive() -> None:
    """As expiry approaches, call by call, the fix refreshes once and no call ever meets a 401."""
    with browser(FIXED, remaining=150) as (page, clock):
        for _ in range(16):
            assert page.get() == 200
            clock.tick(10)
        assert page.generation == 1


@pytest.mark.parametrize("policy", [PRE_FIX, FIXED], ids=lambda policy: policy.name)
def test_many_calls_in_quick_succession(policy: Policy) -> None:
    """A hundred calls, 10 ms apart, across the margin: no 401 and one refresh, called one after the other."""
    with browser(policy, remaining=policy.expiry_margin + 0.5) as (page, clock):
        assert {page.get() for _ in range(100) if clock.tick(0.01) or True} == {200}
        assert page.generation == 1


@pytest.mark.parametrize(("later", "reads"), [(4.999, 1), (5.0, 2)])
def test_the_session_is_reused_for_five_seconds(later: float, reads: int) -> None:
    """Within 5 s the store is not read again; at 5 s it is."""
    with browser(FIXED, remaining=3600) as (page, clock):
        page.get()
        clock.tick(later)
        page.get()
        assert page.reads == reads


def test_before_the_fix_the_store_is_read_each_time() -> None:
    """PRE_FIX has nothing to reuse."""
    with browser(PRE_FIX, remaining=3600) as (page, _):
        page.get()
        page.get()
        assert page.reads == 2


@pytest.mark.parametrize(("policy", "status", "generation"), [(PRE_FIX, 401, 0), (FIXED, 200, 1)])
def test_a_401(policy: Policy, status: int, generation: int) -> None:
    """A token that the server does not take: before the fix the app sees the 401, after it one retry cures it.

    The clock ticks a second first: two tokens of one second are the same bytes.
    """
    with browser(policy, remaining=3600) as (page, clock):
        clock.tick(1)
        spoilt = TokenPair(page.signed_in.access_token + "x", page.signed_in.refresh_token, page.signed_in.expires_at)
        page.auth.sign_in(spoilt)
        assert page.get() == status
        assert page.generation == generation


def test_the_cache_is_empty_after_sign_out() -> None:
    """After sign-out nothing is cached or stored, and the next call goes out without a token."""
    with browser(FIXED, remaining=3600) as (page, _):
        page.get()
        assert page.cached()
        page.auth.sign_out()
        assert not page.cached()
        assert page.auth.store.read() is None
        assert page.get() == 401


def test_an_expired_token_is_refreshed_at_once() -> None:
    """Past its expiry a token is not sent: it is refreshed first, so that there is no 401 to recover from."""
    with browser(FIXED, remaining=150) as (page, clock):
        clock.tick(3600)
        assert page.get() == 200
        assert page.generation == 1


# --- the same through the async driver ------------------------------------------------------------


@asynccontextmanager
async def abrowser(app: App, policy: Policy, remaining: float) -> AsyncIterator[tuple[httpx.AsyncClient, TokenAuth]]:
    """An async browser that has just signed in."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as own:
        auth = TokenAuth(AuthServer(AUTH, async_client=own), policy=policy)
        answer = (await own.post("/_race401/sessions", json=account(remaining))).raise_for_status().json()
        auth.sign_in(TokenPair(answer["access_token"], answer["refresh_token"], answer["expires_at"]))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", auth=auth) as http:
            yield http, auth


def frozen(scene: Callable[[FrozenDateTimeFactory, App], Awaitable[None]]) -> None:
    """Run a scene on an event loop whose own clock stays real, under the frozen one."""
    with freeze_time(INCIDENT, real_asyncio=True) as clock:
        asyncio.run(scene(clock, create_app()))  # type: ignore[arg-type]


@pytest.mark.parametrize("policy", [PRE_FIX, FIXED], ids=lambda policy: policy.name)
@pytest.mark.parametrize(
    ("ms_after_margin", "generation"), [(-1, 0), (0, 0), (1, 1)], ids=["1 ms before", "at", "1 ms within"]
)
def test_the_margin_on_an_event_loop(policy: Policy, ms_after_margin: int, generation: int) -> None:
    """The async driver refreshes at the same millisecond."""

    async def scene(clock: FrozenDateTimeFactory, app: App) -> None:
        async with abrowser(app, policy, policy.expiry_margin + 10) as (http, auth):
            clock.tick(10 + ms_after_margin / 1000)
            assert (await http.get("/contacts")).status_code == 200
            stored = auth.store.read()
            assert stored is not None
            assert stored.generation == generation

    frozen(scene)


def test_a_burst_across_the_margin_on_an_event_loop() -> None:
    """Five calls at once, 1 ms within the margin: the fix spends one exchange, and none of them meets a 401."""

    async def scene(clock: FrozenDateTimeFactory, app: App) -> None:
        async with abrowser(app, FIXED, FIXED.expiry_margin + 10) as (http, auth):
            clock.tick(10.001)
            answers = await asyncio.gather(*[http.get("/contacts") for _ in range(5)])
            assert [answer.status_code for answer in answers] == [200] * 5
            stored = auth.store.read()
            assert stored is not None
            assert stored.generation == 1

    frozen(scene)
