"""A ledger alone: which 401s a client made good, by the wire, one to one; each rule with its twin."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from ledgers import Run

from race401.harness.__main__ import main
from race401.harness.judge import evidence
from race401.harness.judge.checks import Value
from race401.harness.judge.recovery import QUIET, bursts
from race401.harness.judge.verdict import Verdict, judge

ME = "some client"


def refused(run: Run, target: str = "/contacts?caller=1", **more: Any) -> None:
    """The client's request got 401 with a token of generation 0."""
    run.entry(ME, target, 401, **({"cause": "expired"} | more))


def answered(
    run: Run, target: str = "/contacts?caller=1", status: int = 200, generation: int = 1, **more: Any
) -> None:
    """The client's request was answered, 200 unless said otherwise, with a newer token."""
    run.entry(ME, target, status, generation=generation, **more)


def verdict(tmp_path: Path, run: Run, torn: bytes = b"") -> Verdict:
    """Judge the entries as a ledger of their own."""
    ledger = tmp_path / "ledger.jsonl"
    ledger.write_bytes(b"".join(msgspec.json.encode(entry) + b"\n" for entry in run.entries) + torn)
    return judge(evidence.load(ledger))


def surfaced(tmp_path: Path, run: Run) -> int:
    """How many 401s the program saw."""
    return verdict(tmp_path, run).rows[0].caller_401s.total()


def test_a_retry_with_a_newer_token_recovers(tmp_path: Path) -> None:
    run = Run()
    refused(run)
    run.exchange(ME)
    answered(run)
    result = verdict(tmp_path, run)
    assert result.value is Value.PASS, result.sentence
    assert (result.rows[0].requests, result.rows[0].wire_401s.total()) == (1, 1)


def test_one_callers_200_does_not_recover_anothers_401(tmp_path: Path) -> None:
    run = Run()
    refused(run, "/contacts?caller=1")
    refused(run, "/contacts?caller=2")
    run.exchange(ME)
    answered(run, "/contacts?caller=2")
    assert surfaced(tmp_path, run) == 1


def test_one_200_recovers_one_401(tmp_path: Path) -> None:
    run = Run()
    refused(run)
    refused(run)
    run.exchange(ME)
    answered(run)
    assert surfaced(tmp_path, run) == 1


def test_the_next_page_load_recovers_nothing(tmp_path: Path) -> None:
    run = Run()
    refused(run)
    run.exchange(ME)
    answered(run, received_at=3.0, answered_at=3.0)
    assert surfaced(tmp_path, run) == 1


def test_a_refresh_that_takes_long_is_no_silence(tmp_path: Path) -> None:
    run = Run()
    refused(run)
    run.exchange(ME, answered_at=3.0)
    answered(run, received_at=3.01, answered_at=3.02)
    assert surfaced(tmp_path, run) == 0


@pytest.mark.parametrize(
    "retry",
    [
        {"generation": 0},
        {"target": "/contacts?caller=1&page=2"},
        {"method": "POST"},
        {"status": 500},
        {"status": 300},
        {"received_at": 0.005},
    ],
    ids=[
        *("the same token", "another query", "another method", "an error", "a redirection"),
        "sent before the 401 was answered",
    ],
)
def test_what_is_no_recovery(tmp_path: Path, retry: dict[str, Any]) -> None:
    run = Run()
    refused(run)
    run.exchange(ME)
    answered(run, **retry)
    assert surfaced(tmp_path, run) == 1


def test_a_retry_in_the_instant_of_the_401_recovers(tmp_path: Path) -> None:
    """Clocks of servers tick in us; a retry is later, however little."""
    run = Run()
    refused(run, answered_at=0.03)
    run.exchange(ME)
    answered(run)
    assert surfaced(tmp_path, run) == 0


def test_any_token_is_newer_than_none(tmp_path: Path) -> None:
    run = Run()
    refused(run, generation=None, cause="missing_token")
    answered(run, generation=0)
    assert surfaced(tmp_path, run) == 0


def test_only_401s_are_recovered(tmp_path: Path) -> None:
    """A 200 that is asked for again is two requests, and one before a 401 changes nothing about it."""
    run = Run()
    answered(run, generation=0)
    refused(run)
    answered(run)
    answered(run, generation=2)
    row = verdict(tmp_path, run).rows[0]
    assert (row.requests, row.caller_401s.total()) == (3, 0)


def test_what_is_counted_is_counted_of_every_client(tmp_path: Path) -> None:
    """Each has requests of its own, and 401s that a torn ledger does not decide."""
    run = Run()
    for client in ("one", "another"):
        run.entry(client, "/contacts", 200)
        run.entry(client, "/contacts", 401, cause="expired")
    rows = verdict(tmp_path, run, torn=b"{").rows
    assert [(row.requests, row.undecided_401_seqs) for row in rows] == [(2, [4]), (2, [2])]


def test_the_auth_servers_answers_are_no_requests_of_the_app(tmp_path: Path) -> None:
    """Neither under Supabase's paths nor under OAuth's."""
    run = Run()
    answered(run)
    for target in ("/oauth/token", "/auth/v1/token?grant_type=refresh_token", "/supabase/auth/v1/user"):
        answered(run, target)
    assert verdict(tmp_path, run).rows[0].requests == 1


@pytest.mark.parametrize(("silence", "decided"), [(QUIET, True), (QUIET - 0.01, False)])
def test_when_a_torn_ledger_tells_that_no_retry_came(tmp_path: Path, silence: float, decided: bool) -> None:
    """When it goes on for long enough after the 401's burst."""
    run = Run()
    refused(run, received_at=1.0, answered_at=1.0)
    run.entry("another", "/contacts", 200, received_at=1.0 + silence, answered_at=1.0 + silence)
    (row,) = (row for row in verdict(tmp_path, run, torn=b"{").rows if row.policy == ME)
    assert (row.caller_401_seqs, row.undecided_401_seqs) == (([1], []) if decided else ([], [1]))


def split(*spans: tuple[float, float]) -> list[int]:
    """How many entries each burst has."""
    run = Run()
    for received, done in spans:
        answered(run, received_at=received, answered_at=done)
    return [len(burst) for burst in bursts(run.entries)]


def test_a_burst_ends_with_a_silence() -> None:
    """Of more than a second, with nothing under way; an answer that never came is over when it was asked for."""
    assert split() == []
    assert split((5.0, 5.1), (5.2, 5.3)) == [2]
    assert split((5.0, 5.0), (6.0, 6.0)) == [2]
    assert split((5.0, 5.0), (6.001, 6.001), (7.0, 7.0)) == [1, 2]
    assert split((5.0, 9.0), (6.5, 6.6), (9.5, 9.6)) == [3]
    assert split((5.0, 0.0), (5.5, 0.0), (7.0, 7.0)) == [2, 1]


def test_a_retry_that_was_refused_too_is_one_failure(tmp_path: Path) -> None:
    run = Run()
    refused(run)
    run.exchange(ME)
    refused(run, generation=1)
    result = verdict(tmp_path, run)
    assert (result.value, result.rows[0].caller_401s.total()) == (Value.FAIL, 1)
    assert result.rows[0].caller_401_seqs == [3]


def test_what_a_torn_ledger_does_not_tell_is_unknown(tmp_path: Path) -> None:
    run = Run()
    refused(run)
    assert verdict(tmp_path, run).value is Value.FAIL
    assert verdict(tmp_path, run, torn=b'{"seq": 2').value is Value.UNKNOWN


def test_who_names_nothing_cannot_be_judged(tmp_path: Path) -> None:
    run = Run()
    run.entry(ME, "/contacts", 200)
    run.entry(None, "/contacts", 401, cause="missing_token", generation=None)
    result = verdict(tmp_path, run)
    assert result.sentence == (
        "UNKNOWN: 1 401 because no token was sent, of callers without a session in this ledger: "
        "whether a session failed there is not known"
    )
    assert [(row.caller_401s.total(), row.wire_401s.total()) for row in result.rows] == [(0, 0), (0, 1)]


@pytest.mark.parametrize(
    ("world", "cause", "value"),
    [
        ("rfc9700", "missing_token", Value.FAIL),
        ("supabase", "missing_token", Value.UNKNOWN),
        ("supabase", "malformed", Value.FAIL),
    ],
    ids=["it has a session there", "it has none there", "it sent a token"],
)
def test_a_caller_with_a_session_fails_by_a_401(tmp_path: Path, world: str, cause: str, value: Value) -> None:
    """Of a caller who has a session, a request without a token is the session's failure; of another, of nobody's."""
    run = Run()
    run.entry(ME, "/contacts", 200)
    run.entry(ME, "/messages", 401, world=world, cause=cause, family=None, generation=None)
    assert verdict(tmp_path, run).value is value


def test_a_client_alone_is_called_by_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where there is no before, there is no after."""
    run = Run()
    run.exchange(ME)
    verdict(tmp_path, run)
    assert main(["judge", str(tmp_path / "ledger.jsonl")]) == 0
    assert "after it" not in (out := capsys.readouterr().out)
    assert " rfc9700\n" in out
    assert " the client\n" in out


def test_a_ledger_is_judged_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = Run()
    refused(run)
    verdict(tmp_path, run)
    assert main(["judge", str(tmp_path / "ledger.jsonl")]) == 1
    assert "the app saw 1 401 in 1 request (1 expired)" in capsys.readouterr().out
