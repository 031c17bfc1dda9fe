"""Requests to the auth server, each answered by whichever mock it is given."""

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
from mocks import NOW, Mock

NEW = {"X-Supabase-Api-Version": "2024-01-01"}
PASSWORD = "/token?grant_type=password"
REFRESH = "/token?grant_type=refresh_token"


def post(path: str, body: Any = None, **more: Any) -> Callable[[Mock], httpx.Response]:
    """A request to the auth server."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda mock: mock.client.post(f"/auth/v1{path}", content=content, **more)


def user(token: Callable[[Mock], str]) -> Callable[[Mock], httpx.Response]:
    """`GET /user` with this token."""
    return lambda mock: mock.get("/auth/v1/user", token(mock))


def expired(mock: Mock) -> str:
    """A token whose second of expiry has just come."""
    token: str = mock.sign_in()["access_token"]
    mock.now = NOW + 3600
    return token


def signed_out(mock: Mock) -> str:
    """A genuine token of a session that has ended."""
    token: str = mock.sign_in()["access_token"]
    mock.client.post("/auth/v1/logout", headers={"Authorization": f"Bearer {token}"})
    return token


def claiming(**claims: Any) -> Callable[[Mock], str]:
    """A genuine token that says something else; None takes a claim out."""

    def token(mock: Mock) -> str:
        body = mock.sign_in()["access_token"].split(".")[1]
        plain = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))) | claims
        return mock.realm().mint.keys.sign({name: value for name, value in plain.items() if value is not None})

    return token


def deleted(mock: Mock) -> str:
    """A genuine token of a user who is no more."""
    session = mock.sign_in()
    assert mock.admin("DELETE", f"/{session['user']['id']}").json() == {}
    return str(session["access_token"])


def banned(mock: Mock) -> dict[str, Any]:
    """A session of a user who was banned since."""
    session = mock.sign_in()
    mock.admin("PUT", f"/{session['user']['id']}", {"ban_duration": "24h"})
    return session


def unconfirmed(mock: Mock) -> httpx.Response:
    """The answer to a sign-in with an address that nobody confirmed."""
    who = {"email": "new@race401.test", "password": "correct horse"}
    mock.admin("POST", body=who)
    return post(PASSWORD, who)(mock)


def put(body: dict[str, Any]) -> Callable[[Mock], httpx.Response]:
    """A change of the user's own account."""

    def ask(mock: Mock) -> httpx.Response:
        bearer = {"Authorization": f"Bearer {mock.sign_in()['access_token']}"}
        return mock.client.put("/auth/v1/user", json=body, headers=bearer)

    return ask


def admin(token: Callable[[Mock], str], path: str = "") -> Callable[[Mock], httpx.Response]:
    """A look at the accounts with this token."""
    return lambda mock: mock.get(f"/auth/v1/admin/users{path}", token(mock))


def reused(mock: Mock) -> httpx.Response:
    """The answer to a grandparent's token, outside the interval."""
    first = mock.sign_in()["refresh_token"]
    second = mock.refresh(first).json()["refresh_token"]
    mock.refresh(second)
    mock.now += 11
    return mock.refresh(first)
