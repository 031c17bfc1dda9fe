"""
A browser's client over locust's FastHttpSession: the same token manager, a third of httpx's CPU.

`FastClient` has the three calls of an httpx client that a browser makes; the flow of `TokenAuth` is driven as httpx
drives it. The auth server shares the browser's connections: `FastTransport` puts an ordinary httpx client on them.
"""

from locust.contrib.fasthttp import FastHttpSession, FastResponse
from locust.event import EventHook

from typing import Any, cast

import httpx

from race401.harness.tokens import TokenAuth

READ_SIZE = 65536  # bytes; geventhttpclient's 4096 takes 25 reads for 1,000 contacts
NOBODY = EventHook()  # who hears of each sending: the browser reports attempts, and an attempt may be two sendings


class Asked:
    """What `TokenAuth` needs of a request: a place for the header, a body that can be sent again, extensions."""

    __slots__ = ("content", "extensions", "headers", "target")

    def __init__(self, target: str, headers: dict[str, str]) -> None:
        self.target = target
        self.headers = headers
        self.content = b""
        self.extensions: dict[str, Any] = {}


class Answer:
    """What the browser needs of a response."""

    __slots__ = ("content", "headers", "is_success", "status_code")

    def __init__(self, response: FastResponse) -> None:
        self.status_code = response.status_code
        self.is_success = 200 <= response.status_code < 300  # noqa: PLR2004
        self.content: bytes = response.content or b""
        self.headers = response.headers


class FastClient:
    """`build_request`, `send` and `close`, as httpx has them, over at most so many connections."""

    def __init__(self, base_url: str, headers: dict[str, str], timeout: float, connections: int) -> None:
        self.auth: TokenAuth | None = None
        self._headers = headers
        self.session = FastHttpSession(
            base_url,
            NOBODY,
            user=None,
            concurrency=connections,
            max_retries=0,
            block_size=READ_SIZE,
            connection_timeout=timeout,
            network_timeout=timeout,
        )

    def build_request(self, _method: str, target: str, headers: dict[str, str]) -> Asked:
        """Return a GET that has not been sent."""
        return Asked(target, self._headers | headers)

    def send(self, asked: Asked) -> Answer:
        """Send it as the token manager says; raises httpx.TransportError if no answer came."""
        assert self.auth is not None
        flow = self.auth.sync_auth_flow(cast("httpx.Request", asked))
        try:
            next(flow)
            while True:
                answer = Answer(self._sent("GET", asked.target, asked.headers))
                try:
                    flow.send(cast("httpx.Response", answer))
                except StopIteration:
                    return answer
        finally:
            flow.close()

    def pass_on(self, request: httpx.Request) -> httpx.Response:
        """Send another client's request over the same connections."""
        response = self._sent(request.method, str(request.url), dict(request.headers), request.read())
        return httpx.Response(response.status_code, content=response.content or b"", request=request)

    def _sent(self, method: str, url: str, headers: dict[str, str], body: bytes | None = None) -> FastResponse:
        response: FastResponse = self.session.request(method, url, headers=headers, data=body)  # type: ignore[arg-type]
        if not response.status_code:
            error: Exception | None = getattr(response, "error", None)
            raise httpx.TransportError(f"{type(error).__name__}: {error}") from error
        return response

    def close(self) -> None:
        """Close the connections."""
        self.session.client.close()


class FastTransport(httpx.BaseTransport):
    """Where an httpx client sends what it has to say to the auth server."""

    def __init__(self, client: FastClient) -> None:
        self._client = client

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx."""
        return self._client.pass_on(request)
