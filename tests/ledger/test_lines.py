"""Lines on a disk that is full: each is whole or not there, and nobody who is asked for an answer waits for them."""

import contextlib
import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import msgspec
import pytest
from bounds import HANG
from disks import UNCOMPILED, Disk, small_files
from locustruns import served_mock

from race401.harness.judge.evidence import load
from race401.harness.judge.verdict import judge
from race401.harness.proxy.recorder import Recorder
from race401.ledger.entry import Entry, received
from race401.ledger.lines import Lines
from race401.mock_api.ledger import Ledger, Segment


def entry(n: int) -> Entry:
    """The n-th request."""
    return received("supabase", "GET", f"/{n}", float(n))


@pytest.mark.parametrize("room", range(13))
def test_a_line_that_the_disk_takes_only_a_part_of_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    """Wherever it is cut; what is written when there is room again stands on a line of its own."""
    path = tmp_path / "lines"
    lines, disk = Lines(path), Disk(monkeypatch, path, room)
    whole = 0
    for _ in range(3):
        with contextlib.suppress(OSError):
            lines.write(b"{123}\n")
            whole += 1
    assert path.read_bytes() == b"{123}\n" * whole
    assert whole == min(3, room // 6)
    disk.room = 100
    lines.write(b"{456}\n")
    assert path.read_bytes() == b"{123}\n" * whole + b"{456}\n"


def test_a_part_that_cannot_be_taken_back_is_ended_before_the_next_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lines"
    lines, disk = Lines(path), Disk(monkeypatch, path, 3)

    def truncate(_: int, __: int) -> None:
        raise OSError(errno.EINVAL, "a pipe")

    monkeypatch.setattr(os, "ftruncate", truncate)
    for room in (3, 0):
        disk.room = room
        with pytest.raises(OSError, match="No space"):
            lines.write(b"{123}\n")
    disk.room = 100
    lines.write(b"{456}\n")
    assert path.read_bytes() == b"{12\n{456}\n"


def test_what_the_disk_takes_in_parts_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal or a network's file system may cut a write short without any fault."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:2]))
    Lines(tmp_path / "lines").write(b"{123}\n")
    assert (tmp_path / "lines").read_bytes() == b"{123}\n"


@pytest.mark.parametrize("kind", [Ledger, Segment])
def test_a_full_disk_leaves_a_ledger_that_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: type[Ledger]
) -> None:
    """What could be written before, and when there was room again; the rest is counted, and said once."""
    path = tmp_path / "ledger.jsonl"
    ledger = kind(path)
    size = len(msgspec.json.encode(entry(1))) + 1
    disk = Disk(monkeypatch, path, 2 * size + size // 2)
    for n in range(1, 6):
        ledger.write(entry(n))
    disk.room = 10 * size
    ledger.write(entry(6))
    ledger.write(entry(7))
    told = load(path)
    assert [(e.seq, e.target, e.unwritten) for e in told.entries] == [
        (1, "/1", 0),
        (2, "/2", 0),
        (6, "/6", 3),
        (7, "/7", 0),
    ]
    assert not told.torn
    assert told.damage == ["3 entries could not be written to the ledger (before #6)"]
    assert ledger.lost == 3
    assert capsys.readouterr().err == "race401: the ledger cannot be written: No space left on device\n"


def test_a_segment_whose_numbers_have_gaps_anyway_says_what_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The numbers of several processes are a clock's: no gap among them tells that entries are missing."""
    seqs = [1_795_000_000_000_000 + 50_000_000 * n for n in range(9)]
    segment = Segment(path := tmp_path / "ledger-1.jsonl", iter(seqs))
    size = len(msgspec.json.encode(entry(seqs[0]))) + 1
    disk = Disk(monkeypatch, path, 2 * size, errno.EROFS)
    for n in range(9):
        disk.room += 10 * size * (n == 6)
        each = entry(n)
        each.seq = 0
        segment.write(each)
    assert load(tmp_path).damage == [f"4 entries could not be written to the ledger (before #{seqs[6]})"]
    assert judge(load(tmp_path)).value == "UNKNOWN"


def test_the_proxys_record_has_a_gap_where_the_disk_was_full_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once; it goes on when there is room again, and the next entry says how many are missing before it."""
    path = tmp_path / "traffic.jsonl"
    recorder = Recorder(path)
    size = len(msgspec.json.encode(entry(1))) + 1
    disk = Disk(monkeypatch, path, 2 * size + size // 2)
    for n in range(1, 5):
        recorder.write(entry(n))
    disk.room = 10 * size
    recorder.write(entry(5))
    recorder.write(entry(6))
    told = load(path)
    assert [(e.seq, e.target, e.unwritten) for e in told.entries] == [
        (1, "/1", 0),
        (2, "/2", 0),
        (5, "/5", 2),
        (6, "/6", 0),
    ]
    assert told.damage == ["2 entries could not be written to the ledger (before #5)"]
    assert judge(told).value == "UNKNOWN"
    assert (recorder.unwritten, recorder.counts.total()) == (2, 6)
    (said,) = capsys.readouterr().err.splitlines()
    assert said.endswith(
        "traffic.jsonl: No space left on device: the record has a gap after entry #2; traffic goes on"
    )


def test_what_python_compiles_is_not_torn_by_a_small_disk(tmp_path: Path) -> None:
    """It would be read by every process that comes later."""
    (tmp_path / "long.py").write_text("\n".join(f"x{n} = {n}" for n in range(1_000)))
    subprocess.run(
        [sys.executable, "-c", "import long"],
        cwd=tmp_path,
        env=UNCOMPILED,
        preexec_fn=small_files(3_000),
        check=True,
    )
    assert [path.name for path in tmp_path.rglob("*")] == ["long.py"]


def test_the_proxy_passes_traffic_on_when_its_disk_is_full(tmp_path: Path) -> None:
    """Every answer comes; in the end it says what its ledger lacks, and that is no success."""
    traffic = tmp_path / "traffic.jsonl"
    command = [sys.executable, "-m", "race401.harness", "proxy", "--ledger", str(traffic), "--target"]
    with (
        served_mock() as mock,
        subprocess.Popen(
            [*command, mock],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=UNCOMPILED,
            preexec_fn=small_files(3_000),  # noqa: PLW1509 - no thread of this process has a lock that matters
        ) as proxy,
    ):
        assert proxy.stdout is not None
        url = proxy.stdout.readline().split()[3]
        with httpx.Client(base_url=url, trust_env=False) as client:
            assert {client.get("/contacts").status_code for _ in range(60)} == {401}
        proxy.send_signal(signal.SIGINT)
        out, err = proxy.communicate(timeout=HANG)
    kept = load(traffic)
    assert 0 < len(kept.entries) < 60
    assert not kept.torn
    ended, lacks = err.splitlines()
    assert f"File too large: the record has a gap after entry #{len(kept.entries)}; traffic goes on" in ended
    assert lacks == f"race401: {traffic} lacks {60 - len(kept.entries)} of them: it could not be written"
    assert "requests: 60 · 401s: 60" in out
    assert proxy.returncode == 3
