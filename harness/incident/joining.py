"""
One order of all rows, and each request once, however many files tell of it.

Two rows tell of one request if they are of different files and sides, ask the same, got the same answer, and stand
about where the clocks say: the nearest are taken first. Of the auth server's own events, that is what was asked of
it, as they name no path. What only one side tells is filled in from the other; fingerprints only of the same key.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence

from race401.harness.incident import copies
from race401.harness.incident.evidence import Seen, Source
from race401.harness.incident.readers.reader import Row
from race401.ledger.entry import Entry
from race401.ledger.outcomes import Outcome

Asked = defaultdict[Hashable, list[tuple[float, int]]]
"""By what is asked, when the groups of it were answered, and their numbers."""
NEAR_S = 0.25  # of two clocks that agree, within which a request leaves and arrives; and what a clock is wrong by
OF_AUTH = frozenset({"exchange", "sign_in", "sign_out", "unreadable"})
FINGERPRINTS = ("family", "sent", "presented", "brought_access", "brought_refresh", "peer", "redirect")
PLAIN = ("client", "attempt", "cause", "token_left_s", "grant_outcome", "body_length", "ended")
VAGUE = frozenset({None, Outcome.SEEN_GRANTED, Outcome.SEEN_REFUSED, Outcome.UNREAD})


def joined(rows: list[Row], sources: Sequence[Source]) -> tuple[list[Entry], list[tuple[Seen, ...]]]:
    """Return entries in the order of arrival, and for each who tells of it, first the one that knows most."""
    groups: list[list[Row]] = [[row] for row in rows]
    if len(sources) > 1:
        groups = _paired(rows, sources)
    made = [_one(group, sources) for group in groups]
    made.sort(key=lambda each: (each[0].received_at, each[1][0].source, each[1][0].row))
    return [entry for entry, _ in made], [seen for _, seen in made]


def _paired(rows: list[Row], sources: Sequence[Source]) -> list[list[Row]]:
    """Return the rows, those of one request together."""
    by_source: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_source[row[1].source].append(row)
    order = sorted(by_source, key=lambda index: (sources[index].side != "client", index))
    groups: list[list[Row]] = []
    for index in order:
        groups = _added(groups, by_source[index], index, sources)
    return groups


def _added(groups: list[list[Row]], rows: list[Row], index: int, sources: Sequence[Source]) -> list[list[Row]]:
    """Return the groups with a file's rows, each in the group of its request or in one of its own."""
    asked: Asked = defaultdict(list)
    twice: dict[Hashable, int] = {}
    others = _others(groups, rows, index, sources)
    for number, ((entry, seen), *_) in enumerate(groups):
        if seen.source in others:
            for question in _questions(entry, sources[seen.source], registered=True):
                asked[question].append((entry.answered_at, number))
        elif (copy := copies.same(entry, sources[seen.source])) is not None:
            twice[copy] = number
    mine = {at: twice[copy] for at, row in enumerate(rows) if (copy := copies.same(row[0], sources[index])) in twice}
    taken = set(mine.values())
    for _, at, number in sorted(_near(groups, rows, asked, index, sources)):
        if at not in mine and number not in taken and _may_be_one(rows[at][0], groups[number][0][0]):
            mine[at] = number
            taken.add(number)
    for at, number in mine.items():
        groups[number].append(rows[at])
    return groups + [[row] for at, row in enumerate(rows) if at not in mine]


def _others(groups: list[list[Row]], rows: list[Row], index: int, sources: Sequence[Source]) -> set[int]:
    """Return the files that may tell of the same requests: those of other sides, and copies."""
    by_source: dict[int, list[Row]] = defaultdict(list)
    for first, *_ in groups:
        by_source[first[1].source].append(first)
    return {
        other
        for other, theirs in by_source.items()
        if sources[other].side != sources[index].side
        or copies.of_one_log(rows, theirs, sources[index], sources[other])
    }


def _near(
    groups: list[list[Row]],
    rows: list[Row],
    asked: Asked,
    index: int,
    sources: Sequence[Source],
) -> Iterator[tuple[float, int, int]]:
    """Yield which rows may be which groups' request, and how far apart they stand; s."""
    for waiting in asked.values():
        waiting.sort()
    for at, (entry, _) in enumerate(rows):
        for question in _questions(entry, sources[index]):
            waiting = asked.get(question, [])
            if not waiting:
                continue
            other = sources[groups[waiting[0][1]][0][1].source]
            within = NEAR_S + max(sources[index].resolution, other.resolution) + (other.clock.within or 0.0)
            begin = bisect_left(waiting, (entry.answered_at - within, -1))
            for answered_at, number in waiting[begin:]:
                if answered_at > entry.answered_at + within:
                    break
                yield abs(answered_at - entry.answered_at), at, number


def _questions(entry: Entry, source: Source, *, registered: bool = False) -> Iterator[Hashable]:
    """Yield what two rows of one request have in common, by who tells of it: the path, or what was decided."""
    yield (entry.method, entry.target, entry.status)
    if entry.kind in OF_AUTH:
        mine, theirs = ("events", "requests") if source.side == "auth" else ("requests", "events")
        yield (mine if registered else theirs, entry.kind, entry.status)


def _may_be_one(one: Entry, other: Entry) -> bool:
    """Whether nothing that both tell is different."""
    if one.key != other.key:
        return True
    return all(
        getattr(one, name) == getattr(other, name)
        for name in ("sent", "presented", "brought_access")
        if getattr(one, name) is not None and getattr(other, name) is not None
    )


def _one(group: list[Row], sources: Sequence[Source]) -> tuple[Entry, tuple[Seen, ...]]:
    """Return one entry of all that is told of it, on the clock of whoever served it."""
    if len(group) == 1:
        return group[0][0], (group[0][1],)
    group = sorted(group, key=lambda row: -_knows(row[0]))
    entry = group[0][0]
    for other, _ in group[1:]:
        if entry.kind in (None, "unreadable", "unnamed"):
            entry.kind = other.kind
        if entry.grant_outcome in VAGUE and other.grant_outcome not in VAGUE:
            entry.grant_outcome = other.grant_outcome
        same_key = entry.key is None or other.key is None or entry.key == other.key
        for name in (*PLAIN, *FINGERPRINTS) if same_key else PLAIN:
            if getattr(entry, name) is None:
                setattr(entry, name, getattr(other, name))
        entry.key = entry.key or other.key
        entry.hung_up = entry.hung_up or other.hung_up
    served = next((e for e, s in group if _is_exact(sources[s.source])), entry)
    entry.received_at, entry.answered_at = served.received_at, served.answered_at
    return entry, tuple(seen for _, seen in group)


def _is_exact(source: Source) -> bool:
    """Whether a file tells when a server got and answered a request."""
    return source.side != "client" and source.timed and source.resolution < 1


def _knows(entry: Entry) -> int:
    return sum(getattr(entry, name) is not None for name in (*PLAIN, *FINGERPRINTS))
