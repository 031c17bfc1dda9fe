"""Requests thrown at a mock in this process, in no time, and what every answer is held to."""

import json
from typing import Any
from urllib.parse import unquote

from hostile import Sent
from mocks import WHO, Mock, families
from mocks import run as now

NEW = b'{"email":"new@race401.test","password":"correct horse"}'


async def ask(mock: Mock, sent: Sent, bearer: str = "") -> tuple[int, bytes]:
    """The answer's status and body; status 0: the connection was broken on purpose."""
    path, _, query = sent.target.partition("?")
    arriving = [{"type": "http.request", "body": sent.body, "more_body": False}]
    answer: list[Any] = []

    async def receive() -> dict[str, Any]:
        return arriving.pop() if arriving else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        answer.append(message)

    token = [(b"authorization", f"Bearer {bearer}".encode())] if bearer else []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "http",
        "method": sent.method,
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1"), *token, *sent.headers],
        "state": {},
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 80),
    }
    try:
        await mock.app(scope, receive, send)
    except ConnectionResetError:
        return 0, b""
    return answer[0]["status"], b"".join(message.get("body", b"") for message in answer[1:])


def kept(mock: Mock) -> tuple[Any, ...]:
    """All that requests can leave behind."""
    api, server = mock.app.app, mock.app.server
    realms = mock.app.realms.values()
    accounts = [len(now(realm.accounts.everyone())) for realm in realms]
    sessions = [len(families(realm)) for realm in realms]
    clock = server.clock.ahead, server.clock.frozen, [realm.remaining for realm in realms]
    return accounts, sessions, clock, list(server.faults.armed), list(api.state.programs.armed)  # type: ignore[attr-defined]


def refusal_of(text: str) -> Any:
    raise AssertionError(f"{text} is no JSON")


async def hold(mock: Mock, sent: Sent, bearer: str) -> bool:
    """Ask, and hold the answer to what every answer is; tell whether it was no refusal."""
    before = kept(mock)
    status, body = await ask(mock, sent, bearer)
    armed = status == 0 or (len(mock.ledger.entries) > 0 and mock.last.cause == "fault")
    assert status < 500 or armed, (status, sent)
    if body[:1] in {b"{", b"["} and b"\n" not in body:
        json.loads(body, parse_constant=refusal_of)
    assert 200 <= status < 400 or armed or kept(mock) == before, (
        f"{sent} was refused with {status}, and left something"
    )
    return 200 <= status < 400


async def use(mock: Mock, user: str, admin: str) -> None:
    """Use everything that what was accepted could have spoilt, then take it back."""
    for path in ("", "/sessions", "/faults", "/programs", "/clock", "/counts", "/ledger"):
        await hold(mock, Sent("GET", f"/_race401{path}"), "")
    for path in ("/auth/v1/user", "/contacts", "/messages", "/persona-notes"):
        await hold(mock, Sent("GET", path), user)
    await hold(mock, Sent("GET", "/auth/v1/admin/users"), admin)
    await hold(mock, Sent("POST", "/auth/v1/signup", NEW), "")
    for path in ("/faults", "/programs"):
        await hold(mock, Sent("DELETE", f"/_race401{path}"), "")
    await hold(mock, Sent("POST", "/_race401/clock", b'{"ahead_s":0,"frozen":false}'), "")
    await hold(mock, Sent("PUT", "/_race401/aging"), "")
    await hold(mock, Sent("POST", "/_race401/reset"), "")
    for realm in mock.app.realms.values():
        # What was made and meant: taken back, so that the next request meets the same mock.
        for account in await realm.accounts.everyone():
            if account.email != WHO["email"]:
                await realm.sign_out_everywhere(account)
                await realm.accounts.remove(account)
