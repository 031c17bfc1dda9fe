"""Supabase Auth's error table, one case a row, in both formats."""

import uuid
from collections.abc import Callable

import httpx
import pytest
from asking import (
    NEW,
    PASSWORD,
    REFRESH,
    admin,
    banned,
    claiming,
    deleted,
    expired,
    post,
    put,
    reused,
    signed_out,
    unconfirmed,
    user,
)
from mocks import WHO, Mock


@pytest.fixture
def mock() -> Mock:
    """A mock with one account."""
    mock = Mock()
    assert mock.client.post("/auth/v1/signup", json=WHO).status_code == 200
    return mock


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
        admin(lambda mock: mock.realm().mint.service_key(), "/ada"),
        404,
        "validation_failed",
        "user_id must be an UUID",
    ),
    "admin, nobody": (
        admin(lambda mock: mock.realm().mint.service_key(), f"/{uuid.UUID(int=1)}"),
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
