"""The client: signed in, it keeps its access token good by itself, whatever its callers do at once."""

import asyncio
import time

import httpx

from addressbook.tokens import Tokens

MARGIN = 60.0  # s before its end that an access token is replaced


class Client:
    """Reads the address book. `signed_in` is the token endpoint's answer to a sign-in."""

    def __init__(self, base_url, signed_in, *, transport=None, clock=time.time):
        self._http = httpx.AsyncClient(base_url=base_url, transport=transport)
        self._clock = clock
        self._tokens = Tokens.of(signed_in, clock())  # None: signed out
        self._refreshing = None

    async def __aenter__(self):
        return self

    async def __aexit__(self, *raised):
        await self._http.aclose()

    async def get(self, path):
        """Return the answer. A 401 is answered with one more try, if there is a newer token to try."""
        tokens = self._tokens
        if tokens is not None and tokens.ends_at - self._clock() < MARGIN:
            tokens = await self._newer_than(tokens)
        answer = await self._send(path, tokens)
        if answer.status_code == httpx.codes.UNAUTHORIZED and tokens is not None:
            newer = await self._newer_than(tokens)
            if newer is not None and newer is not tokens:
                answer = await self._send(path, newer)
        return answer

    async def sign_out(self):
        """End the session, here and at the server."""
        tokens, self._tokens = self._tokens, None
        if tokens is not None:
            await self._http.post("/oauth/revoke", data={"token": tokens.refresh})

    async def _send(self, path, tokens):
        headers = {"Authorization": f"Bearer {tokens.access}"} if tokens is not None else {}
        return await self._http.get(path, headers=headers)

    async def _newer_than(self, tokens):
        """Return what replaced these tokens; all callers share one refresh, and nobody's end cancels it."""
        if self._tokens is tokens:  # else somebody has refreshed them already, or signed out
            if self._refreshing is None:
                self._refreshing = asyncio.create_task(self._refresh(tokens))
            await asyncio.shield(self._refreshing)
        return self._tokens

    async def _refresh(self, tokens):
        form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh}
        try:
            answer = await self._http.post("/oauth/token", data=form)
            if answer.is_success and self._tokens is tokens:  # else somebody signed out meanwhile
                self._tokens = Tokens.of(answer.json(), self._clock())
            elif answer.status_code == httpx.codes.BAD_REQUEST and self._tokens is tokens:
                self._tokens = None  # the session is over
        except httpx.TransportError:
            pass  # they are kept: they may still be good, and the next call tries again
        finally:
            self._refreshing = None
