"""Supabase Auth's wire contract: answers, and the error table, one case a row, in both formats."""

import base64
import json
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from mocks import NOW, WHO, Mock

from race401.mock_api.worlds import WORLDS

NEW = {"X-Supabase-Api-Version": "2024-01-01"}


@pytest.fixture
def mock() -> Mock:
    """A mock with one account."""
    mock = Mock()
    assert mock.client.post("/auth/v1/signup", json=WHO).status_code == 200
    return mock


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
        return mock.realm().keys.sign({name: value for name, value in plain.items() if value is not None})

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


PASSWORD = "/token?grant_type=password"
REFRESH = "/token?grant_type=refresh_token"
JWT = "invalid JWT: unable to parse or verify signature, "
TABLE: dict[str, tuple[Callable[[Mock], httpx.Response], int, str, str]] = {
    "no token": (
        lambda mock: mock.get("/auth/v1/user"),
        401,
        "no_authorization",
        "This endpoint requires a valid Bearer token",
    ),
    "expired token": (user(expired), 403, "bad_jwt", JWT + "token has invalid claims: token is expired"),
    "not three parts": (
        user(lambda _: "abc"),
        403,
        "bad_jwt",
        JWT + "token is malformed: token contains an invalid number of segments",
    ),
    "bad signature": (
        user(lambda mock: mock.sign_in()["access_token"][:-4] + "AAAA"),
        403,
        "bad_jwt",
        JWT + "token signature is invalid: signature is invalid",
    ),
    "session ended": (
        user(signed_out),
        403,
        "session_not_found",
        "Session from session_id claim in JWT does not exist",
    ),
    "no sub": (user(claiming(sub=None)), 403, "bad_jwt", "invalid claim: missing sub claim"),
    "sub no UUID": (user(claiming(sub="ada")), 400, "bad_jwt", "invalid claim: sub claim must be a UUID"),
    "user deleted": (user(deleted), 403, "user_not_found", "User from sub claim in JWT does not exist"),
    "banned, with a live token": (
        user(lambda mock: banned(mock)["access_token"]),
        403,
        "user_banned",
        "User is banned",
    ),
    "banned, at sign-in": (
        lambda mock: (banned(mock), post(PASSWORD, WHO)(mock))[1],
        400,
        "user_banned",
        "User is banned",
    ),
    "banned, at a refresh": (
        lambda mock: mock.refresh(banned(mock)["refresh_token"]),
        400,
        "user_banned",
        "Invalid Refresh Token: User Banned",
    ),
    "another audience": (
        user(claiming(aud="other")),
        400,
        "validation_failed",
        "Token audience doesn't match request audience",
    ),
    "unconfirmed": (unconfirmed, 400, "email_not_confirmed", "Email not confirmed"),
    "same password": (
        put({"password": WHO["password"]}),
        422,
        "same_password",
        "New password should be different from the old password.",
    ),
    "app_metadata of one's own": (
        put({"app_metadata": {"role": "admin"}}),
        403,
        "not_admin",
        "Updating app_metadata requires admin privileges",
    ),
    "a weak password of one's own": (
        put({"password": "12345"}),
        422,
        "weak_password",
        "Password should be at least 6 characters.",
    ),
    "another's address": (
        lambda mock: (post("/signup", WHO | {"email": "b@c.de"})(mock), put({"email": "b@C.de"})(mock))[1],
        422,
        "email_exists",
        "A user with this email address has already been registered",
    ),
    "admin without a token": (
        lambda mock: mock.get("/auth/v1/admin/users"),
        401,
        "no_authorization",
        "This endpoint requires a valid Bearer token",
    ),
    "admin without the role": (
        admin(lambda mock: mock.sign_in()["access_token"]),
        403,
        "not_admin",
        "User not allowed",
    ),
    "admin, no UUID": (
        admin(lambda mock: mock.realm().service_key(), "/ada"),
        404,
        "validation_failed",
        "user_id must be an UUID",
    ),
    "admin, nobody": (
        admin(lambda mock: mock.realm().service_key(), f"/{uuid.UUID(int=1)}"),
        404,
        "user_not_found",
        "User not found",
    ),
    "phone sign-in": (
        post(PASSWORD, {"phone": "4915123", "password": "x"}),
        400,
        "phone_provider_disabled",
        "Phone logins are disabled",
    ),
    "v1 with an upper-case letter": (
        post(REFRESH, {"refresh_token": "A" * 12}),
        400,
        "validation_failed",
        "Refresh token is not valid",
    ),
    "longer, and not v2": (
        post(REFRESH, {"refresh_token": "a" * 51}),
        400,
        "validation_failed",
        "Refresh token is not valid",
    ),
    "unknown grant": (post("/token?grant_type=magic", {}), 400, "invalid_credentials", "unsupported_grant_type"),
    "no grant": (post("/token", {}), 400, "invalid_credentials", "unsupported_grant_type"),
    "wrong password": (
        post(PASSWORD, WHO | {"password": "x"}),
        400,
        "invalid_credentials",
        "Invalid login credentials",
    ),
    "unknown account": (
        post(PASSWORD, {"email": "no@race401.test", "password": "x"}),
        400,
        "invalid_credentials",
        "Invalid login credentials",
    ),
    "neither email nor phone": (
        post(PASSWORD, {"password": "x"}),
        400,
        "validation_failed",
        "missing email or phone",
    ),
    "malformed refresh token": (
        post(REFRESH, {"refresh_token": "short"}),
        400,
        "validation_failed",
        "Refresh token is not valid",
    ),
    "no refresh token": (post(REFRESH, {}), 400, "validation_failed", "Refresh token is not valid"),
    "unknown refresh token": (
        post(REFRESH, {"refresh_token": "a" * 12}),
        400,
        "refresh_token_not_found",
        "Invalid Refresh Token: Refresh Token Not Found",
    ),
    "reuse detected": (reused, 400, "refresh_token_already_used", "Invalid Refresh Token: Already Used"),
    "bad logout scope": (
        lambda mock: mock.client.post(
            "/auth/v1/logout?scope=x", headers={"Authorization": f"Bearer {mock.sign_in()['access_token']}"}
        ),
        400,
        "validation_failed",
        'Unsupported logout scope "x"',
    ),
    "user exists": (post("/signup", WHO), 422, "user_already_exists", "User already registered"),
    "sign-up without a password": (
        post("/signup", {"email": "a@b.cd"}),
        400,
        "validation_failed",
        "Signup requires a valid password",
    ),
    "weak password": (
        post("/signup", {"email": "a@b.cd", "password": "12345"}),
        422,
        "weak_password",
        "Password should be at least 6 characters.",
    ),
    "long password": (
        post("/signup", {"email": "a@b.cd", "password": "x" * 73}),
        400,
        "validation_failed",
        "Password cannot be longer than 72 characters",
    ),
    "bad email": (
        post("/signup", {"email": "nobody", "password": "123456"}),
        400,
        "validation_failed",
        "Unable to validate email address: invalid format",
    ),
    "anonymous sign-up": (
        post("/signup", {}),
        422,
        "anonymous_provider_disabled",
        "Anonymous sign-ins are disabled",
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_the_error_table(mock: Mock, case: str) -> None:
    ask, status, code, message = TABLE[case]
    answer = ask(mock)
    assert answer.status_code == status
    body = answer.json()
    assert (body["code"], body["error_code"], body["msg"]) == (status, code, message)
    assert answer.headers["x-sb-error-code"] == code
    assert "x-supabase-api-version" not in answer.headers
    assert "www-authenticate" not in answer.headers, "GoTrue never sends one"


@pytest.mark.parametrize("case", TABLE)
def test_the_error_table_in_the_newer_format(mock: Mock, case: str) -> None:
    """Clients read `code` as a string only if the version is echoed."""
    mock.client.headers.update(NEW)
    ask, status, code, message = TABLE[case]
    answer = ask(mock)
    body = answer.json()
    assert (answer.status_code, body["code"], body["message"]) == (status, code, message)
    assert answer.headers["x-supabase-api-version"] == "2024-01-01"
    assert "msg" not in body


@pytest.mark.parametrize(
    ("asked", "newer"), [("2024-01-01", True), ("2099-01-01", True), ("2023-12-31", False), ("soon", False)]
)
def test_which_version_gets_which_format(mock: Mock, asked: str, newer: bool) -> None:
    answer = mock.get("/auth/v1/user", **{"X-Supabase-Api-Version": asked})
    assert ("message" in answer.json()) is newer


def test_a_body_that_is_no_json(mock: Mock) -> None:
    answer = post(PASSWORD, b"{")(mock)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "bad_json")
    assert answer.json()["msg"].startswith("Could not parse request body as JSON: ")


def test_a_weak_password_says_why(mock: Mock) -> None:
    answer = post("/signup", {"email": "a@b.cd", "password": "12345"})(mock)
    assert answer.json()["weak_password"] == {"reasons": ["length"]}


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


@pytest.mark.parametrize(
    "path", ["/otp", "/magiclink", "/recover", "/verify", "/resend", "/factors", "/sso", "/authorize", "/nowhere", ""]
)
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
