"""The mock in this process, a client, and a race program between them, on a loop whose waits take no time."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import httpx
import virtual
from mocks import NOW, WHO
from sound import Sound

from race401.harness.tokens import AuthServer, Policy, TokenAuth, TokenPair
from race401.mock_api.app import create_app
from race401.mock_api.ledger import Ledger

PAGE = ("/contacts?limit=1000", "/me/entitlements", "/contacts", "/persona-notes", "/messages")
TICK = 0.001  # s by which a ticking clock advances whenever somebody looks
Client: TypeAlias = Policy | type[Sound]


class Wire(httpx.ASGITransport):
    """A wire that breaks where the app says so."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See `httpx`."""
        try:
            return await super().handle_async_request(request)
        except ConnectionResetError as error:
            raise httpx.ReadError(str(error)) from error


class Racing:
    """One client in one world, and what it saw."""

    def __init__(self, client: Client, world: str) -> None:
        self.now, self.world, self.ledger = NOW, world, Ledger()
        self.saw: list[int] = []
        self.told: dict[str, Any] = {}
        wire = Wire(create_app(ledger=self.ledger, clock=lambda: self.now))
        base = f"http://mock/{world}"
        self.control = httpx.AsyncClient(transport=wire, base_url="http://localhost")
        server = AuthServer(f"{base}/auth/v1", async_client=httpx.AsyncClient(transport=wire))
        self.auth: TokenAuth | Sound
        if isinstance(client, Policy):
            self.auth = TokenAuth(server, policy=client, clock=lambda: self.now)
        else:
            self.auth = client(server, lambda: self.now)
        self.client = httpx.AsyncClient(transport=wire, base_url=base, auth=self.auth)

    async def sign_in(self, remaining: float = 3600.0) -> TokenPair:
        """Begin a session whose token has so much left."""
        body = {"world": self.world, **WHO, "remaining_s": remaining}
        answer = (await self.control.post("/_race401/sessions", json=body)).raise_for_status().json()
        pair = TokenPair(answer["access_token"], answer["refresh_token"], answer["expires_at"])
        self.auth.sign_in(pair)
        return pair

    async def arm(self, name: str) -> str:
        """Arm a shipped program; return its id."""
        answer = await self.control.post(f"/_race401/programs?shipped_as={name}&world={self.world}")
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def burst(self, n: int = 5) -> list[int]:
        """Send n requests at once; return what the program saw."""
        answers = await asyncio.gather(*[self.client.get(PAGE[k]) for k in range(n)])
        return [answer.status_code for answer in answers]

    async def program(self, name: str, until: str = "ended") -> dict[str, Any]:
        """How the program stands, once it has ended (or holds something)."""
        told: dict[str, Any] = (await self.control.get(f"/_race401/programs/{name}?until={until}")).json()
        return told

    @property
    def outcomes(self) -> Counter[str | None]:
        """What became of the exchanges."""
        return Counter(entry.grant_outcome for entry in self.ledger.entries if entry.grant_outcome)


class Ticking(Racing):
    """A race on a clock by which no two instants are equal."""

    _now = NOW

    @property
    def now(self) -> float:
        """The time."""
        self._now += TICK
        return self._now

    @now.setter
    def now(self, at: float) -> None:
        self._now = at


def race(client: Client, world: str, run: Callable[[Racing], Awaitable[None]]) -> Racing:
    """Run one race and return what is left of it."""

    async def within() -> Racing:
        racing = Racing(client, world)
        await run(racing)
        return racing

    return virtual.run(within())
