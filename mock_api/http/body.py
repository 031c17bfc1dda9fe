"""What a request carries: refused while it arrives if it is too large, and read as strict JSON."""

import contextlib
from collections.abc import Awaitable
from typing import Any, TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from race401.mock_api.strict_json import parsed

LARGEST = 1_000_000  # bytes. ASSUMPTION: more than any test sends
BODILESS = frozenset({"GET", "HEAD"})  # no route of these reads a body

T = TypeVar("T")


class TooLarge(HTTPException):
    """The body is larger than LARGEST, or says that it will be."""

    def __init__(self) -> None:
        super().__init__(413, f"the body is larger than {LARGEST} bytes")


class Bounded:
    """An ASGI layer whose app reads no more of a body than LARGEST bytes: after that, `receive` raises TooLarge.

    What arrives after the refusal is read and dropped by the server, so that the client comes to read it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request."""
        if scope.get("method", "GET") in BODILESS:
            return self.app(scope, receive, send)
        return self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(ClientDisconnect):  # within its body: nobody is there to be answered
            await self.app(scope, _bounded(scope, receive), send)


def _bounded(scope: Scope, receive: Receive) -> Receive:
    left = LARGEST

    async def bounded() -> Message:
        nonlocal left
        if left == LARGEST and _announced(scope) > LARGEST:
            raise TooLarge
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise TooLarge
        return message

    return bounded


def _announced(scope: Scope) -> int:
    """Return the Content-Length, in bytes; 0: there is none."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0


async def read(request: Request, kind: type[T]) -> T:
    """Return the request's body; raises BadBody and TooLarge."""
    return parsed(await request.body(), kind)


def documented(*kinds: Any) -> dict[str, Any]:
    """Return what a route says of its body in the API's own page; schemas stand where they are used."""
    schemas, components = msgspec.json.schema_components(kinds, ref_template="{name}")
    inlined = [_inlined(schema, components) for schema in schemas]
    schema = inlined[0] if len(inlined) == 1 else {"anyOf": inlined}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _inlined(schema: Any, components: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_inlined(each, components) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(components[schema["$ref"]], components)
    return {name: _inlined(each, components) for name, each in schema.items() if name != "discriminator"}
