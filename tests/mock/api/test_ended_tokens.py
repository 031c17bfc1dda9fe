"""What an exchange, a use or a revocation ends besides the refresh token, over HTTP."""

from typing import Any

import pytest
from mocks import WHO, Mock

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
    assert served(mock, world, first) == (401, "ended_by_refresh")
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
    mock, world = Mock(), "simplejwt"
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
    assert served(mock, GRACE, third) == (401, "session_revoked")


def test_reuses_can_be_counted() -> None:
    """A token with a maximum of two reuses works three times."""
    mock = Mock(reuse_count=2)
    first = mock.sign_in("rfc9700")
    for outcome in ("rotated", "forked", "forked", "reused"):
        mock.now += 1_000
        mock.refresh(first["refresh_token"], "rfc9700")
        assert mock.last.grant_outcome == outcome
