"""The machine's clock set in mid-run, back and forward: libfaketime sets it for a burst's processes alone."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from locustruns import LONG, LocustRun, gone, locust, under_way

from race401.harness.judge import evidence, verdict

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.elsewhere,
    pytest.mark.skipif(not LIBRARIES, reason="no libfaketime: apt-get install faketime"),
]


@contextlib.contextmanager
def set_in_mid_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str, policies: str) -> Iterator[LocustRun]:
    """Yield a burst whose clock was set by so many s when its first page was under way; its end is awaited."""
    clock, reports = tmp_path / "clock", tmp_path / "reports"
    clock.write_text("+0")
    reports.mkdir()
    with monkeypatch.context() as faked:
        faked.setenv("LD_PRELOAD", str(LIBRARIES[0]))
        faked.setenv("FAKETIME_TIMESTAMP_FILE", str(clock))
        faked.setenv("FAKETIME_NO_CACHE", "1")
        faked.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        with locust(reports, *LONG[:-3], "-t", "20s", "--narrate", "--policies", policies) as run:
            under_way(run)
            clock.write_text(by)
            run.ended()
            gone(run)
            faked.undo()
            yield run


def test_set_back_no_sound_client_fails_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does anything pass; pre-fix is not there, whose repeated exchanges need no clock to be proven."""
    with set_in_mid_run(tmp_path, monkeypatch, "-60", "fixed,hardened") as run:
        assert "Traceback" not in run.out
        assert "the recorder's clock went back by " in run.out
        assert run.process.returncode == 3, run.out
        assert verdict.judge(evidence.load(run.folder)).value == "UNKNOWN"


def test_set_forward_the_pages_go_on_and_the_ledger_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By how much it was set is in an entry; no sound client fails, as in no other run."""
    with set_in_mid_run(tmp_path, monkeypatch, "+60", "fixed,hardened") as run:
        assert "Traceback" not in run.out
        assert run.process.returncode != 1, run.out
        entries = evidence.load(run.folder).entries
        (jump,) = [n for n, e in enumerate(entries) if e.clock_set is not None]
        assert entries[jump].clock_set == pytest.approx(60, abs=5)
        assert sum(e.kind == "api" for e in entries[jump:]) > sum(e.kind == "api" for e in entries[:jump])
