"""The control API: clients by path, sessions, and questions to the ledger."""

import json

import httpx
import pytest
from locustruns import served_mock
from mocks import WHO, Mock


@pytest.mark.parametrize(
    ("path", "world", "client", "target"),
    [
        ("/contacts?limit=1", "supabase", None, "/contacts?limit=1"),
        ("/rfc9700/contacts", "rfc9700", None, "/contacts"),
        ("/~curl/contacts?limit=1", "supabase", "curl", "/contacts?limit=1"),
        ("/rfc9700/~my%20app/auth/v1/health", "rfc9700", "my app", "/auth/v1/health"),
        ("/rfc9700/~", "rfc9700", None, "/"),
    ],
)
def test_a_client_is_told_apart_by_its_path(path: str, world: str, client: str | None, target: str) -> None:
    mock = Mock()
    mock.client.get(path)
    assert (mock.last.world, mock.last.client, mock.last.target) == (world, client, target)


def test_the_header_beats_the_path() -> None:
    mock = Mock()
    mock.client.get("/~path/contacts", headers={"X-Race401-Client": "header"})
    assert mock.last.client == "header"


def test_sessions_are_listed_looked_at_and_ended() -> None:
    mock = Mock()
    mine, other = mock.sign_in(), mock.sign_in(email="grace@race401.test")
    mock.refresh(mine["refresh_token"])
    listed = mock.client.get("/_race401/sessions").json()
    assert [(each["email"], each["generation"]) for each in listed] == [(WHO["email"], 1), ("grace@race401.test", 0)]
    assert mock.client.get(f"/_race401/sessions?email={WHO['email']}").json() == listed[:1]
    assert mock.client.get("/_race401/sessions?world=rfc9700").json() == []
    assert mock.client.get("/_race401/sessions?world=mars").status_code == 422
    one = f"/_race401/sessions/{listed[1]['id']}"
    assert mock.client.get(one).json() == listed[1]
    assert other["refresh_token"] not in json.dumps(listed)
    assert mock.client.delete(one).status_code == 204
    assert mock.client.get(one).status_code == mock.client.delete(one).status_code == 404
    assert mock.refresh(other["refresh_token"]).json()["error_code"] == "refresh_token_not_found"
    assert mock.get("/contacts", other["access_token"]).status_code == 200, "a JWT lives on"


def test_questions_to_the_ledger() -> None:
    mock = Mock()
    session = mock.sign_in()
    mock.get("/~a/contacts")
    mock.get("/~b/contacts", session["access_token"])
    mock.get("/rfc9700/~a/contacts")

    def seqs(query: str) -> list[int]:
        lines = mock.client.get(f"/_race401/ledger?{query}").text.splitlines()
        return [json.loads(line)["seq"] for line in lines]

    assert seqs("") == [1, 2, 3]
    assert seqs("client=a") == [1, 3]
    assert seqs("world=supabase") == [1, 2]
    assert seqs("cause=missing_token&since=1") == [3]


def test_the_ledger_can_be_followed() -> None:
    with served_mock() as url, httpx.Client(base_url=url, trust_env=False) as client:
        client.get("/~a/contacts")
        with client.stream("GET", "/_race401/ledger?follow=true&client=a") as stream:
            lines = stream.iter_lines()
            assert json.loads(next(lines))["target"] == "/contacts"
            client.get("/~b/contacts")
            client.get("/~a/messages")
            assert json.loads(next(lines))["target"] == "/messages"
