"""The machine's clock set back in mid-run, under a whole burst: libfaketime sets it for the run's processes alone."""

from pathlib import Path

import pytest
from locustruns import LONG, gone, locust, under_way

from race401.harness.judge import evidence, verdict

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.elsewhere,
    pytest.mark.skipif(not LIBRARIES, reason="no libfaketime: apt-get install faketime"),
]


def test_no_sound_client_fails_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does anything pass; pre-fix is not there, whose repeated exchanges need no clock to be proven."""
    clock, reports = tmp_path / "clock", tmp_path / "reports"
    clock.write_text("+0")
    reports.mkdir()
    monkeypatch.setenv("LD_PRELOAD", str(LIBRARIES[0]))
    monkeypatch.setenv("FAKETIME_TIMESTAMP_FILE", str(clock))
    monkeypatch.setenv("FAKETIME_NO_CACHE", "1")
    monkeypatch.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    with locust(reports, *LONG[:-3], "-t", "20s", "--narrate", "--policies", "fixed,hardened") as run:
        under_way(run)
        clock.write_text("-60")
        assert run.ended() == 3, run.out
        gone(run)
    monkeypatch.delenv("LD_PRELOAD")
    assert "Traceback" not in run.out
    assert "the recorder's clock went back by " in run.out
    assert verdict.judge(evidence.load(run.folder)).value == "UNKNOWN"
