"""Supabase Auth's wire contract, what is answered where all is well. What is not is in `test_auth_errors`."""

import base64
import json
from typing import Any

import httpx
import pytest
from asking import (
    PASSWORD,
    post,
)
from mocks import NOW, WHO, Mock

from race401.mock_api.rules.worlds import WORLDS


@pytest.fixture
def mock() -> Mock:
    """A mock with one account."""
    mock = Mock()
    assert mock.client.post("/auth/v1/signup", json=WHO).status_code == 200
    return mock


def test_the_token_answer(mock: Mock) -> None:
    answer = post(PASSWORD, WHO)(mock)
    body = answer.json()
    assert list(body) == ["access_token", "token_type", "expires_in", "expires_at", "refresh_token", "user"]
    assert (body["token_type"], body["expires_in"], body["expires_at"]) == ("bearer", 3600, int(NOW) + 3600)
    assert len(body["refresh_token"]) == 12
    assert set(body["user"]) >= {"id", "aud", "role", "email", "phone", "app_metadata", "user_metadata", "identities"}
    assert answer.headers["sb-auth-user-id"] == body["user"]["id"]


def test_the_claims(mock: Mock) -> None:
    session = mock.sign_in()
    head, body, _ = session["access_token"].split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert json.loads(base64.urlsafe_b64decode(head + "==")) == {"alg": "HS256", "typ": "JWT"}
    assert claims["aud"] == claims["role"] == "authenticated"
    assert claims["exp"] - claims["iat"] == 3600
    assert (claims["sub"], claims["email"], claims["phone"]) == (session["user"]["id"], WHO["email"], "")
    assert claims["amr"] == [{"method": "password", "timestamp": int(NOW)}]
    assert not {"jti", "nbf"} & set(claims)


def test_two_tokens_of_one_second_are_the_same_bytes(mock: Mock) -> None:
    first = mock.sign_in()
    second = mock.refresh(first["refresh_token"]).json()
    assert second["access_token"] == first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]
    mock.now += 1
    assert mock.refresh(second["refresh_token"]).json()["access_token"] != first["access_token"]


@pytest.mark.parametrize(("scope", "ended"), [("local", [0]), ("others", [1, 2]), ("global", [0, 1, 2])])
def test_signing_out_ends_the_sessions_of_its_scope(mock: Mock, scope: str, ended: list[int]) -> None:
    sessions = [mock.sign_in() for _ in range(3)]
    bearer = {"Authorization": f"Bearer {sessions[0]['access_token']}"}
    answer = mock.client.post(f"/auth/v1/logout?scope={scope}", headers=bearer)
    assert (answer.status_code, answer.content) == (204, b"")
    answers = [mock.refresh(session["refresh_token"]) for session in sessions]
    assert [n for n, answer in enumerate(answers) if answer.status_code == 400] == ended


def test_the_ledger_knows_whose_a_forgotten_refresh_token_was(mock: Mock) -> None:
    """Its client is told nothing but `not found`; the record says which session it was, and which generation."""
    first = mock.sign_in()
    pair = mock.refresh(first["refresh_token"]).json()
    mock.client.post("/auth/v1/logout", headers={"Authorization": f"Bearer {pair['access_token']}"})
    assert mock.refresh(pair["refresh_token"]).json()["error_code"] == "refresh_token_not_found"
    ended = mock.ledger.entries[1].family
    assert (mock.last.grant_outcome, mock.last.family, mock.last.generation) == ("not_found", ended, 1)
    mock.refresh("a" * 12)
    assert (mock.last.grant_outcome, mock.last.family, mock.last.generation) == ("not_found", None, None)


def test_aged_sign_in(mock: Mock) -> None:
    session = mock.sign_in(remaining_s=61.0)
    assert session["expires_at"] == int(NOW) + 61
    mock.now = NOW + 60
    assert mock.get("/contacts", session["access_token"]).status_code == 200
    mock.now = NOW + 61
    assert mock.get("/contacts", session["access_token"]).status_code == 401


def test_aged_sign_in_refuses_what_it_does_not_know(mock: Mock) -> None:
    ask = mock.client.post
    unknown = ask("/_race401/sessions", json={**WHO, "world": "mars"})
    assert (unknown.status_code, unknown.json()["message"]) == (
        422,
        f"unknown world 'mars'; known: {', '.join(WORLDS)}",
    )
    assert ask("/_race401/sessions", json={**WHO, "password": "other"}).status_code == 409
    assert ask("/_race401/sessions", json={}).status_code == 422


@pytest.mark.parametrize("path", ["/magiclink", "/invite", "/factors", "/authorize", "/nowhere", ""])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_left_out_answers_as_an_unknown_route(mock: Mock, method: str, path: str) -> None:
    answer = mock.client.request(method, f"/auth/v1{path}", json={})
    assert (answer.status_code, answer.text) == (404, "404 page not found\n")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_another_method_is_not_allowed(mock: Mock) -> None:
    answer = mock.get("/auth/v1/token")
    assert (answer.status_code, answer.content) == (405, b"")


def test_health_and_keys(mock: Mock) -> None:
    assert mock.get("/auth/v1/health").json()["name"] == "GoTrue"
    keys = mock.get("/auth/v1/.well-known/jwks.json")
    assert (keys.json(), keys.headers["cache-control"]) == ({"keys": []}, "public, max-age=600")


def test_sign_ins_bring_tokens_of_the_age_that_was_asked_for(mock: Mock) -> None:
    def left(world: str = "supabase") -> int:
        mock.client.post(f"/{world}/auth/v1/signup", json=WHO)
        body: dict[str, int] = mock.client.post(f"/{world}/auth/v1{PASSWORD}", json=WHO).json()
        return body["expires_in"]

    def aging(**given: Any) -> httpx.Response:
        return mock.client.put("/_race401/aging", params=given)

    assert aging(world="rfc9700", remaining_s=59).status_code == 204
    assert (left("rfc9700"), left()) == (59, 3600)
    aging(world="rfc9700")
    assert left("rfc9700") == 3600
    assert aging(world="mars").status_code == 422
