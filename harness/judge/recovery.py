"""
Which 401s were made good, where no attempt ids say it: by the wire alone, one to one.

A 401 is recovered by a request of the same client for the same full target, query included, sent after that 401
was answered, in the same burst, with a newer token, answered 2xx. Each such request recovers one 401. The next
page load recovers nothing: a burst ends where its client was silent for QUIET, and had no refresh under way either.
A 401 near the ledger's end, after which a retry might still have come, is undecided.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from race401.ledger.dialects.entries import kind_of
from race401.ledger.entry import Entry

QUIET = 1.0  # s with nothing under way; a client's retry follows its refresh at once, a person's next click does not
UNAUTHORIZED = 401


@dataclass(slots=True)
class Recovery:
    """What became of one client's 401s, by the `seq` of their entries."""

    retried: set[int] = field(default_factory=set)  # a retry followed, and its answer is what the program saw
    undecided: set[int] = field(default_factory=set)  # what neither holds, the program saw


def match(entries: Sequence[Entry], ends_at: float) -> Recovery:
    """Match one client's entries of the app's API; `ends_at`, s: no entry was received later."""
    found, taken = Recovery(), set[int]()
    for burst in bursts(entries):
        over = max(entry.answered_at for entry in burst)
        for entry in burst:
            if not entry.unauthorized:
                continue
            retry = next((later for later in burst if _recovers(later, entry, taken)), None)
            if retry is not None:
                taken.add(retry.seq)
                found.retried.add(entry.seq)
            elif over + QUIET > ends_at:
                found.undecided.add(entry.seq)
    return found


def by_client(entries: Iterable[Entry]) -> Iterator[tuple[str, list[Entry]]]:
    """Yield each client's entries; who does not name itself is told apart by its session."""
    clients: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        clients[entry.client or f"session {entry.family}"].append(entry)
    yield from clients.items()


def of_nobody(refused: Iterable[Entry], entries: Iterable[Entry], systems: Mapping[str, str]) -> list[Entry]:
    """Return the 401s because no token was sent of callers who never show a session: none of theirs can have failed.

    `refused`: those of the `entries` that hold every 401; `systems`: what a world is a part of, where it is one.
    """
    tokenless = [e for e in refused if e.cause == "missing_token" and e.family is None and e.unauthorized]
    named = {e.client for e in tokenless if e.client is not None}
    of = systems.get
    known = (
        {(of(e.world, e.world), e.client) for e in entries if e.client in named and e.family is not None}
        if named
        else set()
    )
    return [e for e in tokenless if (of(e.world, e.world), e.client) not in known]


def is_api(entry: Entry) -> bool:
    """Whether this is a request of the app's API, not of the auth server's."""
    return (entry.kind or kind_of(entry)) == "api"


def bursts(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Split one client's entries where it was silent: nothing under way for longer than QUIET."""
    burst: list[Entry] = []
    over = -inf
    for entry in sorted(entries, key=lambda entry: entry.received_at):
        if burst and entry.received_at - over > QUIET:
            yield burst
            burst = []
        burst.append(entry)
        over = max(over, entry.answered_at or entry.received_at)
    if burst:
        yield burst


def _recovers(later: Entry, refused: Entry, taken: set[int]) -> bool:
    same = later.method == refused.method and later.target == refused.target and later.seq not in taken
    newer = later.generation is not None and (
        refused.generation is None or later.family != refused.family or later.generation > refused.generation
    )
    answered = 200 <= later.status < 300 or later.unauthorized  # noqa: PLR2004
    return same and newer and later.received_at >= refused.answered_at and answered
