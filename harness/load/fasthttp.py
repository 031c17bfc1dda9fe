"""
A browser's client over geventhttpclient, as locust's FastHttpUser is: the same token manager, a third of httpx's CPU.

`FastClient` has the three calls of an httpx client that a browser makes; the flow of `TokenAuth` is driven as httpx
drives it. The auth server shares the browser's connections: `FastTransport` puts an ordinary httpx client on them.
What FastHttpUser does besides (cookies, redirects, an event of its own for each sending) a browser does not need.
"""

import gevent
import locust  # noqa: F401 - first of all: it patches the process
from gevent.monkey import get_original
from gevent.socket import SOCK_STREAM, getaddrinfo
from geventhttpclient import HTTPClient
from geventhttpclient.connectionpool import ConnectionPool
from geventhttpclient.header import Headers
from locust.contrib.fasthttp import FAILURE_EXCEPTIONS

import select
from functools import lru_cache
from typing import Any, cast
from urllib.parse import urlsplit

import httpx

from race401.harness.tokens import TokenAuth

READ_SIZE = 65536  # bytes; geventhttpclient's 4096 takes 25 reads for 1,000 contacts
poll = get_original("select", "poll")  # gevent's would let others run, at any place

resolved = lru_cache(maxsize=16)(lambda host, port: getaddrinfo(host, port, type=SOCK_STREAM))


class Pool(ConnectionPool):
    """Connections that are kept beyond 1,000 open files, to an address that is asked for once.

    geventhttpclient's own pool asks `select` whether a connection still lives. That fails for files numbered above
    1,023, and is taken for no: every request of a larger load then opens a connection, and resolves its address in a
    thread.
    """

    def _is_socket_alive(self, sock: Any) -> bool:
        """Tell whether there is nothing to read: neither an end nor an answer that nobody asked for."""
        if sock is None or sock.fileno() < 0:
            return False
        waiting = poll()
        waiting.register(sock.fileno(), select.POLLIN)
        return not waiting.poll(0)

    def _resolve(self) -> Any:
        return resolved(self._connection_host, self._connection_port)


class FastRequest:
    """What `TokenAuth` needs of a request: a place for the header, a body that can be sent again, extensions."""

    __slots__ = ("content", "extensions", "headers", "target")

    def __init__(self, target: str, headers: dict[str, str]) -> None:
        self.target = target
        self.headers = headers
        self.content = b""
        self.extensions: dict[str, Any] = {}


class FastResponse:
    """What the browser needs of a response."""

    __slots__ = ("content", "headers", "is_success", "status_code")

    def __init__(self, status_code: int, content: bytes, headers: Headers) -> None:
        self.status_code = status_code
        self.is_success = 200 <= status_code < 300  # noqa: PLR2004
        self.content = content
        self.headers = headers


class FastClient:
    """`build_request`, `send` and `close`, as httpx has them, over at most so many connections."""

    __slots__ = ("_headers", "_http", "_path", "auth")

    def __init__(self, base_url: str, headers: dict[str, str], timeout: float, connections: int) -> None:
        self.auth: TokenAuth | None = None
        self._headers = headers
        self._path = urlsplit(base_url).path
        times: dict[str, Any] = {"connection_timeout": timeout, "network_timeout": timeout}
        self._http = HTTPClient.from_url(
            base_url, block_size=READ_SIZE, concurrency=connections, insecure=True, **times
        )
        if not self._http.ssl:
            host, port = self._http.host, self._http.port or 80
            self._http._connection_pool = Pool(host, port, host, port, size=connections, **times)  # noqa: SLF001

    def build_request(self, _method: str, target: str, headers: dict[str, str]) -> FastRequest:
        """Return a GET that has not been sent."""
        return FastRequest(target, self._headers | headers)

    def send(self, request: FastRequest) -> FastResponse:
        """Send it as the token manager says; raises httpx.TransportError if no answer came."""
        assert self.auth is not None
        flow = self.auth.sync_auth_flow(cast("httpx.Request", request))
        try:
            next(flow)
            while True:
                answer = self._send("GET", self._path + request.target, request.headers)
                try:
                    flow.send(cast("httpx.Response", answer))
                except StopIteration:
                    return answer
        finally:
            flow.close()

    def pass_on(self, request: httpx.Request) -> httpx.Response:
        """Send another client's request over the same connections."""
        target, headers = request.url.raw_path.decode("ascii"), dict(request.headers)
        headers.pop("accept-encoding", None)  # nobody here would decode it
        answer = self._send(request.method, target, headers, request.read())
        return httpx.Response(answer.status_code, content=answer.content, request=request)

    def _send(self, method: str, target: str, headers: dict[str, str], body: bytes = b"") -> FastResponse:
        gevent.sleep(0)  # all callers of a burst look at their token before one is answered, however busy the machine
        try:
            response = self._http.request(method, target, body, headers)
            return FastResponse(response.status_code, response.read(), response.info())
        except FAILURE_EXCEPTIONS as error:
            raise httpx.TransportError(f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


class FastTransport(httpx.BaseTransport):
    """Where an httpx client sends what it has to say to the auth server."""

    def __init__(self, client: FastClient) -> None:
        self._client = client

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx."""
        return self._client.pass_on(request)
