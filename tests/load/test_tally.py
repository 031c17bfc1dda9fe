"""The table while a run lasts: each sample and each ledger line is counted once, and only this run's."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from ledgers import PAGE, Run, reproduced

from race401.harness.judge.measure import measure
from race401.harness.load.tally import Tally

BEFORE = "run/rfc9700/control/1"
NAMES = {("rfc9700", "control"): "rfc9700 [pre-fix]", ("rfc9700", "subject"): "rfc9700 [fixed]"}


def lines(run: Run) -> list[bytes]:
    """The ledger as the mock writes it."""
    return [msgspec.json.encode(entry) + b"\n" for entry in run.entries]


def samples(run: Run) -> list[dict[str, Any]]:
    """The samples as the browsers report them."""
    return [msgspec.to_builtins(sample) for sample in run.samples]


def tallied(run: Run) -> Tally:
    """A tally that has heard the browsers, and has no ledger to read."""
    tally = Tally("run", NAMES, None)
    for sample in samples(run):
        tally.note(sample)
    return tally


def test_the_table_agrees_with_the_verdicts(tmp_path: Path) -> None:
    """Fed piece by piece, with a look after each and a line torn by each, it ends where `measure` does."""
    run, spool = reproduced(), tmp_path / "ledger.jsonl"
    run.exchange("another/rfc9700/control/1")
    tally = Tally("run", NAMES, spool)
    with spool.open("ab", buffering=0) as ledger:
        for line in lines(run):
            ledger.write(line[:20])
            tally.rows()
            ledger.write(line[20:])
    for sample in samples(run):
        tally.note(sample)
        tally.rows()
    for shown, row in zip(tally.rows(), measure(run.evidence()), strict=True):
        assert shown["requests"] == row.requests
        assert shown["app_401s"] == row.caller_401s.total()
        assert shown["wire_401s"] == row.wire_401s.total()
        assert shown["sessions_lost"] == row.sessions_lost
        assert shown["exchanges"] == row.exchanges
        assert shown["per_generation"] == f"{row.exchanges_per_generation:.2f}"
    assert tally.app_401s("control") == 4


def test_an_earlier_runs_ledger_is_not_counted(tmp_path: Path) -> None:
    """The file holds the runs before: this one begins where it ends."""
    spool = tmp_path / "ledger.jsonl"
    spool.write_bytes(b"".join(lines(reproduced())))
    assert [row["exchanges"] for row in Tally("run", NAMES, spool).rows()] == [0, 0]


def test_a_mock_of_somebody_else() -> None:
    """Its ledger is read at the end: until then only what the browsers told is known."""
    run = reproduced()
    (before, _) = tallied(run).rows()
    assert (before["app_401s"], before["rate"], before["exchanges"]) == (4, "80.0%", "-")


def test_an_attempt_that_was_cut_off_is_left_out() -> None:
    """As in the verdict; one without an answer is shown as such."""
    run = Run()
    run.attempt(BEFORE, "1.1", PAGE[0], cut_off=True, status=None)
    run.attempt(BEFORE, "1.2", PAGE[1], status=None, error="ConnectError")
    (before, _) = tallied(run).rows()
    assert (before["requests"], before["errors"]) == (1, 1)


CARRIED_ON, OVER, SEEN = "a refusal, then a grant", "a refusal that ended the session", "another server's refusal"
LIVES: dict[str, Any] = {"grant_outcome": "reused", "status": 400, "ended": "none"}
LATER = {"grant_outcome": "rotated", "presented": "r1", "brought_access": "a2", "brought_refresh": "r2"}
AFTER: dict[str, list[dict[str, Any]]] = {  # exchanges after the first one, which brought r1; and how many are lost
    CARRIED_ON: [LIVES, LATER],
    OVER: [LIVES | {"ended": "family"}, LIVES | {"grant_outcome": "revoked", "presented": "r1"}],
    SEEN: [{"grant_outcome": "refused", "status": 400, "presented": "r1"}],
}


@pytest.mark.parametrize(("after", "lost"), [(CARRIED_ON, 0), (OVER, 1), (SEEN, 1)])
def test_a_session_is_lost_by_the_judges_rule(tmp_path: Path, after: str, lost: int) -> None:
    """Not by a refusal that ended nothing; a server that is not ours may have ended it without a word."""
    run, spool = Run(), tmp_path / "ledger.jsonl"
    first = {"grant_outcome": "rotated", "presented": "r0", "brought_access": "a1", "brought_refresh": "r1"}
    facts: dict[str, Any] = {"schema": 1, "kind": "exchange", "method": "POST", "status": 200, "presented": "r0"}
    for k, each in enumerate([first, *AFTER[after]], 1):
        at = {"received_at": float(k), "answered_at": k + 0.5}
        run.entry(BEFORE, "/token", **(facts | each | at))
    tally = Tally("run", NAMES, spool)
    spool.write_bytes(b"".join(lines(run)))
    (before, _), (judged, _) = tally.rows(), measure(run.evidence())
    assert (before["sessions_lost"], judged.sessions_lost) == (lost, lost)
    assert before["exchanges"] == judged.exchanges == len(run.entries)


def test_an_answer_that_nobody_could_read_is_no_exchange(tmp_path: Path) -> None:
    """Nor is it in the verdict."""
    run, spool = reproduced(), tmp_path / "ledger.jsonl"
    run.exchange(BEFORE, "unread", schema=1, kind="unreadable")
    tally = Tally("run", NAMES, spool)
    spool.write_bytes(b"".join(lines(run)))
    assert [row["exchanges"] for row in tally.rows()] == [row.exchanges for row in measure(run.evidence())]


def test_a_kept_token_is_counted_as_the_verdict_counts_it(tmp_path: Path) -> None:
    """Two uses at once are two exchanges of one; a use after another's answer is the next."""
    run, spool = reproduced(), tmp_path / "ledger.jsonl"
    for at in (50.0, 50.0, 60.0):
        kept = {"kind": "exchange", "presented": "r", "brought_access": f"a{at}", "schema": 1}
        run.exchange("run/rfc9700/subject/1", "kept")
        for name, value in (kept | {"received_at": at, "answered_at": at + 1}).items():
            setattr(run.entries[-1], name, value)
    tally = Tally("run", NAMES, spool)
    spool.write_bytes(b"".join(lines(run)))
    (shown,) = [row for row in tally.rows() if row["name"] == "rfc9700 [fixed]"]
    (row,) = [row for row in measure(run.evidence()) if row.role == "subject"]
    assert shown["per_generation"] == f"{row.exchanges_per_generation:.2f}"
