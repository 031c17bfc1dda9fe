"""Calls and refreshes that go as they should and look like a mechanism: a permission, a night, a timer."""

from collections.abc import Callable
from pathlib import Path

import pytest
from diagnosing import diagnosed, standing_as
from exports import Browser, Har


def a_resource_that_one_may_not_see() -> Har:
    """Polled; the client refreshes at each 401, tries again, and gives up."""
    b = Browser().begun()
    for n in range(4):
        at = 30.0 * (n + 1)
        b.call(at, "/admin/stats", 401, token=f"a{n}")
        b.refresh(at + 0.1, f"r{n}", f"r{n + 1}", f"a{n + 1}")
        b.call(at + 0.2, "/admin/stats", 401, token=f"a{n + 1}")
        b.call(at + 1, "/rest/v1/contacts", token=f"a{n + 1}")
    return b.har()


def two_resources_that_one_may_not_see() -> Har:
    b = Browser().begun()
    b.call(30, "/admin/stats", 401, token="a0", took=0.4)
    b.call(30, "/admin/users", 401, token="a0", took=0.4)
    b.refresh(30.5, "r0", "r1", "a1")
    b.call(30.6, "/admin/stats", 401, token="a1")
    b.call(30.6, "/admin/users", 401, token="a1")
    b.call(31, "/rest/v1/contacts", token="a1")
    return b.har()


def a_page_left_open_over_night() -> Har:
    """The machine sleeps; in the morning three polls are refused at once, one refresh, three retries."""
    b = Browser().begun()
    for n in range(10):
        b.call(60.0 * (n + 1), "/rest/v1/poll", token="a0")
    for path in ("poll", "news", "me"):
        b.call(30_000, f"/rest/v1/{path}", 401, token="a0", says={"message": "JWT expired"})
    b.refresh(30_000.1, "r0", "r1", "a1")
    for path in ("poll", "news", "me"):
        b.call(30_000.3, f"/rest/v1/{path}", token="a1")
    return b.har()


def a_refresh_in_good_time() -> Har:
    """Tokens of five minutes, refreshed a minute before."""
    b = Browser(life=300).begun()
    for n in range(6):
        at = 240.0 * (n + 1)
        b.refresh(at, f"r{n}", f"r{n + 1}", f"a{n + 1}")
        b.call(at + 20, "/rest/v1/poll", token=f"a{n + 1}")
    return b.har()


def a_session_that_is_polled_by_a_timer() -> Har:
    """Each five minutes a refresh, whatever the calls; a token serves many."""
    b = Browser().begun()
    for n in range(5):
        at = 300.0 * (n + 1)
        b.refresh(at, f"r{n}", f"r{n + 1}", f"a{n + 1}")
        for k in range(5):
            b.call(at + 30 + k * 40, "/rest/v1/poll", token=f"a{n + 1}")
    return b.har()


def an_auth_server_that_was_down() -> Har:
    """Three times 503, then granted."""
    b = Browser().begun()
    for n in range(3):
        b.refused(3500 + n, "r0", "upstream connect error", 503)
    b.refresh(3510, "r0", "r1", "a1")
    b.call(3511, "/rest/v1/contacts", token="a1")
    return b.har()


def a_client_that_the_server_does_not_know() -> Har:
    b = Browser().begun()
    for n in range(3):
        b.refused(3500 + n * 10, "r0", {"error": "invalid_client"}, 401)
    return b.har()


def a_step_up() -> Har:
    """One origin wants a fresher sign-in for what it gave before (RFC 9470); the other does not."""
    b = Browser().begun()
    b.call(2, "https://bank.example.com/transfers", token="a0")
    challenge = {"www-authenticate": 'Bearer error="insufficient_user_authentication", max_age="300"'}
    b.call(400, "https://bank.example.com/transfers", 401, token="a0", answers=challenge)
    b.call(401, "/rest/v1/contacts", token="a0")
    return b.har()


def a_call_that_waited_in_the_browser() -> Har:
    """Made before the refresh, with the token of then; for want of a connection it left after."""
    b = Browser(life=60).begun()
    blocked = {"blocked": 4000, "dns": -1, "connect": -1, "send": 0, "wait": 50, "receive": 0}
    b.call(59.0, "/rest/v1/photos", 401, token="a0", took=4.05, timings=blocked, says={"message": "JWT expired"})
    b.refresh(59.5, "r0", "r1", "a1")
    b.call(60, "/rest/v1/contacts", token="a1")
    b.call(63.2, "/rest/v1/photos", token="a1")
    return b.har()


def a_stream_that_outlived_its_token() -> Har:
    b = Browser().begun()
    b.call(10, "/rest/v1/events", token="a0", took=4000)
    b.refresh(3500, "r0", "r1", "a1")
    b.call(3501, "/rest/v1/contacts", token="a1")
    b.call(4011, "/rest/v1/events", token="a1", took=10)
    return b.har()


def a_search_as_you_type() -> Har:
    """Limited once, and told to wait a second; the next letters come after it."""
    b = Browser().begun()
    b.call(5, "/rest/v1/search?q=a", token="a0")
    b.call(5.3, "/rest/v1/search?q=an", 429, token="a0", answers={"retry-after": "1"})
    b.call(7, "/rest/v1/search?q=ann", token="a0")
    b.call(7.2, "/rest/v1/search?q=anna", 429, token="a0", answers={"retry-after": "1"})
    b.call(8.5, "/rest/v1/search?q=anna", token="a0")
    return b.har()


def a_copy_of_one_request_behind_a_gateway() -> Har:
    """A proxy records both legs: from the browser to the gateway, and from there to the auth server."""
    b = Browser().begun()
    b.refresh(3500, "r0", "r1", "a1", took=0.3)
    inner = b.refresh(3500.05, "r0", "r1", "a1", took=0.2)
    inner["request"]["url"] = "http://auth.internal:9999/auth/v1/token?grant_type=refresh_token"
    b.call(3501, "/rest/v1/contacts", token="a1")
    told = b.har("mitmproxy")
    for each in told["log"]["entries"]:
        each.pop("pageref")
    return told


def a_queue_that_was_made_before() -> Har:
    """Twelve calls at once; browsers have six connections, and the rest leave after the first was limited."""
    b = Browser().begun()
    for n in range(12):
        late = n >= 6
        waits = {"blocked": 300 if late else 0, "dns": -1, "connect": -1, "send": 0, "wait": 100, "receive": 0}
        wait = {"retry-after": "10"}
        b.call(5, f"/rest/v1/rows?id={n}", 429, token="a0", took=0.4 if late else 0.1, timings=waits, answers=wait)
    b.call(16, "/rest/v1/rows?id=0", token="a0")
    return b.har()


def a_gateway_that_leads_to_its_login() -> Har:
    """Its session is over, not the token; the page of the login answers 401 to a script."""
    b = Browser().begun()
    b.call(5, "/rest/v1/contacts", 302, token="a0", answers={"location": "https://sso.example.com/login?next=1"})
    b.call(5.1, "https://sso.example.com/login?next=1", 401, says="<html></html>")
    return b.har()


CASES: tuple[Callable[[], Har], ...] = (
    a_resource_that_one_may_not_see,
    two_resources_that_one_may_not_see,
    a_page_left_open_over_night,
    a_refresh_in_good_time,
    a_session_that_is_polled_by_a_timer,
    an_auth_server_that_was_down,
    a_client_that_the_server_does_not_know,
    a_step_up,
    a_call_that_waited_in_the_browser,
    a_stream_that_outlived_its_token,
    a_search_as_you_type,
    a_copy_of_one_request_behind_a_gateway,
    a_queue_that_was_made_before,
    a_gateway_that_leads_to_its_login,
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_nothing_is_shown_of_what_goes_as_it_should(tmp_path: Path, case: Callable[[], Har]) -> None:
    """And the file is read whole."""
    found = diagnosed(tmp_path, case())
    assert found.evidence.sources[0].kept == found.evidence.sources[0].rows
    assert standing_as(found, "shown") == set()
