"""Whether a ledger's entries are all there and in order, by their `seq`: one process counts them, from 1."""

from collections.abc import Iterator, Sequence
from itertools import accumulate, islice
from operator import attrgetter, lt, sub

from race401.harness.judge.counted import counted
from race401.ledger.entry import Entry

SEQ, RECEIVED, ANSWERED = attrgetter("seq"), attrgetter("received_at"), attrgetter("answered_at")
UNWRITTEN = attrgetter("unwritten")
NAMED = 3  # gaps that a sentence names
BACK = 1.0  # s by which a clock may go back, as it is set right by a little all the time
SPARSE = 10_000  # times as far apart as they are many: then `seq` is a clock's, of several processes, and has no gaps


def once(entries: list[Entry]) -> tuple[list[Entry], list[str]]:
    """Return the entries, ordered by `seq`, without those that are there twice; and sentences of what is wrong."""
    if _distinct(entries):
        return entries, []
    kept: list[Entry] = []
    again: list[int] = []
    for entry in entries:
        if kept and kept[-1].seq == entry.seq:
            again.append(entry.seq)
            if kept[-1] == entry:
                continue
        kept.append(entry)
    if not again:
        return kept, []
    some = ", ".join(f"#{seq}" for seq in again[:NAMED]) + ("" if len(again) <= NAMED else ", ...")
    return kept, [f"{counted(len(again), 'entry', 'entries')} of the ledger came twice ({some})"]


def gaps(entries: Sequence[Entry], first: int | None = None) -> list[str]:
    """Return a sentence of the entries that are missing between the first and the last, if any are.

    `first`: the `seq` that a whole ledger begins with; None: it may begin anywhere.
    """
    if not entries:
        return []
    begins = entries[0].seq if first is None else first
    last = entries[-1].seq
    if last - begins > SPARSE * len(entries) or (last - begins + 1 == len(entries) and _distinct(entries)):
        return []
    found = list(_missing(entries, begins))
    if not found:
        return []
    n = sum(last - at + 1 for at, last in found)
    some = ", ".join(f"#{at}" if at == last else f"#{at} to #{last}" for at, last in found[:NAMED])
    more = ", ..." if len(found) > NAMED else ""
    return [f"{counted(n, 'entry', 'entries')} of the ledger {'is' if n == 1 else 'are'} missing ({some}{more})"]


def unwritten(entries: Sequence[Entry]) -> list[str]:
    """Return a sentence of the entries that could not be written, if one that could says so."""
    if not (n := sum(map(UNWRITTEN, entries))):
        return []
    after = next(e.seq for e in entries if e.unwritten)
    return [f"{counted(n, 'entry', 'entries')} could not be written to the ledger (before #{after})"]


def went_back(entries: Sequence[Entry]) -> tuple[int, float] | None:
    """Return the first entry before which the recorder's clock had gone back (its `seq`), and how far at least, in s.

    An entry gets its place between its request and its answer, so that no later one is answered before an earlier
    one was received. None: the clock went on, as far as the entries tell.
    """
    received = accumulate(map(RECEIVED, entries), max)
    if max(map(sub, received, map(ANSWERED, entries)), default=0.0) <= BACK:  # most ledgers, and this is quick
        return None
    latest = 0.0
    for e in entries:
        latest = max(latest, e.received_at)
        if 0 < e.answered_at < latest - BACK:
            return e.seq, latest - e.answered_at
    return None


def _distinct(entries: Sequence[Entry]) -> bool:
    """Whether no `seq` comes twice among entries that are ordered by it: most ledgers are so, and this is quick."""
    seqs = list(map(SEQ, entries))
    return all(map(lt, seqs, islice(seqs, 1, None)))


def _missing(entries: Sequence[Entry], begins: int) -> Iterator[tuple[int, int]]:
    expected = begins
    for entry in entries:
        if entry.seq > expected:
            yield expected, entry.seq - 1
        expected = max(expected, entry.seq + 1)
