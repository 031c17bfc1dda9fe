"""A server in this process that the test holds by its gates, and a burst of requests to it."""

import asyncio
import threading

import httpx

from race401.harness.tokens import (
    MemoryStore,
    Policy,
    RefreshRefused,
    TokenAuth,
    TokenPair,
)

NOW = 1_759_614_660.0
REFUSED = RefreshRefused("Invalid Refresh Token: Already Used", status=400, code="refresh_token_already_used")


class Server:
    """An auth server and an API in one: knows which access token is good, and counts exchanges.

    `entered` is released each time an exchange has begun; none ends before `gate` is set.
    """

    def __init__(self) -> None:
        self.good = "access-0"
        self.exchanges = 0
        self.refuses = False
        self.unauthorized = 401
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)
        self.agate: asyncio.Event | None = None
        self.aentered: asyncio.Event | None = None

    def _issue(self, pair: TokenPair) -> TokenPair:
        if self.refuses:
            raise REFUSED
        self.good = f"access-{pair.generation + 1}"
        return TokenPair(self.good, f"refresh-{pair.generation + 1}", NOW + 3600)

    def exchange(self, pair: TokenPair) -> TokenPair:
        """See `Exchanger`."""
        self.exchanges += 1
        self.entered.release()
        self.gate.wait()
        return self._issue(pair)

    async def aexchange(self, pair: TokenPair) -> TokenPair:
        """See `Exchanger`."""
        self.exchanges += 1
        if self.agate is not None and self.aentered is not None:
            self.aentered.set()
            await self.agate.wait()
        return self._issue(pair)

    def api(self, request: httpx.Request) -> httpx.Response:
        """Answer 200 to the good token, else as it refuses."""
        good = request.headers.get("Authorization") == f"Bearer {self.good}"
        return httpx.Response(200 if good else self.unauthorized)


def signed_in(server: Server, policy: Policy, left: float, **options: object) -> TokenAuth:
    """A session whose first token has `left` s of life, at a clock that stands still."""
    store = MemoryStore(TokenPair("access-0", "refresh-0", NOW + left))
    return TokenAuth(server, store, policy, clock=lambda: NOW, **options)  # type: ignore[arg-type]


def get(server: Server, auth: TokenAuth, n: int, mode: str) -> list[int]:
    """Send n requests at once and return their statuses; under asyncio or on threads."""
    if mode == "asyncio":

        async def burst() -> list[int]:
            async with httpx.AsyncClient(transport=httpx.MockTransport(server.api), auth=auth) as client:
                answers = await asyncio.gather(*[client.get("http://api/") for _ in range(n)])
            return [answer.status_code for answer in answers]

        return asyncio.run(burst())
    statuses: list[int] = []
    together = threading.Barrier(n)
    with httpx.Client(transport=httpx.MockTransport(server.api), auth=auth) as client:

        def call() -> None:
            together.wait()
            statuses.append(client.get("http://api/").status_code)

        callers = [threading.Thread(target=call) for _ in range(n)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
    return statuses
