"""The mock's clock over the control API, and what follows it."""

from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest
from locustruns import served_mock
from mocks import NOW, Mock


def turned(mock: Mock, **change: Any) -> dict[str, Any]:
    """What the clock says after a change."""
    answer = mock.client.post("/_race401/clock", json=change)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_it_is_the_machines_until_it_is_set_apart() -> None:
    mock = Mock()
    assert mock.client.get("/_race401/clock").json() == {"now": NOW, "ahead_s": 0, "frozen": False}
    assert turned(mock, ahead_s=90) == {"now": NOW + 90, "ahead_s": 90, "frozen": False}
    mock.now += 5
    assert turned(mock) == {"now": NOW + 95, "ahead_s": 90, "frozen": False}
    assert turned(mock, advance_s=-100) == {"now": NOW - 5, "ahead_s": -10, "frozen": False}
    assert turned(mock, now=NOW + 1)["ahead_s"] == -4


def test_it_stands_still_and_goes_on_from_there() -> None:
    mock = Mock()
    assert turned(mock, advance_s=10, frozen=True) == {"now": NOW + 10, "ahead_s": 10, "frozen": True}
    mock.now += 60
    assert turned(mock) == {"now": NOW + 10, "ahead_s": -50, "frozen": True}
    assert turned(mock, advance_s=1)["now"] == NOW + 11
    assert turned(mock, frozen=False) == {"now": NOW + 11, "ahead_s": -49, "frozen": False}
    mock.now += 2
    assert turned(mock)["now"] == NOW + 13
    assert turned(mock, ahead_s=0) == {"now": NOW + 62, "ahead_s": 0, "frozen": False}


def test_tokens_expire_by_it_and_the_date_header_tells_it() -> None:
    mock = Mock()
    session = mock.sign_in()
    turned(mock, advance_s=3599)
    answer = mock.get("/contacts", session["access_token"])
    assert answer.status_code == 200
    assert parsedate_to_datetime(answer.headers["date"]).timestamp() == NOW + 3599
    turned(mock, advance_s=1)
    answer = mock.get("/contacts", session["access_token"])
    assert (answer.status_code, mock.last.cause) == (401, "expired")
    assert parsedate_to_datetime(answer.headers["date"]).timestamp() == NOW + 3600
    assert mock.last.received_at == NOW + 3600


def test_the_reuse_interval_follows_it() -> None:
    mock = Mock(unacknowledged_brings="as_reuse", revoked_last_lives=False, reuse_interval=10.0)
    first = mock.sign_in()["refresh_token"]
    mock.refresh(first)
    turned(mock, advance_s=10)
    assert mock.refresh(first).status_code == 200
    turned(mock, advance_s=10.001)
    assert mock.refresh(first).status_code == 400


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"now": NOW, "advance_s": 1}, "at most one of now, advance_s and ahead_s"),
        ({"advance_s": -1e12}, "the clock goes from 1970 to 9999"),
        ({"now": 1e300}, "the clock goes from 1970 to 9999"),
        ({"freeze": True}, "Object contains unknown field `freeze`"),
    ],
)
def test_what_no_clock_can_do_is_refused(change: dict[str, Any], said: str) -> None:
    mock = Mock()
    answer = mock.client.post("/_race401/clock", json=change)
    assert answer.status_code == 422
    assert said in answer.text
    assert mock.client.get("/_race401/clock").json()["now"] == NOW


def test_the_one_date_on_the_wire_is_the_mocks() -> None:
    with served_mock() as url, httpx.Client(base_url=url, trust_env=False) as client:
        client.post("/_race401/clock", json={"now": NOW, "frozen": True}).raise_for_status()
        answer = client.get("/contacts")
        assert answer.headers.get_list("date") == ["Sat, 04 Oct 2025 21:51:00 GMT"]
