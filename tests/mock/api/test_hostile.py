"""No input makes a server error, whatever its kind, and what was refused leaves nothing behind."""

import sys
import uuid
from collections import deque
from collections.abc import Iterator
from typing import Any

import pytest
from holding import held
from hostile import requests
from mocks import Mock, families
from mocks import run as now
from throwing import hold, use
from virtual import run

from race401.ledger.entry import Entry
from race401.ledger.masking import Masking
from race401.mock_api.api.supabase.rules import checked_password
from race401.mock_api.state.realm import Realm

SPEC: dict[str, Any] = Mock().app.app.openapi()  # type: ignore[attr-defined]
ROUTES = [(path, method) for path, methods in SPEC["paths"].items() for method in methods]
ROOM = 5_000_000  # bytes that any number of requests may add
FEW, ALL = 50, 1_000_000  # requests to a route

of_glibc = pytest.mark.skipif(sys.platform != "linux", reason="memory is told by glibc")


def throw(mock: Mock, path: str, method: str, most: int) -> None:
    """Throw what is hostile at a route, at most so many requests, evenly chosen."""
    signed_in = mock.sign_in()
    user, admin = signed_in["access_token"], mock.realm().mint.service_key()
    [session] = families(mock.realm())
    known = {"user_id": signed_in["user"]["id"], "session": session.id, "program": "1", "fault": "1"}
    every = list(requests(SPEC, path, method, known))
    chosen = every[:: -(-len(every) // most)]
    bearers = (user, admin) if path.startswith("/auth") else (user,)

    async def thrown() -> None:
        for sent in chosen:
            for bearer in bearers:
                if await hold(mock, sent, bearer) and method != "get":
                    await use(mock, user, admin)

    run(thrown())


def grown(most: int) -> int:
    """By how many bytes so many requests to every route make one mock grow, from its first one."""
    mock = Mock(anonymous=True)
    mock.ledger.entries = deque(maxlen=1000)  # as `serve --kept 1000`; it is full after these
    before = held()
    for path, method in ROUTES:
        throw(mock, path, method, most)
        for account in now(mock.realm().accounts.everyone()):
            now(mock.realm().sign_out_everywhere(account))
            now(mock.realm().accounts.remove(account))
    return held() - before


@pytest.mark.parametrize(("path", "method"), ROUTES)
def test_no_hostile_value_makes_a_server_error_or_leaves_anything_behind(path: str, method: str) -> None:
    throw(Mock(anonymous=True), path, method, FEW)


@pytest.mark.slow
@pytest.mark.parametrize(("path", "method"), ROUTES)
def test_nor_does_any_other(path: str, method: str) -> None:
    throw(Mock(anonymous=True), path, method, ALL)


@of_glibc
def test_hostile_requests_leave_memory_as_it_was() -> None:
    assert grown(8) < ROOM


@of_glibc
def test_growth_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[bytearray] = []
    mask = Masking.mask

    def keeps(masking: Masking, entry: Entry) -> None:
        kept.append(bytearray(40_000))
        mask(masking, entry)

    monkeypatch.setattr(Masking, "mask", keeps)
    assert grown(8) > ROOM


def test_a_server_error_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(email: str) -> str:
        if not email:
            raise RuntimeError("planted")
        return email

    monkeypatch.setattr("race401.mock_api.api.control.sessions.checked_email", broken)
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
