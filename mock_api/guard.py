"""
The guard: one pure ASGI layer around the app that knows the world, checks the token and keeps the ledger.

Order of each request: world, entry, gate `arrive`, token, app, gate `answer`, entry written, answer.
It costs far less than a framework's dependencies, and it sees requests that no route does.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from race401.mock_api.gates import ANSWER, ARRIVE, Gates
from race401.mock_api.jwt import Verified
from race401.mock_api.ledger import Entry, Ledger
from race401.mock_api.matching import RESOURCES
from race401.mock_api.realm import Realm
from race401.mock_api.worlds import DEFAULT

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

OURS = ("/_race401", "/docs", "/openapi.json", "/redoc")

# PostgREST's answers (RFC 6750 s.3): no error code where no token was sent.
MISSING = b'{"code":"PGRST302","details":null,"hint":null,"message":"Anonymous access is disabled"}'


def _invalid(code: str, message: str) -> tuple[bytes, bytes]:
    body = f'{{"code":"{code}","details":null,"hint":null,"message":"{message}"}}'
    return body.encode(), f'Bearer error="invalid_token", error_description="{message}"'.encode()


ANSWERS: dict[str, tuple[bytes, bytes]] = {
    "missing_token": (MISSING, b"Bearer"),
    "expired": _invalid("PGRST303", "JWT expired"),
    "not_yet_valid": _invalid("PGRST303", "JWT not yet valid"),
    "wrong_audience": _invalid("PGRST303", "JWT not in audience"),
    "bad_signature": _invalid("PGRST301", "No suitable key or wrong key type"),
    "malformed": _invalid("PGRST301", "Expected 3 parts in JWT"),
    "session_revoked": _invalid("PGRST303", "Session was revoked"),
}


class Guard:
    """See the module's docstring."""

    def __init__(self, app: App, realms: dict[str, Realm], ledger: Ledger, gates: Gates) -> None:
        self.app, self.realms, self.ledger, self.gates = app, realms, ledger, gates
        self._answered: Callable[[Entry], None] | None = getattr(gates, "answered", None)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:  # noqa: C901 - one pass, hot
        """Serve one request."""
        path: str = scope["path"] if scope["type"] == "http" else "/docs"
        if path.startswith(OURS):
            await self.app(scope, receive, send)
            return
        name, realm, path = self._world(path)
        client = attempt = bearer = None
        for key, value in scope["headers"]:
            if key == b"authorization":
                bearer = value
            elif key == b"x-race401-client":
                client = value.decode("latin-1")
            elif key == b"x-race401-attempt":
                attempt = value.decode("latin-1")
        query = scope["query_string"]
        target = f"{path}?{query.decode('latin-1')}" if query else path
        entry = Entry(0, name, client, attempt, None, None, scope["method"], target, realm.clock())
        latency = realm.world.latency
        scope.update({"path": path, "race401.realm": realm, "race401.entry": entry, "race401.ledger": self.ledger})
        written = False

        async def answer(message: Message) -> None:
            nonlocal written
            if not written and message["type"] == "http.response.start":
                if not entry.seq:
                    self.ledger.decide(entry)
                entry.status = message["status"]
                await self.gates.wait(ANSWER, entry, latency)
                written = True
                entry.answered_at = realm.clock()
                self.ledger.write(entry)
            await send(message)
            if (
                self._answered is not None
                and message["type"] == "http.response.body"
                and not message.get("more_body")
            ):
                self._answered(entry)

        try:
            await self.gates.wait(ARRIVE, entry, 0.0)
            if path in RESOURCES and (cause := self._refusal(realm, bearer, entry, scope)) is not None:
                entry.cause = cause
                self.ledger.decide(entry)
                await _refuse(cause, answer)
            else:
                await self.app(scope, receive, answer)
        finally:
            if not written:
                entry.status = 0
                self.ledger.write(entry)

    def _world(self, path: str) -> tuple[str, Realm, str]:
        """Return the world that the path's first segment names, or the default one, and the path within it."""
        name, slash, rest = path[1:].partition("/")
        realm = self.realms.get(name)
        return (DEFAULT, self.realms[DEFAULT], path) if realm is None else (name, realm, slash + rest)

    def _refusal(self, realm: Realm, bearer: bytes | None, entry: Entry, scope: Message) -> str | None:
        """Return why the request may not pass; None: it may, and the token is in the scope."""
        if bearer is None or bearer[:7].lower() != b"bearer ":
            return "missing_token"
        verified = realm.verify(bearer[7:].decode("latin-1"), entry, realm.world.leeway)
        if not isinstance(verified, Verified):
            return verified
        if realm.world.check_session:
            family = realm.store.get(verified.family)
            if family is None or family.revoked:
                return "session_revoked"
        scope["race401.token"] = verified
        return None


async def _refuse(cause: str, send: Send) -> None:
    body, challenge = ANSWERS[cause]
    headers = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"www-authenticate", challenge),
    ]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": body})
