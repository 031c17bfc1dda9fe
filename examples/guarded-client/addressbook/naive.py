"""The client as it was written at first: each caller looks after the token for itself. Kept to see the guard fail."""

import time

import httpx

from addressbook.tokens import Tokens

MARGIN = 60.0  # s before its end that an access token is replaced


class NaiveClient:
    """Reads the address book. `signed_in` is the token endpoint's answer to a sign-in."""

    def __init__(self, base_url, signed_in, *, transport=None, clock=time.time):
        self._http = httpx.AsyncClient(base_url=base_url, transport=transport)
        self._clock = clock
        self._tokens = Tokens.of(signed_in, clock())

    async def __aenter__(self):
        return self

    async def __aexit__(self, *raised):
        await self._http.aclose()

    async def get(self, path):
        """Return the answer, after a refresh if the token is almost over, or was refused."""
        if self._tokens is not None and self._tokens.ends_at - self._clock() < MARGIN:
            await self._refresh()
        answer = await self._send(path)
        if answer.status_code == httpx.codes.UNAUTHORIZED and self._tokens is not None:
            await self._refresh()
            answer = await self._send(path)
        return answer

    async def sign_out(self):
        """End the session, here and at the server."""
        await self._http.post("/oauth/revoke", data={"token": self._tokens.refresh})
        self._tokens = None

    async def _send(self, path):
        headers = {"Authorization": f"Bearer {self._tokens.access}"} if self._tokens is not None else {}
        return await self._http.get(path, headers=headers)

    async def _refresh(self):
        form = {"grant_type": "refresh_token", "refresh_token": self._tokens.refresh}
        answer = await self._http.post("/oauth/token", data=form)
        self._tokens = Tokens.of(answer.json(), self._clock()) if answer.is_success else None
