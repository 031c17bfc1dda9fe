"""
The guard: one pure ASGI layer around the app that knows the world, checks the token and keeps the ledger.

Order of each request: world, entry, gate `arrive`, token, app, gate `answer`, entry written, answer.
It costs far less than a framework's dependencies, and it sees requests that no route does.
"""

import json
from collections.abc import Awaitable
from time import monotonic_ns

from race401.ledger.entry import UNAUTHORIZED, Entry, received
from race401.mock_api.http.facts import note
from race401.mock_api.http.lock import Lock, Refusal
from race401.mock_api.http.recorded_answer import RecordedAnswer, Server
from race401.mock_api.http.wire import App, Message, Receive, Send
from race401.mock_api.races.gates import ARRIVE
from race401.mock_api.races.matching import RESOURCES
from race401.mock_api.rules.worlds import DEFAULT
from race401.mock_api.signing.jwt import Verified
from race401.mock_api.state.realm import Realm
from race401.mock_api.state.store import Contended, StoreLost

CONTROL = "/_race401"
OURS = (CONTROL, "/docs", "/openapi.json", "/redoc")

JSON = b"application/json; charset=utf-8"
# PostgREST's answers (RFC 6750 s.3): no error code where no token was sent.
MISSING = b'{"code":"PGRST302","details":null,"hint":null,"message":"Anonymous access is disabled"}'
LOST = b'{"code":"PGRST001","details":null,"hint":null,"message":"Could not connect with the database"}'


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
    "ended_by_refresh": _invalid("PGRST303", "Token was ended by a refresh"),
    "generation_refused": _invalid("PGRST301", "No suitable key or wrong key type"),
    "store_lost": (LOST, b""),
}


def _entry(scope: Message, world: str, client: str | None, path: str, now: float) -> tuple[Entry, str | None]:
    """Return the entry of a request, and its Bearer token."""
    attempt = token = None
    for key, value in scope["headers"]:
        if key == b"authorization":
            token = value[7:].decode("latin-1") if value[:7].lower() == b"bearer " else None
        elif key == b"x-race401-client":
            client = value.decode("latin-1")
        elif key == b"x-race401-attempt":
            attempt = value.decode("latin-1")
    query = scope["query_string"]
    target = f"{path}?{query.decode('latin-1')}" if query else path
    return received(world, scope["method"], target, now, client, attempt), token


class Guard:
    """See the module's docstring."""

    def __init__(self, app: App, realms: dict[str, Realm], server: Server, key: str | None = None) -> None:
        self.app, self.realms, self.server, self.lock = app, realms, server, Lock(key)
        self.ledger = server.ledger  # for whoever judges in process

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        server, (name, realm, client, path) = self.server, self._world(scope["path"])
        if path.startswith(OURS):
            await self._ours(path, scope, receive, send)
            return
        entry, token = _entry(scope, name, client, path, realm.clock())
        note(entry, path, token, scope, server.ledger.fingerprints)
        scope.update(
            {
                "path": path,
                "root_path": "",  # what is routed is the path that was decided on
                "race401.realm": realm,
                "race401.entry": entry,
                "race401.ledger": server.ledger,
                "race401.received": monotonic_ns(),
            }
        )
        answer = RecordedAnswer(server, entry, realm.world.latency, (scope, receive, send))
        try:
            late = server.faults.delay(ARRIVE, entry) if server.faults.armed else 0.0
            answer.held = await server.gates.wait(ARRIVE, entry, late)
            if server.faults.armed and server.faults.redirects_to(entry.target):
                entry.redirect = server.ledger.fingerprints.fingerprint(entry.target)
            if server.faults.armed and (fault := server.faults.instead(entry)) is not None:
                if token is not None:
                    realm.current(token, entry, realm.world.leeway)  # the entry says whose
                await answer.fail(fault)
            elif path in RESOURCES and (asked := realm.foresee(token)) is not None and not await _answered(asked):
                entry.cause = "store_lost"
                await _refuse(entry.cause, answer.send, 503)
            elif path in RESOURCES and (cause := self._refusal(realm, token, entry, scope)) is not None:
                status = realm.world.unauthorized_status
                entry.cause, entry.refusal = cause, status != UNAUTHORIZED
                server.ledger.decide(entry)
                await _refuse(cause, answer.send, status, realm.world.unauthorized_body)
            elif realm.tracks_use and path in RESOURCES and not await _answered(realm.used(scope["race401.token"])):
                entry.cause = "store_lost"
                await _refuse(entry.cause, answer.send, 503)
            else:
                await self.app(scope, receive, answer.send)
        finally:
            answer.close()

    def _world(self, path: str) -> tuple[str, Realm, str | None, str]:
        """Return the world that the first segment names, or the default one, the client, and the path within.

        A client that can't send our header has a segment of its own: `/~name` at the root or after the world's.
        """
        name, slash, rest = path[1:].partition("/")
        realm = self.realms.get(name)
        if realm is None:
            name, realm, rest = DEFAULT, self.realms[DEFAULT], path
        else:
            rest = slash + rest or "/"
        if not rest.startswith("/~"):
            return name, realm, None, rest
        client, slash, rest = rest[2:].partition("/")
        return name, realm, client or None, slash + rest or "/"

    async def _ours(self, path: str, scope: Message, receive: Receive, send: Send) -> None:
        """Serve what is the mock's own and in no ledger: its pages to everybody, the control API behind its lock."""
        scope.update({"path": path, "root_path": ""})
        peer = scope.get("client")
        if path.startswith(CONTROL) and (why := self.lock.refusal(peer and peer[0], scope["headers"])) is not None:
            await _say_no(why, send)
        else:
            await self.app(scope, receive, send)

    def _refusal(self, realm: Realm, token: str | None, entry: Entry, scope: Message) -> str | None:
        """Return why the request may not pass; None: it may, and the token is in the scope."""
        if token is None:
            return "missing_token"
        verified = realm.verify(token, entry, realm.world.leeway)
        if not isinstance(verified, Verified):
            return verified
        if (cause := realm.ended(verified)) is not None:
            return cause
        if self.server.faults.armed and self.server.faults.refuses(entry):
            return "generation_refused"
        scope["race401.token"] = verified
        return None


async def _answered(asked: Awaitable[None]) -> bool:
    """Let the shared store be asked; tell whether it could be."""
    try:
        await asked
    except (StoreLost, Contended):
        return False
    return True


async def _refuse(cause: str, send: Send, status: int, instead: str = "") -> None:
    body, challenge = ANSWERS[cause]
    kind = JSON
    if instead:
        body, kind = instead.encode(), JSON if instead[0] in "{[" else b"text/plain; charset=utf-8"
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
    ]
    if challenge:
        headers.append((b"www-authenticate", challenge))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _say_no(why: Refusal, send: Send) -> None:
    body = json.dumps({"message": why.message}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": why.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
