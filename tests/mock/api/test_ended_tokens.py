"""What an exchange, a use or a revocation ends besides the refresh token, over HTTP."""

from typing import Any

import pytest
from mocks import WHO, Mock

from race401.mock_api.http.guard import MISSING
from race401.mock_api.signing.opaque import opened

GRACE = "django-oauth-toolkit-grace"


def served(mock: Mock, world: str, pair: dict[str, Any]) -> tuple[int, str | None]:
    """The status that a resource answers this access token with, and the ledger's cause."""
    status = mock.get(f"/{world}/contacts?limit=1", pair["access_token"]).status_code
    return status, mock.last.cause


def revoked(mock: Mock, world: str, pair: dict[str, Any]) -> str | None:
    """Revoke its refresh token (RFC 7009); what the ledger says that this ended."""
    assert mock.client.post(f"/{world}/oauth/revoke", data={"token": pair["refresh_token"]}).status_code == 200
    return mock.last.ended


@pytest.mark.parametrize("world", ["authlib", "oauth2-server", "django-oauth-toolkit"])
def test_a_refresh_ends_the_access_token_in_use(world: str) -> None:
    """In the same second too; and it ends neither the new one nor another session's."""
    mock = Mock()
    first, another = mock.sign_in(world), mock.sign_in(world)
    assert served(mock, world, first) == (200, None)
    second = mock.refresh(first["refresh_token"], world).json()
    status = mock.realm(world).world.unauthorized_status
    assert served(mock, world, first) == (status, "ended_by_refresh")
    assert mock.last.generation == 0
    assert served(mock, world, second) == served(mock, world, another) == (200, None)


@pytest.mark.parametrize("world", ["rfc9700", "simplejwt", "oidc-provider", "supabase"])
def test_elsewhere_it_lives_to_its_end(world: str) -> None:
    mock = Mock()
    first = mock.sign_in(world)
    mock.refresh(first["refresh_token"], world)
    assert served(mock, world, first) == (200, None)


def test_a_token_is_retired_when_the_new_access_token_is_first_used() -> None:
    """Until then the old pair works on, and the old refresh token brings another sibling; a refused use is none."""
    mock, world = Mock(), "doorkeeper"
    first = mock.sign_in(world)
    second = mock.refresh(first["refresh_token"], world).json()
    assert served(mock, world, first) == (200, None)
    assert mock.refresh(first["refresh_token"], world).status_code == 200
    assert mock.last.grant_outcome == "forked"
    mock.get(f"/{world}/contacts", second["access_token"] + "x")
    assert served(mock, world, first) == (200, None)
    assert served(mock, world, second) == (200, None)
    assert served(mock, world, first) == (401, "ended_by_refresh")
    assert mock.refresh(first["refresh_token"], world).status_code == 400
    assert (mock.last.grant_outcome, mock.last.ended) == ("reused", "none")
    assert mock.refresh(second["refresh_token"], world).status_code == 200


def test_a_reuse_can_end_all_sessions_of_the_user() -> None:
    """And nobody else's."""
    mock, world = Mock(), "better-auth"
    first, another = mock.sign_in(world), mock.sign_in(world)
    grace = mock.sign_in(world, email="grace@race401.test")
    newest = mock.refresh(first["refresh_token"], world).json()
    mock.refresh(first["refresh_token"], world)
    assert (mock.last.grant_outcome, mock.last.ended) == ("reused", "user")
    assert mock.refresh(newest["refresh_token"], world).status_code == 400
    assert mock.refresh(another["refresh_token"], world).status_code == 400
    assert mock.refresh(grace["refresh_token"], world).status_code == 200
    assert WHO["email"] != "grace@race401.test"


def test_revoking_a_used_token_leaves_its_successor() -> None:
    """So that a sign-out beside a refresh leaves a session behind; revoking the live one ends it for good."""
    mock, world = Mock(), "authlib"
    first = mock.sign_in(world)
    second = mock.refresh(first["refresh_token"], world).json()
    assert revoked(mock, world, first) == "none"
    third = mock.refresh(second["refresh_token"], world).json()
    assert revoked(mock, world, third) == "token"
    assert mock.refresh(third["refresh_token"], world).status_code == 400
    assert (mock.last.grant_outcome, mock.last.ended) == ("revoked", "none")


def test_elsewhere_it_ends_the_session() -> None:
    mock, world = Mock(), "rfc9700"
    first = mock.sign_in(world)
    second = mock.refresh(first["refresh_token"], world).json()
    assert revoked(mock, world, first) == "session"
    assert mock.refresh(second["refresh_token"], world).status_code == 400


def test_a_withdrawn_token_is_no_retry() -> None:
    """Whatever the world forgives of a token that was used, it does not forgive of one that its client revoked."""
    mock = Mock(revoke_ends="token")
    first = mock.sign_in("supabase")
    assert revoked(mock, "supabase", first) == "token"
    assert mock.refresh(first["refresh_token"]).status_code == 400


def test_a_grandparent_within_the_interval_is_a_reuse() -> None:
    """Where only the parent of the newest live token is forgiven."""
    mock = Mock()
    first = mock.sign_in(GRACE)
    second = mock.refresh(first["refresh_token"], GRACE).json()
    assert mock.refresh(first["refresh_token"], GRACE).json()["refresh_token"] == second["refresh_token"]
    third = mock.refresh(second["refresh_token"], GRACE).json()
    mock.refresh(first["refresh_token"], GRACE)
    assert (mock.last.grant_outcome, mock.last.ended) == ("reused", "family")
    assert mock.refresh(third["refresh_token"], GRACE).status_code == 400
    assert served(mock, GRACE, third) == (403, "session_revoked")


def test_reuses_can_be_counted() -> None:
    """A token with a maximum of two reuses works three times."""
    mock = Mock(reuse_count=2)
    first = mock.sign_in("rfc9700")
    for outcome in ("rotated", "forked", "forked", "reused"):
        mock.now += 1_000
        mock.refresh(first["refresh_token"], "rfc9700")
        assert mock.last.grant_outcome == outcome


# --- in which words, and which bytes ---


@pytest.mark.parametrize(
    ("world", "status"), [("rfc9700", 400), ("simplejwt", 401), ("authlib", 400), ("django-oauth-toolkit", 400)]
)
def test_a_refusal_has_the_servers_status(world: str, status: int) -> None:
    """At both token endpoints, and nothing else has it: an unknown grant stays a 400."""
    mock = Mock()
    first = mock.sign_in(world)["refresh_token"]
    mock.refresh(first, world)
    refused = mock.refresh(first, world)
    assert (refused.status_code, "error" in refused.json()) == (status, world in ("authlib", "django-oauth-toolkit"))
    form = {"grant_type": "refresh_token", "refresh_token": first}
    refused = mock.client.post(f"/{world}/oauth/token", data=form)
    assert (refused.status_code, refused.json()["error"]) == (status, "invalid_grant")
    assert mock.client.post(f"/{world}/oauth/token", data={**form, "grant_type": "magic"}).status_code == 400


def test_an_error_can_come_as_a_200() -> None:
    mock = Mock(refusal_status=200, refusal_body="oauth")
    first = mock.sign_in("rfc9700")["refresh_token"]
    mock.refresh(first, "rfc9700")
    refused = mock.refresh(first, "rfc9700")
    assert (refused.status_code, refused.json()["error"]) == (200, "invalid_grant")
    assert (mock.last.grant_outcome, mock.last.ended) == ("reused", "family")


@pytest.mark.parametrize(
    ("world", "status", "ended", "alive"),
    [("better-auth", 400, "user", 400), ("better-auth-interval", 400, "user", 400), ("simplejwt", 401, "none", 200)],
)
def test_who_revokes_a_consumed_token_can_be_refused(world: str, status: int, ended: str, alive: int) -> None:
    """In the reuse interval too. It ends nothing, or what a reuse ends: all of the user's, and nobody else's."""
    mock = Mock()
    first, other = mock.sign_in(world), mock.sign_in(world)
    unrelated = mock.sign_in(world, email="bob@race401.test")
    second = mock.refresh(first["refresh_token"], world).json()
    answer = mock.client.post(f"/{world}/oauth/revoke", data={"token": first["refresh_token"]})
    assert (answer.status_code, answer.json()["error"], mock.last.ended) == (status, "invalid_request", ended)
    refused = mock.realm(world).world.refusal_status
    for pair, expected in ((second, alive), (other, alive), (unrelated, 200)):
        assert mock.refresh(pair["refresh_token"], world).status_code == (200 if expected == 200 else refused)


@pytest.mark.parametrize("world", ["better-auth", "simplejwt"])
def test_one_that_lives_is_revoked_as_anywhere(world: str) -> None:
    mock = Mock()
    first = mock.sign_in(world)
    assert revoked(mock, world, mock.refresh(first["refresh_token"], world).json()) in ("session", "token")


@pytest.mark.parametrize("status", [401, 403, 419, 200])
def test_resources_refuse_with_the_status_and_the_body_of_the_world(status: int) -> None:
    """Whatever the reason; and the ledger counts each of them as a refusal of the access token."""
    body = '{"errors": [{"message": "no", "extensions": {"code": "UNAUTHENTICATED"}}]}'
    mock = Mock(unauthorized_status=status, unauthorized_body=body)
    for token, cause in ((None, "missing_token"), ("a.b.c", "malformed")):
        answer = mock.get("/rfc9700/contacts", token)
        assert (answer.status_code, answer.text, mock.last.cause) == (status, body, cause)
        assert answer.headers["Content-Type"].startswith("application/json")
        assert mock.last.unauthorized
    assert mock.get("/rfc9700/contacts", mock.sign_in("rfc9700")["access_token"]).status_code == 200
    assert not mock.last.unauthorized


@pytest.mark.parametrize(("body", "kind"), [("<h1>No</h1>", "text/plain"), ("", "application/json")])
def test_a_body_that_is_no_json_is_a_text_and_none_is_postgrest_s(body: str, kind: str) -> None:
    answer = Mock(unauthorized_body=body).get("/rfc9700/contacts")
    assert answer.text == (body or MISSING.decode())
    assert answer.headers["Content-Type"].startswith(kind)


def test_an_opaque_access_token_serves_and_says_nothing() -> None:
    """To the auth server's routes too; one that was tampered with, and the JWT within it, do not."""
    mock, world = Mock(), "authlib"
    first = mock.sign_in(world)
    token = first["access_token"]
    assert "." not in token
    assert served(mock, world, first) == (200, None)
    assert mock.get(f"/{world}/auth/v1/user", token).status_code == 200
    assert mock.admin("GET", world=world).status_code == 200
    for wrong in (token[:-4], token[7:], "opaque_", "opaque_~~~~", opened(token)):
        assert served(mock, world, {"access_token": wrong})[0] == 401, wrong


def test_a_refresh_token_can_be_a_jwt() -> None:
    """It refreshes, and no resource takes it for an access token; one of another key is unknown."""
    mock, world = Mock(), "simplejwt"
    first = mock.sign_in(world)
    assert first["refresh_token"].count(".") == 2
    assert served(mock, world, {"access_token": first["refresh_token"]}) == (401, "wrong_audience")
    other = Mock().sign_in(world)["refresh_token"]
    assert mock.refresh(other, world).status_code == 401
    assert mock.last.grant_outcome == "not_found"
    assert mock.refresh(first["refresh_token"], world).status_code == 200
