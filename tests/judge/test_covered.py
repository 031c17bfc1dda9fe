"""Which races a run had the chance to show: what its entries exercised."""

from typing import Any

import pytest
from counting import ME, counted
from ledgers import PAGE, Run

LOGOUT = "/auth/v1/logout"


def covered(*entries: dict[str, Any]) -> dict[str, int]:
    """What these entries cover, by name; each has an instant of its own unless it says otherwise."""
    run = Run()
    for about in entries:
        exchange = "grant_outcome" in about
        fields = {"client": ME, "target": PAGE[0], "status": 200, **about}
        if exchange:
            fields |= {"target": "/auth/v1/token?grant_type=refresh_token", **about}
        run.entry(**fields)
    return {name: n for name, n in counted(run).coverage.items() if n}


REFUSED: dict[str, Any] = {"status": 401, "cause": "expired"}
GRANTED: dict[str, Any] = {"grant_outcome": "rotated"}
OUT: dict[str, Any] = {"target": LOGOUT, "status": 204}
EXCHANGE = "/auth/v1/token?grant_type=refresh_token"
COVERED: dict[str, tuple[list[dict[str, Any]], dict[str, int]]] = {
    "nothing": ([{}], {}),
    "a refresh": ([GRANTED, GRANTED], {"refresh": 1, "expiry": 1}),
    "refreshes of two sessions": ([GRANTED, GRANTED | {"family": "another"}], {"refresh": 2, "expiry": 2}),
    "an expiry": ([REFUSED], {"expiry": 1}),
    "another refusal": ([REFUSED | {"cause": "bad_signature"}], {}),
    "expiries of two sessions": ([REFUSED, REFUSED | {"family": "another"}], {"expiry": 2}),
    "two 401s with one token": ([REFUSED, REFUSED], {"expiry": 1, "two-401s-one-token": 1}),
    "three": ([REFUSED] * 3, {"expiry": 1, "two-401s-one-token": 1}),
    "two with two tokens": ([REFUSED, REFUSED | {"generation": 1}], {"expiry": 1}),
    "two with none": ([REFUSED | {"generation": None}] * 2, {"expiry": 1}),
    "a 401 after the refresh": ([GRANTED, REFUSED], {"refresh": 1, "expiry": 1, "late-401": 1}),
    "a 401 as it was answered": (
        [GRANTED | {"answered_at": 1.0}, REFUSED | {"answered_at": 1.0}],
        {"refresh": 1, "expiry": 1},
    ),
    "a 401 before it": ([REFUSED, GRANTED], {"refresh": 1, "expiry": 1}),
    "a 401 after a refresh that was refused": (
        [{"grant_outcome": "reused", "status": 400}, REFUSED],
        {"refresh": 1, "expiry": 1},
    ),
    "a 401 without a token after it": ([GRANTED, REFUSED | {"generation": None}], {"refresh": 1, "expiry": 1}),
    "a 200 after it": ([GRANTED, {}], {"refresh": 1, "expiry": 1}),
    "a lost answer": ([{"grant_outcome": "lost"}], {"refresh": 1, "expiry": 1, "lost-answer": 1}),
    "answers spoilt on their way": (
        [GRANTED | {"fault": "cut"}, GRANTED | {"fault": "cut"}],
        {"refresh": 1, "expiry": 1, "lost-answer": 2},
    ),
    "failed refreshes": ([{"target": EXCHANGE, "status": 503, "cause": "fault"}] * 2, {"failed-refresh": 2}),
    "a failed request": ([{"status": 503, "cause": "fault"}], {}),
    "a refresh that failed otherwise": ([{"target": EXCHANGE, "status": 429, "cause": "rate_limited"}], {}),
}


@pytest.mark.parametrize(("entries", "expected"), COVERED.values(), ids=COVERED)
def test_what_a_run_covers(entries: list[dict[str, Any]], expected: dict[str, int]) -> None:
    assert covered(*entries) == expected


@pytest.mark.parametrize(
    ("refresh", "sign_out", "during"),
    [
        ((1.0, 2.0), (1.5, 1.6), True),
        ((1.0, 2.0), (0.5, 1.5), True),
        ((1.0, 2.0), (0.5, 1.0), False),
        ((1.0, 2.0), (2.0, 2.5), False),
        ((1.0, 2.0), (3.0, 3.5), False),
        ((4.0, 5.0), (3.0, 3.5), False),
    ],
    ids=["within", "across its start", "just before", "just after", "after", "before"],
)
def test_a_refresh_during_sign_out(refresh: tuple[float, float], sign_out: tuple[float, float], during: bool) -> None:
    both: list[dict[str, Any]] = [
        GRANTED | {"received_at": refresh[0], "answered_at": refresh[1]},
        OUT | {"received_at": sign_out[0], "answered_at": sign_out[1]},
    ]
    assert covered(*both).get("refresh-during-sign-out", 0) == during
    assert covered(*both, both[0]).get("refresh-during-sign-out", 0) == 2 * during
