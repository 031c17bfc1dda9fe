"""A file system that becomes read-only in mid-run, as ext4 does after an error of the disk: a real one."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from bounds import HANG
from locustruns import LONG, gone, locust, served_mock, two_processes, under_way

from race401.harness.judge import evidence, verdict

pytestmark = [
    pytest.mark.slow,
    pytest.mark.elsewhere,
    pytest.mark.skipif(
        os.geteuid() != 0 or not Path("/dev/loop-control").exists() or shutil.which("mkfs.ext4") is None,
        reason="to mount an ext4 of one's own takes root, a loop device and mkfs.ext4",
    ),
]


class Disk:
    """An ext4 in a file, mounted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "disk"
        self.folder.mkdir()
        image = folder / "image"
        image.touch()
        os.truncate(image, 64_000_000)
        self._sh("mkfs.ext4", "-q", str(image))
        self._sh("mount", "-o", "loop,errors=remount-ro", str(image), str(self.folder))
        self._device = self._sh("findmnt", "-no", "SOURCE", str(self.folder)).removeprefix("/dev/")

    def err(self) -> None:
        """Have it err: from here on nothing is written, by whoever has a file open too."""
        Path(f"/sys/fs/ext4/{self._device}/trigger_fs_error").write_text("1")
        with pytest.raises(OSError, match="Read-only"):
            (self.folder / "more").touch()

    def unmount(self) -> None:
        """Give it back."""
        self._sh("umount", str(self.folder))

    def _sh(self, *command: str) -> str:
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=HANG).stdout.strip()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """One of this test's own."""
    mounted = Disk(tmp_path)
    try:
        yield mounted
    finally:
        mounted.unmount()


@pytest.mark.parametrize("processes", ["one process", "two workers"])
def test_a_burst_says_so_and_proves_nothing(disk: Disk, processes: str) -> None:
    """The run goes on to its end; what is left of the evidence does not pass."""
    reports = disk.folder / "reports"
    reports.mkdir()
    with locust(reports, *LONG[:-3], "-t", "8s", "--narrate", *two_processes() * (processes == "two workers")) as run:
        under_way(run)
        disk.err()
        assert run.ended() == 3, run.out
        gone(run)
        assert "Traceback" not in run.out
        assert "manifest.json: Read-only file system" in run.out
        assert verdict.judge(evidence.load(run.folder)).value == "UNKNOWN"


def test_a_proxy_passes_traffic_on(disk: Disk) -> None:
    """And says that its record has ended."""
    ledger = disk.folder / "ledger.jsonl"
    with served_mock() as target:
        words = ["race401.harness", "proxy", "--target", target, "--ledger", str(ledger)]
        with subprocess.Popen(
            [sys.executable, "-m", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as it:
            try:
                assert it.stdout is not None
                url = f"{it.stdout.readline().split()[3]}/contacts"
                before = httpx.get(url, trust_env=False)
                disk.err()
                after = [httpx.get(url, trust_env=False) for _ in range(20)]
            finally:
                it.terminate()
                _, told = it.communicate(timeout=HANG)
    assert {answer.status_code for answer in (before, *after)} == {401}
    assert "Traceback" not in told
    assert "Read-only file system" in told
    assert len(ledger.read_bytes().splitlines()) == 1
