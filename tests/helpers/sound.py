"""A small client without the races that our race programs make: the clean twin of the naive ones."""

import asyncio
from collections.abc import AsyncGenerator, Callable

import httpx

from race401.harness.tokens import AuthError, AuthServer, TokenPair

MARGIN = 60.0  # s


class Sound(httpx.Auth):
    """One refresh at a time, none for a token that has been replaced, none that outlives a sign-out; and a token
    that still lives is sent although its refresh failed.
    """

    def __init__(self, server: AuthServer, clock: Callable[[], float]) -> None:
        self.pair: TokenPair | None = None
        self._server, self._clock = server, clock
        self._flight: asyncio.Task[None] | None = None

    def sign_in(self, pair: TokenPair) -> None:
        """Begin with this pair."""
        self.pair = pair

    def sign_out(self) -> None:
        """Forget the session."""
        self.pair = None

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Send; if refused, once more with a newer token, if there is one."""
        if self.pair is not None and self.pair.expires_at - self._clock() < MARGIN:
            await self._renew(self.pair)
        sent = self.pair
        response = yield self._with(request, sent)
        if response.status_code == 401 and sent is not None:
            await self._renew(sent)
            if self.pair is not None and self.pair is not sent:
                yield self._with(request, self.pair)

    @staticmethod
    def _with(request: httpx.Request, pair: TokenPair | None) -> httpx.Request:
        if pair is not None:
            request.headers["Authorization"] = f"Bearer {pair.access_token}"
        return request

    async def _renew(self, old: TokenPair) -> None:
        if self.pair is not old:
            return
        if self._flight is None:
            self._flight = asyncio.ensure_future(self._exchange(old))
        await asyncio.shield(self._flight)

    async def _exchange(self, old: TokenPair) -> None:
        try:
            pair = await self._server.aexchange(old)
        except AuthError:
            return
        finally:
            self._flight = None
        if self.pair is old:
            self.pair = pair
