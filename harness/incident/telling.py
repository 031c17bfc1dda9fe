"""Evidence in words: what was read, an entry in a line, what is missing. Plain lines, for terminal and page alike."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from race401.harness.incident.evidence import Evidence, Missing, Source
from race401.harness.incident.thinning import tells
from race401.harness.judge.counted import counted, seconds
from race401.ledger.entry import Entry

SLOW_CLOCK_S = 1.0  # a clock that is not known to be off by more is not worth a word
WORDS = {
    "rotated": "granted",
    "granted": "granted",
    "kept": "granted, the refresh token stays",
    "forked": "granted again, by a second successor",
    "reuse_tolerated": "granted again, by the same successor",
    "reused": "refused: used before",
    "revoked": "refused: revoked",
    "not_found": "refused: unknown",
    "refused": "refused",
    "rate_limited": "too many",
    "conflict": "conflict",
    "unread": "answered, and nobody can read how",
}  # of an exchange
ASKED = {"sign_in": "sign-in", "sign_out": "sign-out", "exchange": "refresh", "unreadable": "token endpoint"}


class Names:
    """Short names of tokens, in the order in which they appear: A1, A2 are access tokens, R1, R2 refresh tokens."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._names: dict[str, str] = {}
        self._counts = {"A": 0, "R": 0}
        for e in entries:
            for letter, token in (
                ("A", e.sent),
                ("R", e.presented),
                ("A", e.brought_access),
                ("R", e.brought_refresh),
            ):
                if token is not None and token not in self._names:
                    self._counts[letter] += 1
                    self._names[token] = f"{letter}{self._counts[letter]}"

    def name_of(self, token: str | None) -> str | None:
        """Return a token's name."""
        return None if token is None else self._names.get(token)


def source(told: Source) -> Iterator[str]:
    """Yield what a file is, in lines; the first names it."""
    unit = counted(told.rows, told.unit, "entries" if told.unit == "entry" else "")
    kept = "" if told.kept == told.rows else f", of which {told.kept} are evidence"
    yield f"{told.name}: {told.kind}, {unit}{kept}"
    if told.dialects:
        yield f"read in the dialect {' and '.join(told.dialects)}"
    if told.sanitized:
        yield "its credentials were taken out, or it had none"
    yield from _clock(told)
    yield from told.notes


def _clock(told: Source) -> Iterator[str]:
    offset, within = told.clock.offset, told.clock.within
    if offset is not None and within is not None:
        if abs(offset) > SLOW_CLOCK_S:
            which = "behind" if offset > 0 else "ahead of"
            by = f"{seconds(abs(offset))} {which} the server's, give or take {seconds(within)}"
            yield f"its clock was {by}; that is taken out"
    elif told.side == "client":
        yield "nothing says how far its clock was from the server's"


def instant(e: Entry, evidence: Evidence) -> str:
    """Return the time of day at which it arrived, or was over where that alone is known, UTC."""
    told = datetime.fromtimestamp(round(_at(e, evidence), 3), UTC).strftime("%H:%M:%S.%f")[:-3]
    return f"{told[:-4]}    " if _coarse(e, evidence) else told


def _at(e: Entry, evidence: Evidence) -> float:
    """Return the instant that the files tell of it."""
    timed = any(evidence.sources[seen.source].timed for seen in evidence.seen[e.seq - 1])
    return e.received_at if timed else e.answered_at - _coarse(e, evidence)


def _coarse(e: Entry, evidence: Evidence) -> float:
    """Return how coarse the instants of the finest file are, from a second on."""
    resolution = min(evidence.sources[seen.source].resolution for seen in evidence.seen[e.seq - 1])
    return resolution if resolution >= 1 else 0.0


def where(e: Entry, evidence: Evidence) -> str:
    """Return where it stands: its row, and of several files whose."""
    seen = evidence.first(e)
    told = evidence.sources[seen.source]
    row = f"{told.unit} {seen.row}"
    return row if len(evidence.sources) == 1 else f"{Path(told.name).name} {row}"


def span(evidence: Evidence) -> str:
    """Return from when to when it all was."""
    if not evidence.entries:
        return "nothing"
    instants = [_at(e, evidence) for e in evidence.entries]
    first, last = (datetime.fromtimestamp(at, UTC) for at in (min(instants), max(instants)))
    same = first.date() == last.date()
    return f"{first:%Y-%m-%d %H:%M:%S} to {last:{'%H:%M:%S' if same else '%Y-%m-%d %H:%M:%S'}} UTC"


def rows(evidence: Evidence, most: int) -> Iterator[str]:
    """Yield what happened, in so many lines at most: all of it, or what tells of tokens."""
    names, some = Names(evidence.entries), sorted(evidence.entries, key=lambda e: _at(e, evidence))
    if len(some) > most:
        some = [e for e in some if tells(e)]
        yield f"of {counted(len(evidence.entries), 'request')}, the {len(some)} that tell of tokens:"
    for e in some[:most]:
        yield f"{instant(e, evidence)}  {entry(e, evidence, names)}"
    if len(some) > most:
        yield f"... and {len(some) - most} more"


def entry(e: Entry, evidence: Evidence, names: Names) -> str:
    """Return an entry in one line, without its place."""
    asked = ASKED.get(e.kind or "", e.method)
    what = asked if e.kind in ASKED else f"{e.method} {e.target}"
    token = names.name_of(e.presented) or names.name_of(e.sent)
    brought = " ".join(name for name in (names.name_of(e.brought_access), names.name_of(e.brought_refresh)) if name)
    words = [what, f"by {token}" if e.presented else f"with {token}" if token else _untold(e, evidence)]
    outcome = "no answer" if not e.status else str(e.status)
    if e.hung_up:
        outcome = "no answer: the client hung up"
    if e.grant_outcome:
        outcome += f" {WORDS.get(e.grant_outcome, e.grant_outcome)}"
    elif e.cause:
        outcome += f" {e.cause.replace('_', ' ')}"
    told = f"{' '.join(word for word in words if word)}: {outcome}"
    told += f", returned {brought}" if brought else ""
    said = evidence.first(e).said
    return f"{told} ({said})" if said else told


def _untold(e: Entry, evidence: Evidence) -> str:
    return "without a token" if e.kind == "api" and evidence.without_token(e) else ""


def missing(told: Iterable[Missing], evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Yield what is missing and where, and what would fill it; what several files lack is said once."""
    lacking: dict[tuple[str, str], list[str]] = {}
    for each in told:
        rows = ", ".join(map(str, each.rows))
        where = "" if each.source is None else evidence.sources[each.source].name
        place = (
            f"{where}{f' {evidence.sources[each.source].unit} {rows}' if rows and each.source is not None else ''}"
        )
        lacking.setdefault((each.what, each.fills), []).append(place)
    for (what, fills), places in lacking.items():
        where = "; ".join(place for place in places if place)
        yield f"{what}{f' ({where})' if where else ''}", fills
