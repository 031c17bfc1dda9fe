"""Small runs as folders on disk, as a locust run leaves them."""

from pathlib import Path
from typing import Any

import msgspec
from ledgers import PAGE, Run, reproduced


def stored(folder: Path, run: Run | None = None) -> Path:
    """Write a run as a locust run leaves it."""
    run = run or reproduced()
    (folder / "manifest.json").write_bytes(msgspec.json.encode(run.manifest))
    for name, items in (("ledger", run.entries), ("samples", run.samples)):
        (folder / f"{name}.jsonl").write_bytes(b"".join(msgspec.json.encode(item) + b"\n" for item in items))
    return folder


AFTER = "run/rfc9700/subject/1"
SHAPE = {"scenario": {"name": "burst", "version": 1}, "pages": 8, "users": 12, "arrival": "together", "seed": 401}


def run_in(folder: str, run: Run | None = None, **more: Any) -> str:
    """A stored run with fixed pages; returns its folder."""
    run = run or reproduced()
    run.manifest |= SHAPE | more
    Path(folder).mkdir()
    stored(Path(folder), run)
    return folder


def worse() -> Run:
    """A run whose subject's app saw a 401."""
    run = reproduced()
    run.attempt(AFTER, "2.1", PAGE[0], "expired")
    return run
