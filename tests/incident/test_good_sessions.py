"""Sessions that go as they should and look like a mechanism: a sign-out, several accounts, a deployment."""

from collections.abc import Callable
from pathlib import Path

import pytest
from diagnosing import diagnosed, standing_as
from exports import GONE, LIFE, Browser, Har


def bare(b: Browser, at: float, where: str = "/rest/v1/me") -> None:
    """A request without a token, refused."""
    b.call(at, where, 401, answers={"www-authenticate": "Bearer"})


def out_and_in_again() -> Har:
    b = Browser().begun()
    b.call(60, "POST /auth/v1/logout?scope=global", 204, token="a0")
    bare(b, 61)
    b.sign_in(70, "b0", "q0")
    b.call(71, "/rest/v1/contacts", token="b0")
    return b.har()


def a_sign_out_of_the_other_devices() -> Har:
    """A refresh is under way meanwhile; this session lives on."""
    b = Browser().begun()
    b.refresh(60, "r0", "r1", "a1", took=0.4)
    b.call(60.1, "POST /auth/v1/logout?scope=others", 204, token="a0")
    b.call(61, "/rest/v1/contacts", token="a1")
    return b.har()


def a_sign_out_by_graphql() -> Har:
    b = Browser().begun()
    asked = {"operationName": "Logout", "query": "mutation Logout { logout }"}
    b.call(60, "POST /graphql", token="a0", body=asked, says={"data": {"logout": True}})
    bare(b, 61)
    bare(b, 62, "/rest/v1/contacts")
    return b.har()


def a_page_that_keeps_its_token_in_memory() -> Har:
    """Loaded anew, it asks who it is, hears 401, and refreshes by its cookie."""
    b = Browser(host="app.example.com")
    answer = {"access_token": b.token("a0", 1), "expires_in": LIFE}
    b.call(1, "POST /api/auth/login", says=answer, answers={"set-cookie": "refresh_token=r0; HttpOnly"})
    b.call(2, "/api/me", token="a0")
    for n in range(1, 4):
        b.page, at = f"page_{n + 1}", 100.0 * n
        bare(b, at, "/api/me")
        answer = {"access_token": b.token(f"a{n}", at), "expires_in": LIFE}
        cookie = {"set-cookie": f"refresh_token=r{n}; HttpOnly"}
        b.call(
            at + 0.2,
            "POST /api/auth/refresh",
            sends={"cookie": f"refresh_token=r{n - 1}"},
            says=answer,
            answers=cookie,
        )
        b.call(at + 0.4, "/api/me", token=f"a{n}")
    return b.har()


def a_session_that_was_over_in_the_morning() -> Har:
    b = Browser().begun()
    b.call(90_000, "/rest/v1/poll", 401, token="a0", says={"message": "JWT expired"})
    b.refused(
        90_000.1, "r0", {"code": 400, "error_code": "session_expired", "msg": "Session expired due to inactivity"}
    )
    b.sign_in(90_060, "b0", "q0")
    b.call(90_061, "/rest/v1/poll", token="b0")
    return b.har()


def tokens_for_three_services() -> Har:
    """Each by an exchange of the access token for another audience (RFC 8693)."""
    b = Browser(host="id.example.com")
    b.call(1, "POST /oauth/token", body="grant_type=authorization_code&code=c0&client_id=spa",
           says={"access_token": b.token("a0", 1), "refresh_token": "r0", "expires_in": LIFE})  # fmt: skip
    for n, service in enumerate(("files", "mail", "maps")):
        grant = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange"
        b.call(2 + n / 100, "POST /oauth/token", took=0.2,
               body=f"{grant}&subject_token={b.token('a0')}&client_id=spa&audience={service}",
               says={"access_token": b.token(f"x{n}", 2), "expires_in": LIFE})  # fmt: skip
        b.call(3, f"https://{service}.example.com/all", token=f"x{n}")
    return b.har()


def silent_sign_ins_for_three_audiences() -> Har:
    """A page that gets a token for each of its services as it is loaded, each by a code."""
    b = Browser(host="id.example.com")
    for n, service in enumerate(("files", "mail", "maps")):
        b.call(2 + n / 100, "POST /oauth/token", took=0.2,
               body=f"grant_type=authorization_code&code=c{n}&client_id=spa",
               says={"access_token": b.token(f"x{n}", 2), "expires_in": LIFE})  # fmt: skip
        for k in range(2):
            b.call(3 + k, f"https://{service}.example.com/all", token=f"x{n}")
    return b.har()


def a_service_of_several_audiences() -> Har:
    """It signs in as itself, once for each."""
    b = Browser(host="id.example.com")
    for n, service in enumerate(("files", "mail", "maps")):
        b.call(2 + n / 100, "POST /oauth/token", took=0.2,
               body=f"grant_type=client_credentials&client_id=job&client_secret=s&audience=https://{service}.example.com",
               says={"access_token": b.token(f"x{n}", 2), "expires_in": LIFE})  # fmt: skip
        b.call(3, f"https://{service}.example.com/all", token=f"x{n}")
    return b.har()


def three_windows_of_one_person() -> Har:
    """Each with a session of its own, all in use; recorded by a proxy, which knows no pages."""
    b = Browser()
    for n in range(3):
        b.sign_in(60.0 * n + 1, f"a{n}", f"r{n}")
        for k in range(n + 1):
            b.call(60.0 * n + 5 + k, "/rest/v1/contacts", token=f"a{k}")
    told = b.har("mitmproxy")
    for each in told["log"]["entries"]:
        each.pop("pageref")
    return told


def two_people_in_one_browser() -> Har:
    """Two accounts in two tabs, both refreshed at once."""
    b = Browser().begun()
    b.sign_in(10, "b0", "q0", "bob@example.com")
    b.call(11, "/rest/v1/contacts", token="b0")
    b.refresh(3000, "r0", "r1", "a1", took=0.3)
    b.refresh(3000.1, "q0", "q1", "b1", took=0.3)
    b.call(3001, "/rest/v1/contacts", token="a1")
    b.call(3001, "/rest/v1/contacts", token="b1")
    return b.har()


def a_deployment_that_ended_all_sessions() -> Har:
    """Both calls are refused at once, so are both tabs' refreshes; then somebody signs in."""
    b = Browser().begun()
    for path in ("contacts", "news"):
        b.call(600, f"/rest/v1/{path}", 401, token="a0", says={"msg": "session not found"})
    b.refused(600.2, "r0", GONE, took=0.2)
    b.refused(600.25, "r0", GONE, took=0.2)
    b.sign_in(630, "b0", "q0")
    b.call(631, "/rest/v1/contacts", token="b0")
    return b.har()


def a_wrong_password() -> Har:
    b = Browser()
    for n in range(4):
        b.call(1 + n * 5, "POST /auth/v1/token?grant_type=password", 400,
               says={"error_code": "invalid_credentials", "msg": "Invalid login credentials"},
               body={"email": "ann@example.com", "password": "wrong"})  # fmt: skip
    b.sign_in(30)
    b.call(31, "/rest/v1/contacts", token="a0")
    return b.har()


def a_second_factor() -> Har:
    """Its sign-in is followed by one that brings a stronger session."""
    b = Browser().begun()
    b.call(5, "POST /auth/v1/factors/f1/challenge", token="a0", says={"id": "c1"})
    says = {"access_token": b.token("b0", 9), "refresh_token": "q0", "expires_in": LIFE}
    b.call(9, "POST /auth/v1/factors/f1/verify", token="a0", says=says, body={"code": "123456"})
    b.call(10, "/rest/v1/contacts", token="b0")
    return b.har()


CASES: tuple[Callable[[], Har], ...] = (
    out_and_in_again,
    a_sign_out_of_the_other_devices,
    a_sign_out_by_graphql,
    a_page_that_keeps_its_token_in_memory,
    a_session_that_was_over_in_the_morning,
    tokens_for_three_services,
    silent_sign_ins_for_three_audiences,
    a_service_of_several_audiences,
    three_windows_of_one_person,
    two_people_in_one_browser,
    a_deployment_that_ended_all_sessions,
    a_wrong_password,
    a_second_factor,
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_nothing_is_shown_of_what_goes_as_it_should(tmp_path: Path, case: Callable[[], Har]) -> None:
    """And the file is read whole."""
    found = diagnosed(tmp_path, case())
    assert found.evidence.sources[0].kept == found.evidence.sources[0].rows
    assert standing_as(found, "shown") == set()
