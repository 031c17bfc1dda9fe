"""
What a run left: its manifest, the server's ledger, and the clients' samples as the second witness.

A run is a folder with `manifest.json`, `ledger.jsonl` and `samples.jsonl`. A torn last line (the writer was
killed) is recognised: what is there counts, and what is absent proves nothing.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class EvidenceError(Exception):
    """The folder holds no run that can be judged; the message names what is wrong."""


class LedgerEntry(msgspec.Struct, gc=False):
    """One request as the server saw it; see `mock_api.ledger.Entry`, whose fields these are."""

    seq: int
    world: str
    client: str | None
    attempt: str | None
    family: str | None
    generation: int | None
    method: str
    target: str
    received_at: float
    answered_at: float
    status: int
    cause: str | None
    token_left_s: float | None
    grant_outcome: str | None
    fault: str | None


class Sample(msgspec.Struct, gc=False):
    """One attempt as the program saw it. Instants are s since the epoch on the client's machine."""

    client: str
    attempt: str
    target: str
    intended_at: float  # when it was meant to leave
    started_at: float
    ended_at: float
    status: int | None  # what the program saw; None: a transport error
    error: str | None
    sends: int
    store_reads: int
    cut_off: bool


@dataclass(frozen=True)
class Evidence:
    """A run, read."""

    manifest: dict[str, Any]
    entries: list[LedgerEntry]  # in the order of decision
    samples: list[Sample]
    torn: bool = False  # the ledger's last line is not whole


def load(folder: Path) -> Evidence:
    """Read a run's folder; raises EvidenceError if it holds none."""
    manifest = _manifest(folder / "manifest.json")
    entries, torn = _lines(folder / "ledger.jsonl", LedgerEntry)
    told = folder / "samples.jsonl"
    samples = _lines(told, Sample)[0] if told.exists() else []  # they are written last: a killed run has none
    entries.sort(key=lambda entry: entry.seq)
    return Evidence(manifest, entries, samples, torn)


def _manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise EvidenceError(f"{path}: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise EvidenceError(f"{path}: {error}") from None
    missing = {"run", "policies", "conditions"} - set(manifest if isinstance(manifest, dict) else ())
    if missing:
        raise EvidenceError(f"{path}: no manifest of a run, it lacks {', '.join(sorted(missing))}")
    assert isinstance(manifest, dict)
    return manifest


def _lines(path: Path, kind: type[T]) -> tuple[list[T], bool]:
    """Decode JSON lines; only the last one may be torn."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise EvidenceError(f"{path}: {error.strerror}") from None
    decode, lines = msgspec.json.Decoder(kind).decode, raw.split(b"\n")
    last, read = lines.pop(), []
    for number, line in enumerate(lines, 1):
        try:
            read.append(decode(line))
        except msgspec.DecodeError as error:
            raise EvidenceError(f"{path} line {number}: {error}") from None
    return read, bool(last)
