"""What happened is shown by a HAR that has the facts, in the words of whatever server said it."""

import json
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path

import pytest
from diagnosing import diagnosed, standing_as
from exports import BASE, LIFE, Browser, Har, oauth

Case = Callable[[], Har]


def a_redirect_to_another_host() -> Har:
    """The browser drops the header there, as it must; nothing else was ever asked of that host."""
    b = Browser().begun()
    b.call(5, "/rest/v1/report", 307, token="a0", answers={"location": "https://files.example.com/report"})
    b.call(5.06, "https://files.example.com/report", 401, answers={"www-authenticate": "Bearer"})
    return b.har()


def a_limit_until_an_instant() -> Har:
    """`Retry-After` as a date."""
    b = Browser().begun()
    for n in range(4):
        until = formatdate(int(BASE + 3500 + 60), usegmt=True)
        b.refused(3500 + n, "r0", {"error": "too_many_requests"}, 429, answers={"retry-after": until})
    return b.har()


def a_key_that_a_proxy_does_not_find() -> Har:
    """Envoy's words."""
    b = Browser().begun()
    b.call(60, "/rest/v1/contacts", 401, token="a0", says="Jwks doesn't have key to match kid or alg from Jwt")
    b.sign_in(70, "b0", "q0")
    b.call(71, "/rest/v1/contacts", token="b0")
    return b.har()


def a_key_that_a_library_does_not_find() -> Har:
    """Jose's."""
    b = Browser().begun()
    b.call(
        60, "/rest/v1/contacts", 401, token="a0", says={"message": "no applicable key found in the JSON Web Key Set"}
    )
    b.sign_in(70, "b0", "q0")
    b.call(71, "/rest/v1/contacts", token="b0")
    return b.har()


def a_session_that_is_gone_at_supabase() -> Har:
    """Its client sends the project's key in the place of the token."""
    b = Browser()
    b.always = {"apikey": "anon"}
    b.begun()
    b.call(60, "/rest/v1/contacts", 401, sends={"authorization": "Bearer anon"}, says={"code": "PGRST301"})
    return b.har()


def a_reuse_that_revoked_at_auth0() -> Har:
    told = oauth("/oauth/token", status=403, words="Unknown or invalid refresh token.")
    b = Browser(host="id.example.com", opaque=True)
    b.calls = told["log"]["entries"]
    b.call(3605, "POST /oauth/token", 403, body="grant_type=refresh_token&client_id=spa&refresh_token=rt-3",
           says={"error": "invalid_grant", "error_description": "Unknown or invalid refresh token."})  # fmt: skip
    return b.har()


def a_service_that_signs_in_for_each_call() -> Har:
    b = Browser(host="id.example.com")
    for n in range(4):
        b.call(2.0 + n / 100, "POST /oauth/token", took=0.2,
               body="grant_type=client_credentials&client_id=job&client_secret=s",
               says={"access_token": b.token(f"x{n}", 2), "expires_in": LIFE})  # fmt: skip
        b.call(3.0 + n / 100, f"https://api.example.com/{n}", token=f"x{n}")
    return b.har()


def a_sign_in_before_each_call() -> Har:
    b = Browser()
    for n in range(4):
        b.sign_in(10.0 * n + 1, f"a{n}", f"r{n}")
        b.call(10.0 * n + 2, "/rest/v1/contacts", token=f"a{n}")
    return b.har()


def an_expiry_in_the_wrong_unit() -> Har:
    """Each call brings a refresh."""
    b = Browser().begun()
    for n in range(4):
        at = 20.0 * (n + 1)
        b.refresh(at, f"r{n}", f"r{n + 1}", f"a{n + 1}")
        b.call(at + 0.1, "/rest/v1/contacts", token=f"a{n + 1}")
    return b.har()


def a_key_that_one_of_two_origins_changed() -> Har:
    """It says that the signature is no good: no matter of lifetimes."""
    b = Browser().begun()
    b.call(2, "https://files.example.com/all", token="a0")
    b.call(60, "https://files.example.com/all", 401, token="a0", says={"message": "invalid signature"})
    b.call(61, "/rest/v1/contacts", token="a0")
    return b.har()


def a_body_that_is_gone() -> Har:
    b = Browser().begun()
    b.call(60, "POST /rest/v1/notes", 401, token="a0", body={"text": "hello"}, sends={"content-length": "17"})
    b.refresh(60.1, "r0", "r1", "a1")
    b.call(60.3, "POST /rest/v1/notes", 422, token="a1", sends={"content-length": "0"})
    return b.har()


def a_body_that_only_its_length_tells_of() -> Har:
    """Browsers do not show a file's bytes. It arrived, and was found wrong."""
    b = Browser().begun()
    b.call(60, "POST /rest/v1/notes", 401, token="a0", body={"text": "hello"}, sends={"content-length": "17"})
    b.refresh(60.1, "r0", "r1", "a1")
    b.call(60.3, "POST /rest/v1/notes", 422, token="a1", sends={"content-length": "17"})
    return b.har()


def a_session_that_came_back() -> Har:
    b = Browser().begun()
    b.refresh(60, "r0", "r1", "a1", took=0.5)
    b.call(60.1, "POST /auth/v1/logout?scope=global", 204, token="a0")
    b.call(61, "/rest/v1/contacts", token="a1")
    return b.har()


CASES: dict[Case, set[str]] = {
    a_redirect_to_another_host: {"header-lost"},
    a_limit_until_an_instant: {"rate-limit-storm"},
    a_key_that_a_proxy_does_not_find: {"key-change"},
    a_key_that_a_library_does_not_find: {"key-change"},
    a_key_that_one_of_two_origins_changed: {"key-change"},
    a_session_that_is_gone_at_supabase: {"missing-token"},
    a_reuse_that_revoked_at_auth0: {"reuse-refused", "reuse-revoked"},
    a_service_that_signs_in_for_each_call: {"sign-in-stampede"},
    a_sign_in_before_each_call: {"sign-in-stampede"},
    an_expiry_in_the_wrong_unit: {"refresh-every-call"},
    a_body_that_is_gone: {"body-lost"},
    a_body_that_only_its_length_tells_of: set(),
    a_session_that_came_back: {"sign-out-undone"},
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_what_happened_is_shown_and_nothing_else(tmp_path: Path, case: Case) -> None:
    """And the file is read whole."""
    found = diagnosed(tmp_path, json.loads(json.dumps(case())))
    assert found.evidence.sources[0].kept == found.evidence.sources[0].rows
    assert standing_as(found, "shown") == CASES[case]


def test_what_a_gateway_answered_may_have_been_granted(tmp_path: Path) -> None:
    """A 502, and then the same token is called used. Near miss: a 503, of the auth server itself."""
    for status, fits in ((502, True), (503, False)):
        b = Browser().begun()
        b.refused(3500, "r0", "bad gateway", status, took=3)
        b.refused(3503.5, "r0")
        found = diagnosed(tmp_path, b.har())
        assert ("lost-answer" in standing_as(found, "consistent")) == fits
        assert standing_as(found, "shown") == {"reuse-refused"}
