"""The auth server on the wire: sign-in, the refresh grant and sign-out, on a client of its own.

Not a part of the API's client: a refresh yielded from an httpx auth flow never sees its own transport errors.
The one contract spoken is Supabase Auth's; another server is another class with these methods.
"""

import base64
import json
from typing import Protocol

import httpx

from race401.harness.tokens.clock import Clock, system_clock
from race401.harness.tokens.errors import RefreshRefused, RefreshUnavailable
from race401.harness.tokens.model import TokenPair

API_VERSION = "2024-01-01"  # sent by Supabase's own clients; selects the newer error format
TIMEOUT = 30.0  # s; where reuse is punished, an answer that nobody waits for is a session lost
TRY_AGAIN = frozenset({408, 425, 429})  # and 5xx: the grant was not judged


class Exchanger(Protocol):
    """Whoever can turn a pair into its successor. Both raise `AuthError` if there is none."""

    def exchange(self, pair: TokenPair) -> TokenPair:
        """Send the refresh grant and return the answer's pair."""
        ...

    async def aexchange(self, pair: TokenPair) -> TokenPair:
        """Do the same on an event loop."""
        ...


class AuthServer:
    """A Supabase Auth server below `base_url`, e.g. `http://127.0.0.1:8000/auth/v1`.

    Pass the client that fits the caller's world; what was not passed is made on first use. Close both with
    `close` and `aclose`; a client that was passed stays open.
    """

    def __init__(
        self,
        base_url: str,
        *,
        client: httpx.Client | None = None,
        async_client: httpx.AsyncClient | None = None,
        clock: Clock = system_clock,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._client = client
        self._async_client = async_client
        self._made: list[httpx.Client] = []
        self._async_made: list[httpx.AsyncClient] = []
        self._clock = clock

    def sign_in(self, email: str, password: str) -> TokenPair:
        """Return the pair of a new session (the password grant)."""
        return self._pair(self._send(self._grant("password", {"email": email, "password": password})))

    def exchange(self, pair: TokenPair) -> TokenPair:
        """Return the pair that the refresh grant returned; see `Exchanger`."""
        grant = self._grant("refresh_token", {"refresh_token": pair.refresh_token})
        return self._pair(self._send(grant), pair.refresh_token)

    async def aexchange(self, pair: TokenPair) -> TokenPair:
        """Return the pair that the refresh grant returned; see `Exchanger`."""
        if self._async_client is None:
            self._async_client = httpx.AsyncClient(timeout=TIMEOUT)
            self._async_made.append(self._async_client)
        request = self._grant("refresh_token", {"refresh_token": pair.refresh_token})
        try:
            response = await self._async_client.send(self._complete(request, self._async_client))
        except httpx.HTTPError as error:
            raise _unreached(error) from error
        return self._pair(response, pair.refresh_token)

    def sign_out(self, pair: TokenPair, scope: str = "global") -> None:
        """End the server session of this pair (`POST /logout`)."""
        request = httpx.Request(
            "POST",
            f"{self.base_url}/logout?scope={scope}",
            headers={"Authorization": f"Bearer {pair.access_token}", "X-Supabase-Api-Version": API_VERSION},
        )
        response = self._send(request)
        if response.is_error:
            raise _refusal(response)

    def close(self) -> None:
        """Close the client that was made here."""
        while self._made:
            self._made.pop().close()

    async def aclose(self) -> None:
        """Close the async client that was made here."""
        while self._async_made:
            await self._async_made.pop().aclose()

    def _grant(self, grant_type: str, body: dict[str, str]) -> httpx.Request:
        return httpx.Request(
            "POST",
            f"{self.base_url}/token?grant_type={grant_type}",
            json=body,
            headers={"X-Supabase-Api-Version": API_VERSION},
        )

    def _send(self, request: httpx.Request) -> httpx.Response:
        if self._client is None:
            self._client = httpx.Client(timeout=TIMEOUT)
            self._made.append(self._client)
        try:
            return self._client.send(self._complete(request, self._client))
        except httpx.HTTPError as error:
            raise _unreached(error) from error

    @staticmethod
    def _complete(request: httpx.Request, client: httpx.Client | httpx.AsyncClient) -> httpx.Request:
        """Add the client's own headers and timeout, which a request made outside of it lacks."""
        for name, value in client.headers.items():
            request.headers.setdefault(name, value)
        request.extensions.setdefault("timeout", client.timeout.as_dict())
        return request

    def _pair(self, response: httpx.Response, presented: str | None = None) -> TokenPair:
        """Return the pair of the answer; a refresh token that it omits is kept (RFC 6749 s.6)."""
        if response.is_error:
            raise _refusal(response)
        now = self._clock()
        try:
            body = response.json()
            access_token, expires_in = body["access_token"], float(body.get("expires_in") or 0)
            # Supabase's clients believe expires_at, and reckon from receipt only where it is absent.
            expires_at = body.get("expires_at") or now + body["expires_in"]
            refresh_token = body["refresh_token"] if presented is None else body.get("refresh_token", presented)
            return TokenPair(
                access_token,
                refresh_token,
                float(expires_at),
                received_at=now,
                expires_in=expires_in,
                refresh_in=float(body.get("refresh_in") or 0),
                lifetime=lifetime_of(access_token) or expires_in,
            )
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            message = f"the auth server answered {response.status_code} without a token pair"
            raise RefreshUnavailable(message, status=response.status_code) from None


def lifetime_of(access_token: str) -> float:
    """Return the whole life that a JWT claims, in s; 0 if the token is none. Nothing is verified: it is only ours."""
    try:
        payload = access_token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return float(claims["exp"] - claims["iat"])
    except (ValueError, KeyError, IndexError, TypeError, OverflowError):
        return 0.0


def _unreached(error: httpx.HTTPError) -> RefreshUnavailable:
    return RefreshUnavailable(f"the auth server was not reached ({type(error).__name__})")


def _refusal(response: httpx.Response) -> RefreshRefused | RefreshUnavailable:
    """Return the error that the answer stands for; the server's message is quoted, never its request."""
    status = response.status_code
    try:
        body = response.json()
        code = str(body.get("error_code") or body.get("code") or body.get("error") or "unknown")
        message = str(body.get("msg") or body.get("message") or body.get("error_description") or code)
    except (ValueError, AttributeError):
        code, message = "unknown", f"HTTP {status}"
    if status in TRY_AGAIN or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return RefreshUnavailable(message, status=status)
    return RefreshRefused(message, status=status, code=code)
