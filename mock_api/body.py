"""
What a request carries: refused while it arrives if it is too large, and read as strict JSON.

Strict JSON (RFC 8259) has no NaN, no infinity and no half of a surrogate pair, so that whatever was read can be
written again. FastAPI's own parser takes all of these, and shows them again in its refusal, which then breaks.
"""

import contextlib
from collections.abc import Awaitable
from typing import Any, TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST = 1_000_000  # bytes. ASSUMPTION: more than any test sends
DEEPEST = 100  # arrays and objects within each other; pydantic writes 255, json a thousand
BODILESS = frozenset({"GET", "HEAD"})  # no route of these reads a body

T = TypeVar("T")


class TooLarge(HTTPException):
    """The body is larger than LARGEST, or says that it will be."""

    def __init__(self) -> None:
        super().__init__(413, f"the body is larger than {LARGEST} bytes")


class BadBody(ValueError):
    """The body is not what the route takes; the message says why."""


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


def parsed(raw: bytes, kind: type[T]) -> T:
    """Return the value of a JSON text; raises BadBody. Of a name that comes twice in an object, the last counts."""
    try:
        if raw.count(b"[") + raw.count(b"{") > DEEPEST and _deeper(msgspec.json.decode(raw)):
            raise BadBody(f"JSON is nested deeper than {DEEPEST}")
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise BadBody(str(error)) from None
    except RecursionError:
        raise BadBody(f"JSON is nested deeper than {DEEPEST}") from None


def _deeper(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for each in level for inner in _within(each)]
    return bool(level)


def _within(value: dict[str, Any] | list[Any]) -> list[Any]:
    """Return the arrays and objects right within this one."""
    inner = value.values() if isinstance(value, dict) else value
    return [each for each in inner if isinstance(each, dict | list)]


def documented(*kinds: Any) -> dict[str, Any]:
    """Return what a route says of its body in the API's own page; schemas stand where they are used."""
    schemas, components = msgspec.json.schema_components(kinds, ref_template="{name}")
    told = [_inlined(schema, components) for schema in schemas]
    schema = told[0] if len(told) == 1 else {"anyOf": told}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _inlined(schema: Any, components: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_inlined(each, components) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(components[schema["$ref"]], components)
    return {name: _inlined(each, components) for name, each in schema.items() if name != "discriminator"}
