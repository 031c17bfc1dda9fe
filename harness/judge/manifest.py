"""
A run's manifest: what its values must be, and the seal by which damage to it and to its run's files is known.

The seal is a digest of the manifest, which has digests of the ledger and of the samples. It guards against
accidents: a disk, a copy, a tool that lost something. It does not guard against an editor, who can seal anew. A
manifest without a `format` is an older one, and has no seal.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

import msgspec

from race401.harness.judge import lines
from race401.harness.judge.lines import Source

FORMAT = 1
SEAL = "sha256"
NEEDED = ("run", "policies", "conditions")
Plain = dict[str, Any]


class Policy(msgspec.Struct):
    """A role's. Its other knobs are shown and not read."""

    name: str
    expiry_margin: float | None = None


class Condition(msgspec.Struct):
    """What is read of a condition."""

    world: str = ""
    about: str = ""
    skew_s: float | None = None
    covers: list[str] = []
    expects: dict[str, dict[str, str | None]] = {}
    sound: dict[str, str | None] = {}


class Clock(msgspec.Struct):
    """Of a host."""

    left_s: tuple[float, float]
    taken_out_s: float = 0.0
    answers: int = 0


class Host(msgspec.Struct):
    """Somebody with browsers."""

    name: str
    share: int
    heard: bool
    clock: Clock | None = None


class File(msgspec.Struct):
    """One of the run's."""

    lines: int
    sha256: str


class World(msgspec.Struct):
    """What is read of a world."""

    lifetime: float | None = None


class Scenario(msgspec.Struct):
    """What was played."""

    name: str | None = None
    version: int | None = None


class Manifest(msgspec.Struct):
    """The types of what the judge and the reports read."""

    run: str
    policies: dict[str, Policy]
    conditions: dict[str, Condition]
    race401: str = ""
    scenario: Scenario | None = None
    seed: int | None = None
    arrival: str | None = None
    pages: int | None = None
    run_time_s: float | None = None
    users: int | None = None
    page: list[str] | None = None
    worlds: dict[str, World | None] = {}
    decisive_instants_s: dict[str, dict[str, float]] = {}
    versions: dict[str, str] = {}
    memory_mb: dict[str, list[float]] | None = None
    memory_every_s: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    finished: bool = False
    unfinished_because: str | None = None
    hosts: list[Host] | None = None
    missing_witnesses: list[str] | None = None
    ledger_entries: int = 0
    files: dict[str, File] = {}


def sealed(manifest: Plain, files: Mapping[str, Source] | None = None) -> Plain:
    """Return the manifest with counts and digests of these files, by name, and its seal; raises OSError."""
    told = {name: {"lines": lines.count(file), "sha256": lines.sha256(file)} for name, file in (files or {}).items()}
    whole = {**manifest, "format": FORMAT} | ({"files": told} if files else {})
    return whole | {SEAL: _digest(whole)}


def damage(manifest: Plain) -> Iterator[str]:
    """Say what is wrong with a manifest, so that nothing can be judged by it."""
    if ("format" in manifest or SEAL in manifest) and manifest.get(SEAL) != _digest(manifest):
        yield "manifest.json is not what its run wrote: its sha256 is another one"
    if manifest.get("format", FORMAT) != FORMAT:
        yield f"manifest.json has the format {manifest['format']!r}, of another race401; this one reads {FORMAT}"
    try:
        msgspec.convert(manifest, Manifest)
    except msgspec.ValidationError as error:
        yield f"manifest.json: {error}"


def of_files(manifest: Plain, files: Mapping[str, Source]) -> Iterator[str]:
    """Say which of the files are not what their run left; raises OSError."""
    for name, told in manifest.get("files", {}).items():
        if name not in files:
            yield f"{name} is gone"
        elif lines.sha256(files[name]) != told["sha256"]:
            had = f"it had {told['lines']} lines and has {lines.count(files[name])}"
            yield f"{name} is not what its run left: its sha256 is another one; {had}"


def _digest(manifest: Plain) -> str:
    rest = {name: value for name, value in manifest.items() if name != SEAL}
    plain = msgspec.json.decode(msgspec.json.encode(rest))  # a number is what it is when it is read
    return sha256(msgspec.json.encode(plain, order="deterministic")).hexdigest()
