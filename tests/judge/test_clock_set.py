"""A recorder's clock that is set forward in mid-run: the recorder sees it, and the verdict says where it matters."""

import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from wires import Wire, verdict

from race401.harness.judge.evidence import load
from race401.harness.judge.verdict import judge
from race401.harness.proxy.recorder import Recorder
from race401.ledger.entry import received
from race401.ledger.steady import RUNNING
from race401.mock_api.ledger import Ledger

AT = 1_800_000_000.0  # s since the epoch
OVER: dict[str, Any] = {"token_left_s": -1.0, "cause": "expired"}


class Clocks:
    """The machine's, to be set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall, self.running = AT, 50.0
        monkeypatch.setattr(time, "clock_gettime", lambda which: self.running if which == RUNNING else self.wall)

    def go(self, seconds: float) -> None:
        """Both go on."""
        self.wall, self.running = self.wall + seconds, self.running + seconds


@pytest.mark.parametrize("recorder", [Recorder, Ledger])
def test_a_recorder_notes_when_its_clock_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recorder: type[Recorder] | type[Ledger]
) -> None:
    """Forward and back, by as much as it was; time that passes, and less than a second, is nothing."""
    clocks = Clocks(monkeypatch)
    record = recorder(tmp_path / "ledger.jsonl")
    for moved in (0.0, 0.0, 60.0, 0.9, 0.0, -300.0, 0.0):
        clocks.go(3600.0)
        clocks.wall += moved
        entry = received("api", "GET", "/", clocks.wall)
        entry.answered_at, entry.status = clocks.wall, 200
        record.write(entry)
    lines = (tmp_path / "ledger.jsonl").read_text().splitlines()
    told = [msgspec.json.decode(line).get("clock_set") for line in lines]
    assert told == [None, None, pytest.approx(60.0), None, None, pytest.approx(-300.0), None]


def retried(*, forward: float | None) -> Wire:
    """A sound client; the clock may be set between its 401 and the refresh."""
    wire, late = Wire(), forward or 0.0
    wire.sign_in("a1", "r1", at=AT)
    wire.get("a1", 401, at=AT + 60, **OVER)
    wire.exchange("r1", "a2", "r2", at=AT + 60.1 + late, clock_set=forward)
    wire.get("a2", at=AT + 60.2 + late)
    return wire


def test_a_silence_that_the_clock_made_is_not_held_against_the_client() -> None:
    assert verdict(retried(forward=None)).value == "PASS"
    result = verdict(retried(forward=90.0))
    assert result.value == "UNKNOWN"
    assert "the recorder's clock was set forward by 90.0 s before entry #3" in result.sentence


def test_a_silence_that_nobody_made_is() -> None:
    """Planted: the same instants, and the clock went on."""
    wire = retried(forward=90.0)
    wire.entries[2].clock_set = None
    assert verdict(wire).value == "FAIL"


def test_where_nothing_depends_on_it_it_is_said_and_takes_nothing_away() -> None:
    wire = retried(forward=None)
    wire.exchange("r2", "a3", "r3", at=AT + 900, clock_set=600.0)
    wire.get("a3", at=AT + 901)
    result = verdict(wire)
    assert result.value == "PASS"
    assert any(
        "set forward by 600.0 s before entry #5, and nothing depends on it" in f.sentence for f in result.findings
    )


def test_a_second_exchange_needs_no_clock(tmp_path: Path) -> None:
    """Near miss: it fails, whatever the clock did."""
    wire = retried(forward=90.0)
    wire.exchange("r1", at=AT + 151.0)
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(entry) + b"\n" for entry in wire.entries))
    assert judge(load(path)).value == "FAIL"
