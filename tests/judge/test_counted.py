"""What the table counts, of runs of a few entries: sessions, refreshes, pages, coverage, waiting."""

from collections import Counter
from typing import Any

import pytest
from ledgers import PAGE, Run, manifest, reproduced

from race401.harness.judge.measure import measure
from race401.harness.judge.row import SEQS_STORED, Row

ME, OTHER = "run/rfc9700/control/1", "run/rfc9700/control/2"
LOGOUT = "/auth/v1/logout"


def counted(run: Run, **policy: Any) -> Row:
    """The row of the control, whose policy has these knobs."""
    run.manifest["policies"]["control"] |= policy
    return measure(run.evidence())[0]


# --- who and what ---------------------------------------------------------------------------------


def test_browsers_are_counted_by_name() -> None:
    run = Run()
    for client in (ME, ME, OTHER):
        run.entry(client, PAGE[0], 200)
    assert counted(run).browsers == 2


def test_a_401_without_a_cause_is_counted_all_the_same() -> None:
    """On the wire, at the app, and in a page like the incident."""
    run = Run()
    run.page(ME, 1, None, *["expired"] * 4)
    run.entries[1].cause = None
    run.entries[1].status = 401
    row = counted(run)
    assert row.wire_401s == row.caller_401s == Counter({"expired": 3, "?": 1})
    assert row.signatures == Counter({"?, expired": 1})


def test_what_was_cut_off_is_not_sampled() -> None:
    run = Run()
    run.attempt(ME, "1.1", PAGE[0], None, store_reads=2)
    run.attempt(ME, "1.2", PAGE[1], None, store_reads=3)
    run.attempt(ME, "1.3", PAGE[2], None, store_reads=7, cut_off=True)
    row = counted(run)
    assert (row.sampled, row.store_reads, row.requests) == (2, 5, 2)


def test_sessions_are_counted_once_each() -> None:
    """However often one is refused, and however often one generation is exchanged."""
    run = Run()
    for client in (ME, OTHER):
        for outcome in ("rotated", "reused", "revoked"):
            run.exchange(client, outcome)
    row = counted(run)
    assert (row.sessions, row.sessions_lost, row.sessions_repeated, row.generations) == (2, 2, 2, 2)
    assert (row.lost_seqs, row.repeated_seqs) == ([2, 5], [2, 3, 5, 6])
    assert row.exchange_seqs == [1, 2, 3, 4, 5, 6]
    assert row.outcomes == Counter({"rotated": 2, "reused": 2, "revoked": 2})


@pytest.mark.parametrize(
    ("status", "signed_out"), [(200, True), (204, True), (299, True), (300, False), (401, False)]
)
def test_a_sign_out_counts_if_it_was_granted(status: int, signed_out: bool) -> None:
    """What is sent with the session afterwards is counted, and its refused refresh is no loss."""
    run = Run()
    run.entry(ME, LOGOUT, status, method="POST")
    run.entry(ME, PAGE[0], 200)
    run.exchange(ME, "not_found")
    row = counted(run)
    assert (row.after_sign_out_seqs, row.sessions_lost) == (([2], 0) if signed_out else ([], 1))


@pytest.mark.parametrize("target", [f"{LOGOUT}?scope=others", "/auth/v1/logout?scope=local&scope=others"])
def test_a_sign_out_of_the_other_sessions_ends_none_of_ones_own(target: str) -> None:
    """The session goes on, and a refused refresh of it is a loss."""
    run = Run()
    run.entry(ME, target, 204, method="POST")
    run.entry(ME, PAGE[0], 200)
    run.exchange(ME, "not_found")
    row = counted(run)
    assert (row.after_sign_out_seqs, row.sessions_lost) == ([], 1)


def test_a_revocation_of_a_token_that_the_server_does_not_know_ends_no_session() -> None:
    """It is answered 200 all the same, and names no session; nor does a request without a token carry one."""
    run = Run()
    run.entry(ME, "/oauth/revoke", 200, method="POST", family=None)
    run.entry(ME, PAGE[0], 401, family=None, cause="missing_token")
    assert counted(run).after_sign_out_seqs == []


def test_what_left_as_the_sign_out_was_answered_is_no_request_after_it() -> None:
    run = Run()
    run.entry(ME, LOGOUT, 204, method="POST", answered_at=5.0)
    run.entry(ME, PAGE[0], 200, received_at=5.0)
    run.entry(ME, PAGE[0], 200, received_at=5.001)
    assert counted(run).after_sign_out_seqs == [3]


def test_a_row_as_plain_values() -> None:
    """Counters in order, at most two hundred rows of each kind, and what is reckoned from the rest."""
    run = reproduced()
    for n in range(300):
        run.attempt(ME, f"9.{n}", PAGE[0], "expired")
    plain = counted(run).json()
    assert plain["wire_401s"] == {"expired": 300, "missing_token": 4}
    assert plain["caller_401_seqs"] == [7, 8, 9, 10, *range(17, 17 + SEQS_STORED - 4)]
    assert (plain["exchanges"], plain["exchanges_per_generation"], plain["requests"]) == (5, 5.0, 305)


# --- what was needed ------------------------------------------------------------------------------

EARLY = {
    "within 300 s, of who says no margin": ({}, {}, 300.0, False),
    "before that": ({}, {}, 300.001, True),
    "within its margin and a little": ({"expiry_margin": 120.0}, {}, 120.25, False),
    "before it": ({"expiry_margin": 120.0}, {}, 120.3, True),
    "within its ticker's margin": ({"expiry_margin": 60.0, "auto_refresh_margin": 120.0}, {}, 120.0, False),
    "before its ticker's margin": ({"expiry_margin": 60.0, "auto_refresh_margin": 120.0}, {}, 121.0, True),
    "with no margin at all": ({"expiry_margin": 0.0}, {}, 0.3, True),
    "within it by a clock that is ahead": ({"expiry_margin": 120.0}, {"skew_s": 90.0}, 210.0, False),
    "before it by such a clock": ({"expiry_margin": 120.0}, {"skew_s": 90.0}, 211.0, True),
}


@pytest.mark.parametrize(("policy", "about", "left", "needless"), EARLY.values(), ids=EARLY)
def test_an_exchange_that_nothing_called_for(
    policy: dict[str, float], about: dict[str, float], left: float, needless: bool
) -> None:
    run = Run()
    run.manifest["conditions"]["rfc9700"] |= about
    run.exchange(ME, token_left_s=left)
    assert counted(run, **policy).needless_seqs == ([1] if needless else [])


def ideal(
    sent: list[tuple[float, float]], lifetime: float = 200.0, skew: float | None = None, **policy: float
) -> list[int] | None:
    """How many exchanges were needed, by when requests came and what their tokens had left; the margin is 100 s."""
    run = Run()
    run.manifest["worlds"] = {"rfc9700": {"lifetime": lifetime}}
    run.manifest["conditions"]["rfc9700"] |= {} if skew is None else {"skew_s": skew}
    for at, left in sent:
        run.entry(ME, PAGE[0], 200, received_at=at, answered_at=at, token_left_s=left)
    return counted(run, expiry_margin=100.0, **policy).ideal_exchanges


BEGUN = (10.0, 150.0)
IDEALS: dict[str, tuple[list[tuple[float, float]], list[int]]] = {
    "none was sent within the margin": ([BEGUN, (59.0, 101.0)], [0, 0]),
    "one was": ([BEGUN, (61.0, 99.0)], [1, 1]),
    "one was, by less than a look at the clock tells": ([BEGUN, (60.0, 100.0)], [0, 1]),
    "at the edge of that": ([BEGUN, (60.25, 99.75)], [1, 1]),
    "at the other edge": ([BEGUN, (59.75, 100.25)], [0, 1]),
    "it crossed the margin twice": ([BEGUN, (61.0, 99.0), (162.0, 98.0)], [2, 2]),
    "the second may have come a second early": ([BEGUN, (61.0, 99.0), (160.5, 99.0)], [1, 2]),
}


@pytest.mark.parametrize(("sent", "expected"), IDEALS.values(), ids=IDEALS)
def test_how_many_refreshes_were_needed(sent: list[tuple[float, float]], expected: list[int]) -> None:
    """At least and at most: one a lifetime less the margin, from the first crossing on."""
    assert ideal(sent) == expected


def test_how_many_were_needed_by_a_wrong_clock() -> None:
    """One that is ahead crosses the margin sooner, one that is behind later."""
    assert ideal([BEGUN, (51.0, 109.0)], skew=10.0) == [1, 1]
    assert ideal([BEGUN, (61.0, 99.0)], skew=-10.0) == [0, 0]


def test_a_margin_is_at_most_the_share_of_a_lifetime_that_its_policy_allows() -> None:
    """A quarter of 200 s: a token with 49 s left is due; with 99 s left, one of which the client knows no more is."""
    assert ideal([BEGUN, (59.0, 101.0)], margin_share=0.25) == [0, 0]
    assert ideal([BEGUN, (61.0, 99.0)], margin_share=0.25) == [0, 1]
    assert ideal([BEGUN, (111.0, 49.0)], margin_share=0.25) == [1, 1]
    assert ideal([BEGUN, (61.0, 99.0)], margin_share=0.75) == [1, 1]
    assert ideal([BEGUN, (61.0, 99.0)], lifetime=100.0, margin_share=0.25) == [0, 1]


def test_a_first_token_of_unknown_life_makes_one_refresh_more_and_no_second() -> None:
    """It goes at the whole margin; from then on the clamped one counts: 150 s from refresh to refresh."""
    renewed = [BEGUN, (61.0, 99.0), (110.0, 151.0), (209.0, 52.0)]
    assert ideal(renewed, margin_share=0.25) == [1, 1]
    assert ideal([*renewed, (211.0, 50.0)], margin_share=0.25) == [1, 2]


def test_a_margin_as_long_as_the_lifetime_has_no_ideal() -> None:
    """But for the second by which a lifetime is rounded."""
    assert ideal([(10.0, 50.0)], lifetime=100.0) is ideal([(10.0, 50.0)], lifetime=101.0) is None
    assert ideal([(10.0, 50.0)], lifetime=101.1) == [1, 1]


def test_the_needs_of_sessions_add_up() -> None:
    run = Run()
    run.manifest["worlds"] = {"rfc9700": {"lifetime": 200.0}}
    for client in (ME, OTHER):
        for at, left in ((10.0, 150.0), (61.0, 99.0)):
            run.entry(client, PAGE[0], 200, received_at=at, answered_at=at, token_left_s=left)
    assert counted(run, expiry_margin=100.0).ideal_exchanges == [2, 2]


# --- pages ----------------------------------------------------------------------------------------


def late_by(seconds: float) -> Run:
    """A page like the incident, whose last 401 came so much later than the 200."""
    run = Run()
    run.page(ME, 1, None, *["expired"] * 4)
    for entry in run.entries:
        entry.answered_at = 8.0
    run.entries[-1].answered_at += seconds
    return run


@pytest.mark.parametrize(("seconds", "signatures"), [(1.0, 1), (1.001, 0), (-1.0, 1), (-1.001, 0)])
def test_the_incidents_second(seconds: float, signatures: int) -> None:
    assert counted(late_by(seconds)).signatures.total() == signatures


def test_the_causes_of_such_a_page_are_those_of_all_its_401s() -> None:
    run = Run()
    run.page(ME, 1, None, "missing_token", *["expired"] * 3)
    assert counted(run).signatures == Counter({"expired, missing_token": 1})


def test_pages_are_told_apart_whatever_the_run_is_called() -> None:
    """A page's 401s are its own: two halves are no page like the incident."""
    run = Run(manifest(run="run.2"))
    client = ME.replace("run", "run.2")
    run.page(client, 1, None, None, None, "expired", "expired")
    run.page(client, 2, "expired", "expired", "expired", None, None)
    assert counted(run).signatures.total() == 0


# --- what the run exercised -----------------------------------------------------------------------


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


# --- waiting --------------------------------------------------------------------------------------


def test_waiting_with_and_without_a_refresh() -> None:
    """From the intended start: of 20 pages each the median, and what 95 in 100 do not exceed."""
    run = Run()
    for n in range(20):
        begun = 10.0 * n
        run.attempt(ME, f"{n}.1", PAGE[0], None, intended_at=begun, started_at=begun, ended_at=begun + n / 10)
        run.attempt(OTHER, f"{n}.1", PAGE[0], None, intended_at=begun, started_at=begun, ended_at=begun + n / 100)
        run.exchange(ME, received_at=begun, answered_at=begun)
    assert counted(run).waits == pytest.approx(
        {"with_refresh": 1.0, "with_refresh_p95": 1.9, "without": 0.1, "without_p95": 0.19}
    )


def test_all_requests_of_a_page_wait_together() -> None:
    run = Run()
    for page in (1, 2):
        for k, target in enumerate(PAGE):
            run.attempt(ME, f"{page}.{k}", target, None, ended_at=float(page * 10 + k))
    waits = counted(run).waits
    assert (waits["without"], waits["without_p95"], waits["with_refresh"]) == (20.0, 24.0, None)
