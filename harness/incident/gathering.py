"""From files to evidence: each read by its kind, all on one clock, each request once, people and queries masked."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from race401.harness.incident import clocks, joining, legs, masked
from race401.harness.incident.evidence import ROWS, Evidence, Missing, Seen, Source
from race401.harness.incident.readers import KINDS, kind_of
from race401.harness.incident.readers.opening import Opened, Progress
from race401.harness.incident.readers.reader import How, Kind, Reading, Row
from race401.harness.incident.thinning import thinned
from race401.harness.judge import outcomes
from race401.harness.judge.counted import counted
from race401.harness.judge.graph import Graph
from race401.ledger.entry import Entry

LATEST = 253_402_214_400.0  # s since the epoch; what comes later has no date that could be shown
SHOWN = 3  # rows left out that a note names
ProgressOf = Callable[[Path], Progress]
__all__ = ["KINDS", "gather"]


def gather(
    paths: Sequence[Path],
    how: How,
    *,
    unmasked: bool = False,
    progress: ProgressOf = lambda _path: lambda _done, _all: None,
) -> Evidence:
    """Read all of it. Raises ReadingError and OSError."""
    told: list[Row] = []
    sources: list[Source] = []
    missing: list[Missing] = []
    for index, path in enumerate(paths):
        opened = Opened(path, progress(path))
        kind = kind_of(opened, how)
        reading = Reading(opened=opened, index=index, how=how)
        rows = thinned(_in_time(kind.read(reading), reading), reading)
        told += rows
        sources.append(_source(kind, reading, len(rows)))
        missing += [Missing(what, fills, index, tuple(some)) for what, fills, some, _n in reading.lacks]
    missing += _apart(sources, how)
    sources = _one_clock(told, sources)
    entries, seen = legs.folded(*joining.joined(told, sources))
    _settle(entries, seen)
    missing += _unread(entries, seen)
    if not unmasked:
        masked.mask(entries)
    return Evidence(tuple(entries), tuple(sources), tuple(missing), tuple(seen))


def _one_clock(told: list[Row], sources: list[Source]) -> list[Source]:
    """Give clients whose clocks may be one the same offset: else the order between two tabs would be chance."""
    offsets = clocks.agreed([source.clock if source.side == "client" else None for source in sources])
    for entry, seen in told:
        was, now = sources[seen.source].clock.offset, offsets[seen.source]
        if was is not None and now is not None and now.offset is not None and now.offset != was:
            entry.received_at += now.offset - was
            entry.answered_at += now.offset - was
            if entry.token_left_s is not None:
                entry.token_left_s -= now.offset - was
    return [replace(s, clock=now) if now is not None else s for s, now in zip(sources, offsets, strict=True)]


def _unread(entries: Sequence[Entry], seen: Sequence[tuple[Seen, ...]]) -> list[Missing]:
    """Return the paths at which something looks like a refresh, and nobody named them."""
    found: dict[tuple[int, str], list[int]] = {}
    for entry, told in zip(entries, seen, strict=True):
        if entry.kind == "unnamed":
            found.setdefault((told[0].source, entry.target.partition("?")[0]), []).append(told[0].row)
    return [
        Missing(
            f"what POST {path} is: it looks like a refresh",
            f"--token-path {path}, or a --dialect",
            n,
            tuple(rows[:ROWS]),
        )
        for (n, path), rows in found.items()
    ]


def _apart(sources: Sequence[Source], how: How) -> list[Missing]:
    """Return that tokens cannot be compared, where ledgers have a key that was not given."""
    keyed = [n for n, source in enumerate(sources) if source.key not in (None, how.fingerprints.key_id)]
    fills = "name the file of the key that it was recorded with: --key-file FILE"
    others = any(source.says_tokens and n not in keyed for n, source in enumerate(sources))
    several = len({sources[n].key for n in keyed}) > 1
    return [Missing("which of its tokens are those of the other files", fills, n) for n in keyed if others or several]


def _in_time(rows: Iterable[Row], reading: Reading) -> Iterator[Row]:
    """Yield the rows whose instants are some."""
    for entry, seen in rows:
        if 0 <= entry.received_at < LATEST and 0 <= entry.answered_at < LATEST:
            yield entry, seen
        else:
            reading.leave_out("an invalid time", seen.row)


def _source(kind: Kind, reading: Reading, kept: int) -> Source:
    return Source(
        name=str(reading.opened.path),
        kind=reading.kind or kind.name,
        unit=reading.unit or kind.unit,
        side=reading.side or kind.side,
        rows=reading.rows,
        kept=kept,
        says_tokens=reading.says_tokens,
        sanitized=reading.sanitized,
        torn=reading.torn,
        dialects=reading.dialects,
        origins=tuple(sorted(reading.origins)),
        key=reading.key,
        clock=reading.clock,
        resolution=reading.resolution,
        timed=reading.timed,
        notes=tuple(_notes(kind, reading)),
    )


def _notes(kind: Kind, reading: Reading) -> list[str]:
    unit = reading.unit or kind.unit
    many = "entries" if unit == "entry" else ""
    notes = []
    for why, n in reading.counts.items():
        some = ", ".join(map(str, reading.left_out[why][:SHOWN])) + (", ..." if n > SHOWN else "")
        notes.append(f"{counted(n, unit, many)} left out: {why} ({some})")
    if reading.torn:
        notes.append(f"it ends in the middle of {'an' if unit == 'entry' else 'a'} {unit}")
    return notes


def _settle(entries: list[Entry], seen: list[tuple[Seen, ...]]) -> None:
    """Say what all of it together tells of one entry: its place, when a token ends, what became of an exchange."""
    ends: dict[str, float] = {}
    for number, (entry, told) in enumerate(zip(entries, seen, strict=True), 1):
        entry.seq = number
        if (life := told[0].lifetime) is not None:
            ends |= {token: entry.answered_at + life for token in (entry.brought_access,) if token is not None}
    for entry in entries:
        if entry.token_left_s is None and entry.sent in ends:
            entry.token_left_s = ends[entry.sent] - entry.received_at
            if entry.unauthorized and entry.cause is None and entry.token_left_s <= 0:
                entry.cause = "expired"
    inferred = outcomes.inferred(entries, Graph(entries))
    for entry in entries:
        entry.grant_outcome = inferred.get(entry.seq, entry.grant_outcome)


def merged(one: Seen, other: Seen) -> Seen:
    """Return what both tell of one request, the first before the other."""
    more = {
        name: getattr(other, name)
        for name in ("said", "retry_after", "user", "session")
        if getattr(one, name) is None
    }
    return replace(one, **more)
