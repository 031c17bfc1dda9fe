"""The proxy as an ASGI app: passes everything on, and writes an entry before its answer leaves.

Bodies stream through unread, but for those of the token endpoint. No secret is written: see `race401.ledger.masking`.
"""

import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from race401.harness.proxy.recorder import Recorder
from race401.harness.proxy.wire import Wire, fields
from race401.ledger.entry import Entry, received
from race401.ledger.secrecy import secret_by_name

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
HOP_BY_HOP = frozenset(  # RFC 9110 s.7.6.1, and what each side reckons for itself
    "connection keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade host".split()  # noqa: SIM905 - a list of names
)
UNREACHED = 502
NO_BODY = frozenset({"GET", "HEAD", "OPTIONS"})  # methods whose requests have none that anybody waits for


def create_app(
    target: httpx.AsyncClient,
    recorder: Recorder,
    token_paths: Sequence[str],
    clock: Callable[[], float] = time.time,
) -> Starlette:
    """Return the app in front of `target`, a client with its base URL; `token_paths`: its token endpoints."""
    wire, see = Wire(recorder.fingerprints), recorder.masking.see
    world = target.base_url.host

    async def serve(request: Request) -> Response:
        entry = _entry(request, world, wire, clock)
        for secret in _secrets(request.headers):
            see(secret)
        asking = request.method == "POST" and request.url.path in token_paths
        body = await request.body() if asking else _counted(request, entry)
        # Identity, since the body of a token's answer is read here.
        headers = _through(request.headers) + ([("accept-encoding", "identity")] if asking else [])
        sent = target.build_request(request.method, _path(request), headers=headers, content=body)
        try:
            answer = await target.send(sent, stream=True)
        except httpx.HTTPError as error:
            entry.answered_at = clock()
            recorder.write(entry)  # status 0: there was no answer
            return JSONResponse({"message": f"the target was not reached ({type(error).__name__})"}, UNREACHED)
        if asking and isinstance(body, bytes):
            entry.body_length = len(body)
            asked, told = fields(body), fields(await answer.aread())
            _asked(entry, wire, request, asked, answer.status_code, told)
            for name, value in [*asked.items(), *told.items()]:
                if secret_by_name(name):
                    see(str(value))
        entry.hung_up = await request.is_disconnected()
        entry.answered_at, entry.status = clock(), answer.status_code
        wire.redirected(entry, entry.status, answer.headers.get("location"))
        if entry.status == httpx.codes.UNAUTHORIZED:
            entry.cause = _cause(request, entry)
        recorder.write(entry)
        return _answer(answer)

    return Starlette(routes=[Route("/{path:path}", serve, methods=METHODS)])


async def _counted(request: Request, entry: Entry) -> AsyncIterator[bytes]:
    """Pass a body on, and note how long it was."""
    length = 0
    async for piece in request.stream():
        length += len(piece)
        yield piece
    if request.method not in NO_BODY:
        entry.body_length = length


def _entry(request: Request, world: str, wire: Wire, clock: Callable[[], float]) -> Entry:
    client, attempt = (request.headers.get(f"x-race401-{name}") for name in ("client", "attempt"))
    entry = received(world, request.method, _path(request), clock(), client, attempt)
    address = request.client.host if request.client is not None else ""
    wire.asked(entry, request.url.path, _bearer(request), f"{address} {request.headers.get('user-agent', '')}")
    return entry


def _asked(
    entry: Entry, wire: Wire, request: Request, asked: dict[str, Any], status: int, told: dict[str, Any]
) -> None:
    """Note what the token endpoint was asked, and what it said."""
    grant = request.query_params.get("grant_type") or asked.get("grant_type")
    entry.kind = "other"
    if grant == "refresh_token":
        wire.exchanged(entry, str(asked.get("refresh_token", "")), status, told)
    elif grant is None:
        entry.grant_outcome = "unread"  # whether a session began or went on, nobody can say
    elif status == httpx.codes.OK and told.get("access_token"):
        wire.signed_in(entry, told)


def _cause(request: Request, entry: Entry) -> str | None:
    """Return why, where the wire tells: no token was sent, or one that says itself that it is over."""
    if _bearer(request) is None:
        return "missing_token"
    return "expired" if entry.token_left_s is not None and entry.token_left_s <= 0 else None


def _answer(answer: httpx.Response) -> Response:
    async def content() -> AsyncIterator[bytes]:
        try:
            if answer.is_stream_consumed:
                yield answer.content
            else:
                async for piece in answer.aiter_raw():
                    yield piece
        finally:
            await answer.aclose()

    response = StreamingResponse(content(), answer.status_code)
    response.raw_headers = [(name.encode(), value.encode("latin-1")) for name, value in _through(answer.headers)]
    return response


def _through(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the headers that go on to the other side."""
    pairs = headers.multi_items() if isinstance(headers, httpx.Headers) else headers.items()
    return [(name.lower(), value) for name, value in pairs if name.lower() not in HOP_BY_HOP]


def _bearer(request: Request) -> str | None:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token if kind.lower() == "bearer" and token else None


def _path(request: Request) -> str:
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")


def _secrets(headers: Mapping[str, str]) -> Iterator[str]:
    """Yield what the headers hold of credentials: tokens, keys and cookies."""
    for name, value in headers.items():
        if name == "cookie":
            yield from (pair.partition("=")[2] for pair in value.split("; "))
        elif secret_by_name(name):
            yield value.rpartition(" ")[2]
