"""The proxy as an ASGI app: passes everything on, and writes an entry before its answer leaves.

Bodies stream through unread, but for those of the token endpoint. No secret is written: see `race401.ledger.masking`.
"""

import json
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from race401.harness.judge.evidence import EvidenceError, load
from race401.harness.proxy.sessions import Sessions, claims
from race401.ledger.entry import Entry
from race401.ledger.fingerprints import Fingerprints
from race401.ledger.masking import Masking
from race401.ledger.secrecy import secret_by_name

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
HOP_BY_HOP = frozenset(  # RFC 9110 s.7.6.1, and what each side reckons for itself
    "connection keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade host".split()  # noqa: SIM905 - a list of names
)
UNREACHED = 502


class Recorder:
    """
    Entries as JSON lines, in the order in which the answers came, after those that the file has.

    Raises OSError if it cannot be written, EvidenceError if it is there and no whole ledger.
    """

    def __init__(self, path: Path, fingerprints: Fingerprints | None = None) -> None:
        self.fingerprints = Fingerprints() if fingerprints is None else fingerprints
        self.masking = Masking(self.fingerprints)
        self.counts: Counter[tuple[int, str | None, str | None]] = Counter()  # status, cause, outcome
        self._seq = _last(path)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, entry: Entry) -> None:
        """Give it its place, and to the operating system."""
        self._seq += 1
        entry.seq = self._seq
        self.masking.mask(entry)
        os.write(self._file, msgspec.json.encode(entry) + b"\n")
        self.counts[entry.status, entry.cause, entry.grant_outcome] += 1


def _last(path: Path) -> int:
    """Return the last `seq` of a ledger that is there, so that what is appended comes after it."""
    if not path.is_file():
        return 0
    before = load(path)
    if before.torn:
        raise EvidenceError(f"{path} ends in a torn line, so that nothing can be appended to it; name another file")
    return before.entries[-1].seq if before.entries else 0


def create_app(
    target: httpx.AsyncClient,
    recorder: Recorder,
    token_paths: Sequence[str],
    clock: Callable[[], float] = time.time,
) -> Starlette:
    """Return the app in front of `target`, a client with its base URL; `token_paths`: its token endpoints."""
    sessions, see = Sessions(recorder.fingerprints), recorder.masking.see
    world = target.base_url.host

    async def serve(request: Request) -> Response:
        entry = _entry(request, world, sessions, clock)
        for secret in _secrets(request.headers):
            see(secret)
        asking = request.method == "POST" and request.url.path in token_paths
        body = await request.body() if asking else request.stream()
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
            asked, told = _fields(body), _fields(await answer.aread())
            _asked(entry, sessions, request, asked, answer.status_code, told)
            for name, value in [*asked.items(), *told.items()]:
                if secret_by_name(name):
                    see(str(value))
        entry.answered_at, entry.status = clock(), answer.status_code
        if entry.status == httpx.codes.UNAUTHORIZED:
            entry.cause = _cause(request, entry)
        recorder.write(entry)
        return _answer(answer)

    return Starlette(routes=[Route("/{path:path}", serve, methods=METHODS)])


def _entry(request: Request, world: str, sessions: Sessions, clock: Callable[[], float]) -> Entry:
    now, bearer = clock(), _bearer(request)
    place = sessions.of(bearer) if bearer else None
    exp = claims(bearer).get("exp") if bearer else None
    return Entry(
        seq=0,
        world=world,
        client=request.headers.get("x-race401-client"),
        attempt=request.headers.get("x-race401-attempt"),
        family=place.family if place else None,
        generation=place.generation if place else None,
        method=request.method,
        target=_path(request),
        received_at=now,
        answered_at=0.0,
        status=0,
        cause=None,
        token_left_s=exp - now if isinstance(exp, int | float) else None,
        grant_outcome=None,
        fault=None,
    )


def _asked(
    entry: Entry, sessions: Sessions, request: Request, asked: dict[str, Any], status: int, told: dict[str, Any]
) -> None:
    """Note what the token endpoint was asked, and what it said."""
    grant = request.query_params.get("grant_type") or asked.get("grant_type")
    if grant == "refresh_token":
        place, entry.grant_outcome = sessions.exchanged(str(asked.get("refresh_token", "")), status, told)
        entry.family, entry.generation = place.family, place.generation
    elif status == httpx.codes.OK and "access_token" in told:
        place = sessions.signed_in(told)
        entry.family, entry.generation = place.family, place.generation


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


def _fields(body: bytes) -> dict[str, Any]:
    """Return the fields of a JSON object or a form; of anything else, nothing."""
    try:
        told = json.loads(body)
    except ValueError:
        return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
    return told if isinstance(told, dict) else {}
