"""No input makes a server error, whatever its kind, and what was refused leaves nothing behind."""

import json
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest
from hostile import Sent, requests
from mocks import WHO, Mock, families
from mocks import run as now
from virtual import run

from race401.mock_api.api.supabase.rules import checked_password
from race401.mock_api.state.realm import Realm

SPEC: dict[str, Any] = Mock().app.app.openapi()  # type: ignore[attr-defined]
ROUTES = [(path, method) for path, methods in SPEC["paths"].items() for method in methods]

FEW, ALL = 150, 1_000_000  # requests to a route
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
    return accounts, sessions, clock, list(server.faults.armed), list(api.state.races.armed)  # type: ignore[attr-defined]


def said(text: str) -> Any:
    raise AssertionError(f"{text} is no JSON")


async def hold(mock: Mock, sent: Sent, bearer: str) -> bool:
    """Ask, and hold the answer to what every answer is; tell whether it was no refusal."""
    before = kept(mock)
    status, body = await ask(mock, sent, bearer)
    armed = status == 0 or (len(mock.ledger.entries) > 0 and mock.last.cause == "fault")
    assert status < 500 or armed, (status, sent)
    if body[:1] in {b"{", b"["} and b"\n" not in body:
        json.loads(body, parse_constant=said)
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
        for account in await realm.accounts.everyone():
            if account.email != WHO["email"]:
                await realm.sign_out_everywhere(account)
                await realm.accounts.remove(account)


def throw(mock: Mock, path: str, method: str, most: int) -> None:
    """Throw what is hostile at a route, at most so many requests, evenly chosen."""
    signed_in = mock.sign_in()
    user, admin = signed_in["access_token"], mock.realm().service_key()
    [session] = families(mock.realm())
    known = {"user_id": signed_in["user"]["id"], "session": session.id, "program": "1", "fault": "1"}
    every = list(requests(SPEC, path, method, known))

    async def thrown() -> None:
        for sent in every[:: -(-len(every) // most)]:
            for bearer in (user, admin) if path.startswith("/auth") else (user,):
                if await hold(mock, sent, bearer) and method != "get":
                    await use(mock, user, admin)

    run(thrown())


@pytest.mark.parametrize(("path", "method"), ROUTES)
def test_no_hostile_value_makes_a_server_error_or_leaves_anything_behind(path: str, method: str) -> None:
    throw(Mock(anonymous=True), path, method, FEW)


@pytest.mark.slow
@pytest.mark.parametrize(("path", "method"), ROUTES)
def test_nor_does_any_other(path: str, method: str) -> None:
    throw(Mock(anonymous=True), path, method, ALL)


def test_a_server_error_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(email: str) -> str:
        if not email:
            raise RuntimeError("planted")
        return email

    monkeypatch.setattr("race401.mock_api.api.control.checked_email", broken)
    with pytest.raises(RuntimeError, match="planted"):
        throw(Mock(), "/_race401/sessions", "post", ALL)


def test_what_a_refused_request_leaves_behind_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def first_kept(realm: Realm, password: str) -> str:
        now(realm.sign_up(f"{uuid.uuid4()}@race401.test", password, {}))
        return checked_password(realm, password)

    monkeypatch.setattr("race401.mock_api.api.supabase.signup.checked_password", first_kept)
    with pytest.raises(AssertionError, match="left something"):
        throw(Mock(), "/auth/v1/signup", "post", ALL)


def references(told: Any) -> Iterator[str]:
    """Every reference in a document, a discriminator's too."""
    if isinstance(told, dict):
        for name, each in told.items():
            if name == "$ref":
                yield each
            elif name == "mapping" and isinstance(each, dict):
                yield from each.values()
            else:
                yield from references(each)
    elif isinstance(told, list):
        for each in told:
            yield from references(each)


def lost(document: Any) -> list[str]:
    """The references that lead nowhere."""
    nowhere = []
    for reference in references(document):
        place = document
        for step in reference.removeprefix("#/").split("/"):
            place = place.get(step, {}) if isinstance(place, dict) else {}
        if not reference.startswith("#/") or not place:
            nowhere.append(reference)
    return nowhere


def test_every_reference_of_the_openapi_leads_somewhere() -> None:
    served = Mock().client.get("/openapi.json").json()
    assert len(list(references(served))) > 5
    assert lost(served) == []
    served["paths"]["/contacts"]["get"]["requestBody"] = {"schema": {"$ref": "#/$defs/Match"}}
    assert lost(served) == ["#/$defs/Match"]
