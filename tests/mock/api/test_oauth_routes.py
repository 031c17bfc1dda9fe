"""The plain OAuth 2.0 face: the same sessions, RFC 6749's answers, GoTrue's `/oauth/token` errors."""

from typing import Any

import httpx
import pytest
from mocks import WHO, Mock

from race401.mock_api.api import oauth
from race401.mock_api.api.supabase import AuthProblem

USER = {"username": WHO["email"], "password": WHO["password"]}


@pytest.fixture
def mock() -> Mock:
    """A mock with one account."""
    mock = Mock()
    assert mock.client.post("/auth/v1/signup", json=WHO).status_code == 200
    return mock


def grant(mock: Mock, grant_type: str, world: str = "supabase", **form: str) -> httpx.Response:
    """The answer of the token endpoint."""
    return mock.client.post(f"/{world}/oauth/token", data={"grant_type": grant_type, **form})


def signed_in(mock: Mock) -> dict[str, Any]:
    """The token answer of a password grant."""
    answer = grant(mock, "password", **USER)
    assert answer.status_code == 200, answer.text
    plain: dict[str, Any] = answer.json()
    return plain


def test_the_answer_is_rfc_6749s(mock: Mock) -> None:
    answer = grant(mock, "password", **USER)
    assert sorted(answer.json()) == ["access_token", "expires_in", "refresh_token", "token_type"]
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("bearer", 3600)
    assert answer.headers["cache-control"] == "no-store"
    assert mock.get("/contacts", answer.json()["access_token"]).status_code == 200


def test_a_scope_that_was_asked_for_is_granted_and_said(mock: Mock) -> None:
    """A client that keeps what the answer says of it renews without one if nothing is said."""
    first = grant(mock, "password", scope="offline_access api", **USER).json()
    assert first["scope"] == "offline_access api"
    again = grant(mock, "refresh_token", refresh_token=first["refresh_token"], scope=first["scope"])
    assert again.json()["scope"] == "offline_access api"
    assert "scope" not in grant(mock, "refresh_token", refresh_token=again.json()["refresh_token"]).json()


def test_a_refresh_rotates_and_both_dialects_share_the_family(mock: Mock) -> None:
    first = signed_in(mock)["refresh_token"]
    second = grant(mock, "refresh_token", refresh_token=first).json()["refresh_token"]
    assert (mock.last.grant_outcome, mock.last.generation) == ("rotated", 0)
    assert mock.refresh(second).status_code == 200
    assert (mock.last.grant_outcome, mock.last.generation) == ("rotated", 1)


def test_a_server_that_does_not_rotate_omits_the_refresh_token(mock: Mock) -> None:
    who = mock.sign_in("no-rotation")
    answer = grant(mock, "refresh_token", "no-rotation", refresh_token=who["refresh_token"])
    assert sorted(answer.json()) == ["access_token", "expires_in", "token_type"]


def test_reuse_is_an_invalid_grant(mock: Mock) -> None:
    who = mock.sign_in("rfc9700")
    assert grant(mock, "refresh_token", "rfc9700", refresh_token=who["refresh_token"]).status_code == 200
    answer = grant(mock, "refresh_token", "rfc9700", refresh_token=who["refresh_token"])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert mock.last.grant_outcome == "reused"


@pytest.mark.parametrize(
    ("form", "error", "description"),
    [
        ({}, "invalid_request", "grant_type is missing"),
        ({"grant_type": "magic"}, "unsupported_grant_type", "magic is not supported"),
        ({"grant_type": "password"}, "invalid_grant", "missing email or phone"),
        ({"grant_type": "password", "username": "ada@race401.test"}, "invalid_grant", "Invalid login credentials"),
        ({"grant_type": "refresh_token"}, "invalid_grant", "Refresh token is not valid"),
        (
            {"grant_type": "refresh_token", "refresh_token": "abcdefghijkl"},
            "invalid_grant",
            "Invalid Refresh Token: Refresh Token Not Found",
        ),
    ],
    ids=lambda value: value.get("grant_type", "none") if isinstance(value, dict) else None,
)
def test_every_refusal_is_a_400(mock: Mock, form: dict[str, str], error: str, description: str) -> None:
    answer = mock.client.post("/oauth/token", data=form)
    assert answer.status_code == 400
    assert answer.json() == {"error": error, "error_description": description}


@pytest.mark.parametrize("kind", ["refresh_token", "access_token"])
def test_a_revoked_token_ends_its_session(mock: Mock, kind: str) -> None:
    pair = signed_in(mock)
    assert mock.client.post("/oauth/revoke", data={"token": pair[kind]}).status_code == 200
    assert mock.last.family is not None
    refused = grant(mock, "refresh_token", refresh_token=pair["refresh_token"])
    assert refused.json()["error"] == "invalid_grant"


def test_revoking_what_is_not_known_is_no_error(mock: Mock) -> None:
    assert mock.client.post("/oauth/revoke", data={"token": "unknown"}).status_code == 200
    assert mock.client.post("/oauth/revoke").json()["error"] == "invalid_request"


@pytest.mark.parametrize("status", [409, 429])
def test_a_grant_that_was_not_judged_is_not_refused_for_good(
    mock: Mock, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    async def busy(*_: object) -> None:
        raise AuthProblem(status, "over_request_rate_limit", "Request rate limit reached")

    monkeypatch.setattr(oauth, "grant_of", busy)
    answer = grant(mock, "refresh_token", refresh_token="abcdefghijkl")
    assert (answer.status_code, answer.json()["error"]) == (status, "temporarily_unavailable")
