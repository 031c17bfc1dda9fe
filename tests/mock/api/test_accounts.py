"""Accounts over the wire: sign-up in each kind of world, what users change, and what admins may."""

import json
from typing import Any

import httpx
import pytest
from mocks import NOW, WHO, Mock


def sign_up(mock: Mock, **body: Any) -> httpx.Response:
    """The answer to a sign-up."""
    return mock.client.post("/auth/v1/signup", json=body)


def password_grant(mock: Mock, **body: Any) -> httpx.Response:
    """The answer to a sign-in."""
    return mock.client.post("/auth/v1/token?grant_type=password", json={**WHO, **body})


def change(mock: Mock, token: str, **body: Any) -> httpx.Response:
    """The answer to a change of one's own account."""
    return mock.client.put("/auth/v1/user", json=body, headers={"Authorization": f"Bearer {token}"})


def test_a_sign_up_is_a_sign_in() -> None:
    mock = Mock()
    answer = sign_up(mock, **{**WHO, "email": "Ada@Race401.test"}, data={"name": "Ada"})
    body = answer.json()
    user = body["user"]
    assert list(body) == ["access_token", "token_type", "expires_in", "expires_at", "refresh_token", "user"]
    assert user["email"] == WHO["email"], "addresses are kept in lower case"
    assert user["app_metadata"] == {"provider": "email", "providers": ["email"]}
    about = {"email": WHO["email"], "email_verified": True, "phone_verified": False, "sub": user["id"]}
    assert user["user_metadata"] == {"name": "Ada", **about}
    assert user["email_confirmed_at"] == user["confirmed_at"] == "2025-10-04T21:51:00Z"
    (identity,) = user["identities"]
    assert (identity["provider"], identity["id"], identity["email"]) == ("email", user["id"], user["email"])
    assert answer.headers["sb-auth-user-id"] == user["id"]
    assert not {"banned_until", "deleted_at", "new_email", "confirmation_sent_at"} & set(user), "omitted when empty"


def test_without_autoconfirm_a_sign_up_answers_with_the_bare_user() -> None:
    """No tokens; signing in waits for the confirmation, and nobody learns who has an account."""
    mock = Mock(autoconfirm=False)
    user = sign_up(mock, **WHO).json()
    assert "access_token" not in user
    assert user["confirmation_sent_at"] == "2025-10-04T21:51:00Z"
    assert "confirmed_at" not in user
    assert password_grant(mock).json()["error_code"] == "email_not_confirmed"
    assert sign_up(mock, **WHO).json()["id"] == user["id"], "still unconfirmed: the mail goes out again"
    assert mock.admin("PUT", f"/{user['id']}", {"email_confirm": True}).json()["user_metadata"]["email_verified"]
    assert password_grant(mock).status_code == 200
    again = sign_up(mock, **WHO, data={"a": 1})
    assert again.status_code == 200
    assert again.json()["id"] != user["id"]
    assert (again.json()["identities"], again.json()["user_metadata"]) == ([], {"a": 1})


def test_an_anonymous_sign_up() -> None:
    mock = Mock(anonymous=True)
    body = sign_up(mock, data={"theme": "dark"}).json()
    user = body["user"]
    assert (user["is_anonymous"], user["email"], user["phone"]) == (True, "", "")
    assert (user["app_metadata"], user["identities"], user["user_metadata"]) == ({}, [], {"theme": "dark"})
    assert mock.get("/auth/v1/user", body["access_token"]).json()["is_anonymous"] is True
    assert mock.get("/contacts", body["access_token"]).status_code == 200
    refused = change(mock, body["access_token"], password="correct horse")
    assert (refused.status_code, refused.json()["error_code"]) == (422, "validation_failed")
    known = change(mock, body["access_token"], email="ada@race401.test", password="correct horse").json()
    assert (known["is_anonymous"], known["email"]) == (False, "ada@race401.test")
    assert password_grant(mock).status_code == 200


def test_signups_disabled() -> None:
    for body in (WHO, {}):
        answer = sign_up(Mock(signups=False, anonymous=True), **body)
        said = answer.json()
        expected = (422, "signup_disabled", "Signups not allowed for this instance")
        assert (answer.status_code, said["error_code"], said["msg"]) == expected


def test_settings_tell_what_the_world_allows() -> None:
    plain, closed = Mock(), Mock(signups=False, autoconfirm=False, anonymous=True)
    told, other = plain.get("/auth/v1/settings").json(), closed.get("/auth/v1/settings").json()
    keys = ["disable_signup", "mailer_autoconfirm", "phone_autoconfirm", "sms_provider", "saml_enabled"]
    assert [told[key] for key in keys] == [False, True, False, "", False]
    assert [other[key] for key in keys[:2]] == [True, False]
    assert (told["external"]["email"], told["external"]["anonymous_users"], told["external"]["github"]) == (
        True,
        False,
        False,
    )
    assert other["external"]["anonymous_users"]
    assert len(told["external"]) == 26


def test_a_longer_password_can_be_asked_for() -> None:
    mock = Mock(shortest_password=20)
    assert sign_up(mock, **WHO).json()["weak_password"] == {"reasons": ["length"]}
    mock.admin("POST", body={**WHO, "email_confirm": True})
    weak = password_grant(mock).json()["weak_password"]
    assert weak == {"message": "Password should be at least 20 characters.", "reasons": ["length"]}


def test_a_new_password_ends_the_other_sessions() -> None:
    mock = Mock()
    mine, other = mock.sign_in(), mock.sign_in()
    assert change(mock, mine["access_token"], password="battery staple").status_code == 200
    assert mock.refresh(mine["refresh_token"]).status_code == 200
    assert mock.refresh(other["refresh_token"]).json()["error_code"] == "refresh_token_not_found"
    assert mock.get("/auth/v1/user", other["access_token"]).json()["error_code"] == "session_not_found"
    assert mock.get("/contacts", other["access_token"]).status_code == 200, "a resource verifies the JWT alone"
    assert password_grant(mock).status_code == 400
    assert password_grant(mock, password="battery staple").status_code == 200


def test_metadata_is_merged_and_null_takes_a_key_out() -> None:
    mock = Mock()
    token = mock.sign_in()["access_token"]
    assert change(mock, token, data={"a": 1, "b": 2}).json()["user_metadata"]["b"] == 2
    said = change(mock, token, data={"a": None, "c": 3}).json()["user_metadata"]
    assert ("a" in said, said["b"], said["c"]) == (False, 2, 3)


def test_a_new_address_waits_for_its_confirmation() -> None:
    mock = Mock()
    user = change(mock, mock.sign_in()["access_token"], email="ada@lovelace.test").json()
    assert (user["email"], user["new_email"]) == (WHO["email"], "ada@lovelace.test")
    assert user["email_change_sent_at"] == "2025-10-04T21:51:00Z"


def test_a_refused_change_changes_nothing() -> None:
    mock = Mock()
    token = mock.sign_in()["access_token"]
    assert change(mock, token, data={"a": 1}, password="x").status_code == 422
    assert "a" not in mock.get("/auth/v1/user", token).json()["user_metadata"]


def test_an_admin_makes_reads_changes_and_deletes() -> None:
    mock = Mock()
    made = mock.admin(
        "POST", body={**WHO, "email_confirm": True, "user_metadata": {"a": 1}, "app_metadata": {"b": 2}}
    )
    user = made.json()
    assert made.status_code == 200
    assert user["user_metadata"] == {"a": 1}, "what was given, and nothing of the identity"
    assert user["identities"][0]["identity_data"]["email_verified"]
    assert user["app_metadata"] == {"provider": "email", "providers": ["email"], "b": 2}
    session = password_grant(mock).json()
    path = f"/{user['id']}"
    assert mock.admin("GET", path).json()["email"] == WHO["email"]
    changed = mock.admin("PUT", path, {"email": "new@race401.test", "role": "editor", "phone": "+4915123"}).json()
    assert (changed["email"], changed["role"], changed["phone"]) == ("new@race401.test", "editor", "4915123")
    assert {identity["provider"] for identity in changed["identities"]} == {"email", "phone"}
    assert mock.get("/auth/v1/user", session["access_token"]).json()["role"] == "editor"
    assert mock.admin("DELETE", path).json() == {}
    assert mock.admin("GET", path).status_code == 404
    assert mock.refresh(session["refresh_token"]).json()["error_code"] == "refresh_token_not_found"


def test_a_soft_deletion_keeps_the_row_and_ends_everything_else() -> None:
    mock = Mock()
    session = mock.sign_in()
    path = f"/{session['user']['id']}"
    assert mock.admin("DELETE", path, {"should_soft_delete": True}).json() == {}
    kept = mock.admin("GET", path).json()
    assert (kept["email"], kept["deleted_at"]) == ("", "2025-10-04T21:51:00Z")
    assert password_grant(mock).status_code == 400
    assert sign_up(mock, **WHO).status_code == 200, "the address is free again"


def test_pages_of_accounts() -> None:
    mock = Mock()
    for number in range(5):
        mock.admin("POST", body={"email": f"{number}@race401.test"})
    answer = mock.admin("GET", "?page=1&per_page=2")
    assert [user["email"][0] for user in answer.json()["users"]] == ["4", "3"]
    assert answer.json()["aud"] == "authenticated"
    assert answer.headers["x-total-count"] == "5"
    assert (
        answer.headers["link"]
        == '</admin/users?page=2&per_page=2>; rel="next", </admin/users?page=3&per_page=2>; rel="last"'
    )
    assert [user["email"][0] for user in mock.admin("GET", "?page=3&per_page=2").json()["users"]] == ["0"]
    for wrong in ("page=x", "page=0", "per_page=-1", "page=" + "9" * 5_000):
        assert mock.admin("GET", f"?{wrong}").json()["error_code"] == "validation_failed"


@pytest.mark.parametrize(
    ("duration", "seconds"), [("24h", 86_400), ("1h30m", 5_400), ("1.5s", 1.5), ("300ms", 0.3), (".5m", 30)]
)
def test_a_ban_ends_by_itself(duration: str, seconds: float) -> None:
    mock = Mock()
    session = mock.sign_in()
    user = mock.admin("PUT", f"/{session['user']['id']}", {"ban_duration": duration}).json()
    assert user["banned_until"].startswith("2025-10-0")
    mock.now = NOW + seconds - 0.01
    assert password_grant(mock).status_code == 400
    mock.now = NOW + seconds
    assert password_grant(mock).status_code == 200


@pytest.mark.parametrize("nothing", ["none", "0", "0h"])
def test_a_ban_is_lifted(nothing: str) -> None:
    mock = Mock()
    path = f"/{mock.sign_in()['user']['id']}"
    mock.admin("PUT", path, {"ban_duration": "24h"})
    assert mock.admin("PUT", path, {"user_metadata": {}}).json()["banned_until"] == "2025-10-05T21:51:00Z"
    assert "banned_until" not in mock.admin("PUT", path, {"ban_duration": nothing}).json()
    assert password_grant(mock).status_code == 200


@pytest.mark.parametrize("duration", ["1 day", "24", "h", "-1h", "9999999999h", "1e9h", "1h "])
def test_a_ban_of_no_duration(duration: str) -> None:
    mock = Mock()
    answer = mock.admin("PUT", f"/{mock.sign_in()['user']['id']}", {"ban_duration": duration})
    assert (answer.status_code, answer.json()["error_code"]) == (400, "validation_failed")
    assert answer.json()["msg"] == f'invalid format for ban duration: time: invalid duration "{duration}"'


REFUSED: dict[str, tuple[dict[str, Any], int, str, str]] = {
    "nobody": ({}, 400, "validation_failed", "Cannot create a user without either an email or phone"),
    "twice": (WHO, 422, "email_exists", "A user with this email address has already been registered"),
    "signs that no address has": (
        {"email": "xx:;x@x.x"},
        400,
        "validation_failed",
        "Unable to validate email address: invalid format",
    ),
    "no address": ({"email": "ada"}, 400, "validation_failed", "Unable to validate email address: invalid format"),
    "no number": ({"phone": "abc"}, 400, "validation_failed", "Invalid phone number format (E.164 required)"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_account_that_an_admin_cannot_make(case: str) -> None:
    body, status, code, message = REFUSED[case]
    mock = Mock()
    sign_up(mock, **WHO)
    answer = mock.admin("POST", body=body)
    assert (answer.status_code, answer.json()["error_code"], answer.json()["msg"]) == (status, code, message)


def test_a_service_key_is_offered_and_is_no_users() -> None:
    mock = Mock()
    keys = mock.client.get("/_race401").json()["service_keys"]
    bearer = {"Authorization": f"Bearer {keys['supabase']}"}
    assert mock.client.get("/supabase/auth/v1/admin/users", headers=bearer).status_code == 200
    assert mock.client.get("/rfc9700/auth/v1/admin/users", headers=bearer).json()["error_code"] == "bad_jwt"
    assert mock.client.get("/auth/v1/user", headers=bearer).json()["msg"] == "invalid claim: missing sub claim"
    assert mock.client.get("/contacts", headers=bearer).status_code == 401
    assert mock.last.cause == "wrong_audience"


@pytest.mark.parametrize(("role", "status"), [("supabase_admin", 200), ("service_role", 200), ("postgres", 403)])
def test_whose_role_is_an_admins(role: str, status: int) -> None:
    mock = Mock()
    token = mock.realm().mint.keys.sign({"role": role, "exp": int(NOW) + 60})
    assert mock.get("/auth/v1/admin/users", token).status_code == status


NOT_JSON = {
    "nothing": b"",
    "half": b"{",
    "a list": b"[]",
    "a number for a text": b'{"email": 1}',
    "a text for an object": b'{"data": "x"}',
    "not UTF-8": b'{"email": "\xff"}',
    "half a surrogate pair": b'{"email": "\\ud800@race401.test"}',
    "no number that Go has": b'{"data": {"x": NaN}}',
    "too large a number": b'{"data": {"x": 1e999}}',
    "too deep": b'{"data": ' + b'{"x":' * 5_000 + b"1" + b"}" * 5_000 + b"}",
}


@pytest.mark.parametrize("case", NOT_JSON)
def test_a_body_that_cannot_be_read(case: str) -> None:
    answer = Mock().client.post("/auth/v1/signup", content=NOT_JSON[case])
    assert (answer.status_code, answer.json()["error_code"]) == (400, "bad_json")
    assert answer.json()["msg"].startswith("Could not parse request body as JSON: ")


def test_a_body_without_a_content_type_and_with_more_fields_is_read() -> None:
    body = json.dumps({**WHO, "gotrue_meta_security": {"captcha_token": "x"}, "data": None}).encode()
    assert Mock().client.post("/auth/v1/signup", content=body).status_code == 200


def test_a_body_beyond_a_megabyte() -> None:
    answer = Mock().client.post("/auth/v1/signup", content=b" " * 1_000_001)
    assert (answer.status_code, answer.json()["error_code"]) == (413, "request_entity_too_large")
