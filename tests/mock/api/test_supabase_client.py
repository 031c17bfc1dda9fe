"""Real input: supabase_auth from PyPI, unmodified, against the mock over a socket."""

from collections.abc import Iterator

import httpx
import pytest
from supabase_auth import SyncGoTrueClient
from supabase_auth.errors import AuthApiError, AuthWeakPasswordError

from race401.harness.card.mock import Mock


@pytest.fixture(scope="module")
def mock() -> Iterator[str]:
    """The URL of a mock of its own."""
    with Mock(()) as running:
        yield running.url


@pytest.fixture
def client(mock: str) -> Iterator[SyncGoTrueClient]:
    """A client without its background timer."""
    with SyncGoTrueClient(url=f"{mock}/auth/v1", auto_refresh_token=False, persist_session=False) as client:
        yield client


def test_a_whole_life(client: SyncGoTrueClient, mock: str) -> None:
    """Signs up, signs in, reads its user, refreshes, is answered by the API, signs out."""
    who = {"email": "ada@race401.test", "password": "correct horse"}
    signed_up = client.sign_up(who)  # type: ignore[arg-type]
    assert signed_up.session is not None
    signed_in = client.sign_in_with_password(who)  # type: ignore[arg-type]
    assert signed_in.session is not None
    user = client.get_user()
    assert user is not None
    assert user.user.email == "ada@race401.test"
    refreshed = client.refresh_session().session
    assert refreshed is not None
    assert refreshed.refresh_token != signed_in.session.refresh_token
    bearer = {"Authorization": f"Bearer {refreshed.access_token}"}
    assert len(httpx.get(f"{mock}/contacts?limit=1000", headers=bearer).json()) == 1000
    client.sign_out()
    assert client.get_session() is None
    answer = httpx.get(f"{mock}/auth/v1/user", headers=bearer)
    assert (answer.status_code, answer.json()["error_code"]) == (403, "session_not_found")


def test_a_refusal_is_understood(client: SyncGoTrueClient) -> None:
    """The client reads the error's code and message as the real server's."""
    with pytest.raises(AuthApiError) as caught:
        client.sign_in_with_password({"email": "nobody@race401.test", "password": "wrong"})
    assert caught.value.message == "Invalid login credentials"
    assert caught.value.code == "invalid_credentials"


@pytest.mark.parametrize("world", ["supabase", "supabase-v2", "overlap-same-pair", "rfc9700"])
def test_the_client_in_other_worlds(mock: str, world: str) -> None:
    """It refreshes time and again, changes its password, and is told when its session has ended."""
    who = {"email": f"{world}@race401.test", "password": "correct horse"}
    with SyncGoTrueClient(url=f"{mock}/{world}/auth/v1", auto_refresh_token=False, persist_session=False) as client:
        client.sign_up(who)  # type: ignore[arg-type]
        tokens = [client.refresh_session().session for _ in range(3)]
        assert len({session.refresh_token for session in tokens if session is not None}) == 3
        changed = client.update_user({"password": "battery staple", "data": {"name": "Ada"}})
        assert changed.user.user_metadata["name"] == "Ada"
        with pytest.raises(AuthApiError, match="New password should be different"):
            client.update_user({"password": "battery staple"})
        assert tokens[-1] is not None
        client.admin.sign_out(tokens[-1].access_token, "global")
        with pytest.raises(AuthApiError) as caught:
            client.refresh_session(tokens[-1].refresh_token)
        assert str(caught.value.code) == "refresh_token_not_found"


def test_the_clients_own_admin(mock: str) -> None:
    """Makes, lists, reads, changes and deletes an account, with the key that the control API offers."""
    key = httpx.get(f"{mock}/_race401").json()["service_keys"]["supabase"]
    headers = {"Authorization": f"Bearer {key}"}
    with SyncGoTrueClient(url=f"{mock}/auth/v1", headers=headers, auto_refresh_token=False) as client:
        made = client.admin.create_user({"email": "grace@race401.test", "password": "correct horse"}).user
        assert made.id in {user.id for user in client.admin.list_users(page=1, per_page=100)}
        assert client.admin.get_user_by_id(made.id).user.email == "grace@race401.test"
        confirmed = client.admin.update_user_by_id(made.id, {"email_confirm": True, "ban_duration": "none"}).user
        assert confirmed.email_confirmed_at is not None
        client.admin.delete_user(made.id)
        with pytest.raises(AuthApiError, match="User not found"):
            client.admin.get_user_by_id(made.id)


def test_a_weak_password_is_understood(client: SyncGoTrueClient) -> None:
    """The client knows this error by its reasons."""
    with pytest.raises(AuthWeakPasswordError) as caught:
        client.sign_up({"email": "weak@race401.test", "password": "12345"})
    assert caught.value.reasons == ["length"]
