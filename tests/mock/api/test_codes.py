"""Codes by mail or SMS: asked for and answered as GoTrue does, though nobody ever gets one."""

from typing import Any

import pytest
from mocks import WHO, Mock

ADA, PHONE = {"email": WHO["email"]}, {"phone": "+112345678"}
GOOGLE = {"provider": "google", "id_token": "x"}
NOBODY = {"email": "nobody@race401.test"}
ASKED: dict[str, tuple[str, dict[str, Any], int, str | None]] = {
    "a link": ("otp", ADA, 200, None),
    "a link for nobody": ("otp", NOBODY, 200, None),
    "a link for nobody who wants no account": ("otp", NOBODY | {"create_user": False}, 422, "otp_disabled"),
    "a link for somebody who wants no other": ("otp", ADA | {"create_user": False}, 200, None),
    "an SMS, which nobody sends": ("otp", PHONE, 400, "phone_provider_disabled"),
    "a link for both": ("otp", ADA | PHONE, 400, "validation_failed"),
    "a link for no address": ("otp", {}, 400, "validation_failed"),
    "it again": ("resend", ADA | {"type": "signup"}, 200, None),
    "it again, by SMS": ("resend", PHONE | {"type": "sms"}, 400, "phone_provider_disabled"),
    "it again, to no address": ("resend", {"type": "email_change"}, 400, "validation_failed"),
    "it again, to another kind of address": ("resend", ADA | {"type": "sms"}, 400, "validation_failed"),
    "it again, of no kind": ("resend", ADA, 400, "validation_failed"),
    "a new password": ("recover", NOBODY, 200, None),
    "a new password for no address": ("recover", {}, 400, "validation_failed"),
    "a new password for what is no address": ("recover", {"email": "x"}, 400, "validation_failed"),
    "what a code is good for": ("verify", ADA | {"type": "email", "token": "123456"}, 403, "otp_expired"),
    "what an SMS is good for": ("verify", PHONE | {"type": "sms", "token": "123456"}, 403, "otp_expired"),
    "what is no number": ("verify", {"phone": "1-x", "type": "sms"}, 400, "validation_failed"),
    "of no kind": ("verify", ADA, 400, "validation_failed"),
    "a wallet": ("token?grant_type=web3", {"chain": "solana"}, 422, "web3_provider_disabled"),
    "Google's word": ("token?grant_type=id_token", GOOGLE, 400, "provider_disabled"),
    "the word of whom Google's issuer names": (
        "token?grant_type=id_token",
        {"id_token": "x", "client_id": "me", "issuer": "https://accounts.google.com"},
        400,
        "provider_disabled",
    ),
    "Apple's word": ("token?grant_type=id_token", GOOGLE | {"provider": "apple"}, 400, "validation_failed"),
    "anybody's word": ("token?grant_type=id_token", GOOGLE | {"provider": "me"}, 400, "validation_failed"),
    "nobody's word": ("token?grant_type=id_token", {"id_token": "x"}, 400, None),
    "no word": ("token?grant_type=id_token", {"provider": "google"}, 400, None),
    "SAML": ("sso", {"domain": "example.com"}, 404, "saml_provider_disabled"),
}


@pytest.fixture
def mock() -> Mock:
    """A mock with one account."""
    mock = Mock()
    assert mock.client.post("/auth/v1/signup", json=WHO).status_code == 200
    return mock


@pytest.mark.parametrize("asked", ASKED)
def test_what_is_asked_for(mock: Mock, asked: str) -> None:
    path, body, status, code = ASKED[asked]
    answer = mock.client.post(f"/auth/v1/{path}", json=body)
    assert (answer.status_code, answer.json().get("error_code")) == (status, code)


def test_where_sign_ups_are_off_a_link_is_for_who_has_an_account() -> None:
    """And no account is made of one that asks."""
    mock = Mock(signups=False)
    assert mock.client.post("/auth/v1/otp", json=NOBODY).json()["error_code"] == "signup_disabled"
    mock.sign_in()
    assert mock.client.post("/auth/v1/otp", json=ADA).json() == {}


def test_who_has_no_address_cannot_get_a_code() -> None:
    mock = Mock(anonymous=True)
    token = mock.client.post("/auth/v1/signup", json={}).json()["access_token"]
    answer = mock.get("/auth/v1/reauthenticate", token)
    assert (answer.status_code, answer.json()["error_code"]) == (422, "validation_failed")


def test_a_code_before_a_change_of_the_password(mock: Mock) -> None:
    """Of whoever has a session."""
    assert mock.get("/auth/v1/reauthenticate").status_code == 401
    assert mock.get("/auth/v1/reauthenticate", mock.sign_in()["access_token"]).json() == {}


def test_a_provider_that_is_not_enabled_is_named_and_what_is_missing_is_said_as_oauth_has_it(mock: Mock) -> None:
    path = "/auth/v1/token?grant_type=id_token"
    said = mock.client.post(path, json=GOOGLE).json()["msg"]
    assert said == 'Provider (issuer "https://accounts.google.com") is not enabled'
    told = {"error": "invalid request", "error_description": "id_token required"}
    assert mock.client.post(path, json={"provider": "google"}).json() == told


@pytest.mark.parametrize(("method", "where"), [("GET", "authorize?provider=google"), ("DELETE", "an-identity")])
def test_identities_are_neither_linked_nor_unlinked(mock: Mock, method: str, where: str) -> None:
    """By a user; nobody else is told so."""
    path = f"/auth/v1/user/identities/{where}"
    assert mock.client.request(method, path).json()["error_code"] == "no_authorization"
    headers = {"Authorization": f"Bearer {mock.sign_in()['access_token']}"}
    answer = mock.client.request(method, path, headers=headers)
    assert (answer.status_code, answer.json()["error_code"]) == (404, "manual_linking_disabled")
