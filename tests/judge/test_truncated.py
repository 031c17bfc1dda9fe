"""A ledger that ends anywhere: what is proven stays FAIL, the rest is UNKNOWN and says where it ends."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import PAGE, Run, reproduced

from race401.harness.judge.checks import Finding, Value
from race401.harness.judge.evidence import LEDGER, Evidence, load
from race401.harness.judge.recovery import QUIET
from race401.harness.judge.verdict import Verdict, judge

AFTER = "run/rfc9700/subject/1"
WITNESSED = {"finished": True}
KILLED = {"finished": False, "unfinished_because": "the run was killed"}  # before its samples were written


def run() -> Run:
    """Each kind of violation, and what looks like one until its retry is read."""
    run = reproduced()
    run.attempt(AFTER, "2.1", PAGE[0], "expired", None)  # recovered
    run.exchange(AFTER, "reuse_tolerated")
    run.attempt(AFTER, "2.2", PAGE[1], "expired", "expired")
    run.attempt(AFTER, "2.3", PAGE[2], "expired", None)
    run.exchange(AFTER, "reused", generation=1)
    run.entry(AFTER, "/auth/v1/logout", 204, method="POST")
    run.attempt(AFTER, "3.1", PAGE[0], None)
    run.attempt(AFTER, "3.2", PAGE[1], "missing_token", None)
    run.manifest["ledger_entries"] = len(run.entries)
    return run


LINES = [msgspec.json.encode(entry) + b"\n" for entry in run().entries]
WHOLE = b"".join(LINES)
ENDS = [sum(map(len, LINES[:n])) for n in range(len(LINES) + 1)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run")


def judged(folder: Path, cut: int, state: Mapping[str, object]) -> tuple[Evidence, Verdict]:
    """Judge the run with so many bytes of its ledger."""
    whole = run()
    (folder / "manifest.json").write_bytes(msgspec.json.encode({**whole.manifest, **state}))
    (folder / LEDGER).write_bytes(WHOLE[:cut])
    samples = whole.samples if state is WITNESSED else []
    (folder / "samples.jsonl").write_bytes(b"".join(msgspec.json.encode(sample) + b"\n" for sample in samples))
    evidence = load(folder)
    return evidence, judge(evidence)


def failures(verdict: Verdict) -> dict[tuple[str, str], Finding]:
    """Every FAIL by its check and role."""
    return {(f.check, f.role): f for f in verdict.findings if f.value is Value.FAIL}


def attempts(finding: Finding) -> set[str | int]:
    """What a finding names: an attempt that failed is the same, whichever of its 401s is the last one left."""
    named = {entry.seq: entry.attempt for entry in run().entries}
    return {named[seq] or seq for seq in finding.rows}


def hold(folder: Path, cut: int, state: Mapping[str, object]) -> None:
    """Hold what a cut ledger says against what the whole one says."""
    proven = failures(judged(folder, len(WHOLE), WITNESSED)[1])
    evidence, verdict = judged(folder, cut, state)
    there = {entry.seq for entry in evidence.entries}
    for key, finding in failures(verdict).items():
        assert key in proven, f"not so: {finding.sentence}"
        assert set(finding.rows) <= there
        assert attempts(finding) <= attempts(proven[key])
    for key, finding in proven.items():
        if state is WITNESSED and there & set(finding.rows):
            assert key in failures(verdict), f"no longer proven: {finding.sentence}"
    if cut < len(WHOLE):
        (where,) = [f.sentence for f in verdict.findings if f.check == "completeness" and "entry #" in f.sentence]
        assert f"after entry #{len(there)}" in where
    assert verdict.value is (Value.FAIL if failures(verdict) else Value.UNKNOWN)


@settings(deadline=None)
@given(cut=st.integers(0, len(WHOLE)), state=st.sampled_from([WITNESSED, KILLED]))
def test_cut_at_any_byte(folder: Path, cut: int, state: Mapping[str, object]) -> None:
    hold(folder, cut, state)


@pytest.mark.parametrize("state", [WITNESSED, KILLED], ids=["witnessed", "killed"])
def test_cut_between_any_two_entries(folder: Path, state: Mapping[str, object]) -> None:
    """Where no line is torn, the manifest's count tells."""
    for cut in ENDS:
        hold(folder, cut, state)


def test_the_whole_ledger_proves_what_was_planted(folder: Path) -> None:
    """So that the properties above speak of something."""
    assert failures(judged(folder, len(WHOLE), WITNESSED)[1]).keys() == {
        ("caller-401s", "subject"),
        ("exchanges-per-generation", "subject"),
        ("sessions-lost", "subject"),
        ("after-sign-out", "subject"),
    }


def test_a_retry_that_was_cut_away_leaves_its_401_undecided(folder: Path) -> None:
    """The 401 is there, its 200 is not, and the program saw 200: no proof, and said so."""
    before_its_retry = next(n for n, entry in enumerate(run().entries, 1) if entry.cause == "expired")
    _, verdict = judged(folder, ENDS[before_its_retry], WITNESSED)
    assert failures(verdict) == {}
    assert any("ends too soon to tell" in finding.sentence for finding in verdict.findings)


def test_a_401_long_before_the_cut_is_proven_without_a_witness() -> None:
    """A killed run has no samples: a 401 whose burst was over stays proven, one at the very end does not."""
    burst = reproduced()
    burst.samples = []
    burst.manifest |= KILLED
    burst.entry(AFTER, PAGE[0], 401, attempt=f"{AFTER}#2.1", cause="expired")
    assert ("caller-401s", "subject") not in failures(judge(burst.evidence()))
    burst.entry(AFTER, PAGE[0], 200, attempt=f"{AFTER}#3.1", received_at=5.0, answered_at=5.0)
    assert ("caller-401s", "subject") in failures(judge(burst.evidence()))


@pytest.mark.parametrize(("seen", "proven"), [(403, True), (200, False)])
def test_a_refusal_that_the_program_saw_is_proven_whatever_its_status(seen: int, proven: bool) -> None:
    """A 403 that refuses is one; where the program saw something else, a retry may have been cut away."""
    burst = reproduced()
    burst.manifest |= KILLED
    burst.attempt(AFTER, "2.1", PAGE[0], "expired", status=seen)
    burst.entries[-1].status, burst.entries[-1].refusal = 403, True
    assert (("caller-401s", "subject") in failures(judge(burst.evidence()))) == proven


@pytest.mark.parametrize(("silence", "proven"), [(QUIET, True), (QUIET - 0.01, False)])
def test_how_long_before_the_cut(silence: float, proven: bool) -> None:
    """By a second in which nothing was under way; what another client sends tells how far the ledger goes."""
    burst = reproduced()
    burst.manifest |= KILLED
    burst.entry(AFTER, PAGE[0], 401, attempt=f"{AFTER}#2.1", cause="expired", answered_at=1.0)
    burst.entry("another", PAGE[0], 200, received_at=1.0 + silence, answered_at=1.0 + silence)
    assert (("caller-401s", "subject") in failures(judge(burst.evidence()))) == proven


def test_a_whole_ledger_needs_no_witness() -> None:
    """Where nothing is cut away the server's last answer stands, whatever the program says."""
    whole = reproduced()
    whole.attempt(AFTER, "2.1", PAGE[0], "expired", status=200)
    assert ("caller-401s", "subject") in failures(judge(whole.evidence()))


@pytest.mark.parametrize(
    ("cause", "target", "what"),
    [("store_lost", "/auth/v1/token", "its store"), ("worker_lost", "process 7", "a process (process 7)")],
)
def test_what_came_after_the_mock_itself_failed_is_not_judged(cause: str, target: str, what: str) -> None:
    run = reproduced()
    lost = run.entries[run.entry(None, target, 503, cause=cause) - 1]
    (finding,) = [f for f in judge(run.evidence(lost=lost)).findings if f.check == "completeness"]
    assert finding.value is Value.UNKNOWN
    assert finding.sentence == f"the mock lost {what} at entry #17: what came from then on is not judged"
