"""Requests without an access token in a header, which need none there: a key, a cookie, a signature, a picture."""

from collections.abc import Callable
from pathlib import Path

import pytest
from diagnosing import diagnosed, standing_as
from exports import Browser, Har


def a_webhook_with_basic() -> Har:
    b = Browser().begun()
    b.call(5, "POST /hooks/1", 401, sends={"authorization": "Basic YW5uOng="}, body={"a": 1})
    return b.har()


def a_handshake_with_digest() -> Har:
    b = Browser().begun()
    asks = {"www-authenticate": 'Digest realm="cam", nonce="n1", qop="auth"'}
    b.call(5, "/camera/1", 401, answers=asks)
    b.call(5.1, "/camera/1", sends={"authorization": 'Digest username="ann", response="x"'})
    return b.har()


def a_handshake_with_negotiate() -> Har:
    b = Browser().begun()
    b.call(5, "/reports", 401, answers={"www-authenticate": "Negotiate"})
    b.call(5.1, "/reports", sends={"authorization": "Negotiate YII="})
    return b.har()


def a_key_in_a_header_of_its_own() -> Har:
    b = Browser().begun()
    b.call(5, "/partner/v1/rates", 401, sends={"x-api-key": "k1"}, says={"message": "Invalid API key"})
    return b.har()


def a_picture_by_its_own_address() -> Har:
    b = Browser().begun()
    b.call(5, "/avatars/1.png", 401, _resourceType="image", answers={"content-type": "image/png"})
    return b.har()


def a_picture_as_firefox_says_it() -> Har:
    b = Browser().begun()
    entry = b.call(5, "/avatars/1", 401, sends={"sec-fetch-dest": "image"}, says={"message": "no"})
    entry.pop("_resourceType")
    return b.har("Firefox")


def a_manifest() -> Har:
    """Browsers fetch it without credentials."""
    b = Browser().begun()
    b.call(2, "/manifest.json", 401, _resourceType="manifest")
    return b.har()


def a_download_with_its_token_in_the_address() -> Har:
    b = Browser().begun()
    b.call(5, f"/files/1?access_token={b.token('a0')}", 401, says={"message": "JWT expired"})
    b.call(6, "/files/2?token=abc&expires=17", 401, says={"message": "link expired"})
    return b.har()


def a_signed_address() -> Har:
    b = Browser().begun()
    b.call(5, "/files/1?X-Amz-Signature=abc&X-Amz-Expires=60", 401)
    b.call(6, "/files/2?sig=abc&se=2026", 401)
    return b.har()


def a_preflight_that_wants_a_token() -> Har:
    b = Browser().begun()
    entry = b.call(5, "OPTIONS /rest/v1/contacts", 401)
    entry.pop("_resourceType")
    return b.har("Firefox")


def a_navigation_to_a_page_behind_a_login() -> Har:
    b = Browser().begun()
    b.page = "page_2"
    b.call(5, "/reports/print", 401, _resourceType="document", sends={"sec-fetch-dest": "document"})
    return b.har()


def an_event_stream_by_cookie() -> Har:
    """An EventSource can send no header; its cookie is over."""
    b = Browser().begun()
    b.call(5, "/events", 401, sends={"cookie": "sid=s1"}, _resourceType="eventsource")
    return b.har()


def a_session_cookie_that_no_dialect_knows() -> Har:
    b = Browser(host="app.example.com")
    b.call(
        1, "POST /login", 302, body="user=ann&password=x", answers={"set-cookie": "connect.sid=s1", "location": "/"}
    )
    b.call(2, "/api/me", sends={"cookie": "connect.sid=s1"})
    for n in range(3):
        b.call(4000 + n, f"/api/{n}", 401, sends={"cookie": "connect.sid=s1"})
    return b.har()


def a_sanitized_export() -> Har:
    """Chrome's default: neither cookies nor Authorization."""
    b = Browser().begun()
    b.call(5, "/rest/v1/contacts", 401, token="a0")
    for entry in b.calls:
        entry["request"]["headers"] = [h for h in entry["request"]["headers"] if h["name"] != "authorization"]
    return b.har()


def an_export_with_some_credentials_taken_out() -> Har:
    """By hand, from the requests that were refused."""
    b = Browser().begun()
    b.call(5, "/rest/v1/contacts", 401, sends={"authorization": "Bearer ***"})
    b.call(6, "/rest/v1/contacts", 401, sends={"authorization": "REDACTED"})
    b.refresh(7, "r0", "r1", "a1")
    b.call(8, "/rest/v1/contacts", token="a1")
    return b.har()


def another_hosts_401() -> Har:
    """A measuring service, which never got a token."""
    b = Browser().begun()
    b.call(5, "POST https://metrics.example.net/beat", 401, body={"k": 1})
    return b.har()


def a_proof_that_wants_a_nonce() -> Har:
    """DPoP (RFC 9449): the first try of each origin is refused, the second has the nonce."""
    b = Browser()
    b.sign_in(1)
    for n, host in enumerate(("one", "two")):
        asks = {"www-authenticate": 'DPoP error="use_dpop_nonce"', "dpop-nonce": "n1"}
        sends = {"authorization": f"DPoP {b.token('a0')}", "dpop": "proof"}
        b.call(2 + n, f"https://{host}.example.com/all", sends=sends)
        b.call(3 + n, f"https://{host}.example.com/all", 401, sends=sends, answers=asks)
        b.call(3.1 + n, f"https://{host}.example.com/all", sends=sends)
    return b.har()


CASES: tuple[Callable[[], Har], ...] = (
    a_webhook_with_basic,
    a_handshake_with_digest,
    a_handshake_with_negotiate,
    a_key_in_a_header_of_its_own,
    a_picture_by_its_own_address,
    a_picture_as_firefox_says_it,
    a_manifest,
    a_download_with_its_token_in_the_address,
    a_signed_address,
    a_preflight_that_wants_a_token,
    a_navigation_to_a_page_behind_a_login,
    an_event_stream_by_cookie,
    a_session_cookie_that_no_dialect_knows,
    a_sanitized_export,
    an_export_with_some_credentials_taken_out,
    another_hosts_401,
    a_proof_that_wants_a_nonce,
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_nothing_is_shown_by_a_request_that_has_no_token_by_its_nature(
    tmp_path: Path, case: Callable[[], Har]
) -> None:
    """And the file is read whole."""
    found = diagnosed(tmp_path, case())
    assert found.evidence.sources[0].kept == found.evidence.sources[0].rows
    assert standing_as(found, "shown") == set()
