"""What the table counts, of runs of a few entries: sessions, refreshes, pages, waiting."""

from collections import Counter

import pytest
from counting import ME, OTHER, counted
from ledgers import PAGE, Run, manifest, reproduced

from race401.harness.judge.check import by_cause
from race401.harness.judge.checks.wire import WIRE_401S
from race401.harness.judge.row import SEQS_STORED

LOGOUT = "/auth/v1/logout"


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
    assert by_cause(row.caller_401s) == "3 expired, 1 no reason given"
    assert [figure.name for figure in WIRE_401S.figures([row])][1:3] == ["no reason given", "expired"]


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
