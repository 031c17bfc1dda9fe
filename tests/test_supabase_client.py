"""Real input: supabase_auth from PyPI, unmodified, against the mock over a socket."""

import json
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from supabase_auth import SyncGoTrueClient
from supabase_auth.errors import AuthApiError


@pytest.fixture(scope="module")
def mock() -> Iterator[str]:
    """The URL of a mock of its own."""
    command = [sys.executable, "-m", "race401.mock_api", "--json", "--exit-with-parent"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"]
        process.stdin.close()  # type: ignore[union-attr]
        assert process.wait(10) == 0


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
