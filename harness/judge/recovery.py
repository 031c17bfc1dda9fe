"""
Which 401s were made good, where no attempt ids say it: by the wire alone, one to one.

A 401 is recovered by a request of the same client for the same full target, query included, sent after that 401
was answered, in the same burst, with a newer token, answered 2xx. Each such request recovers one 401. The next
page load recovers nothing: a burst ends where its client was silent for QUIET. A 401 near the ledger's end, after
which a retry might still have come, is undecided.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from race401.harness.judge.evidence import LedgerEntry

QUIET = 1.0  # s with nothing under way; a client's retry follows its refresh at once, a person's next click does not
UNAUTHORIZED = 401


@dataclass(slots=True)
class Recovery:
    """What became of one client's 401s, by the `seq` of their entries."""

    retried: set[int] = field(default_factory=set)  # a retry followed, and its answer is what the program saw
    surfaced: set[int] = field(default_factory=set)  # the program saw them
    undecided: set[int] = field(default_factory=set)


def match(entries: Sequence[LedgerEntry], ends_at: float, *, quiet: float = QUIET) -> Recovery:
    """Match one client's entries, in the order of decision; `ends_at`, s: no entry was received later."""
    found, taken = Recovery(), set[int]()
    for burst in bursts(entries, quiet):
        over = max(entry.answered_at for entry in burst)
        for entry in burst:
            if entry.status != UNAUTHORIZED or not is_api(entry):
                continue
            retry = next((later for later in burst if _recovers(later, entry, taken)), None)
            if retry is not None:
                taken.add(retry.seq)
                found.retried.add(entry.seq)
            elif over + quiet > ends_at:
                found.undecided.add(entry.seq)
            else:
                found.surfaced.add(entry.seq)
    return found


def is_api(entry: LedgerEntry) -> bool:
    """Whether this is a request of the app's API, not of the auth server's."""
    return "/auth/v1/" not in entry.target and not entry.target.startswith("/oauth/")


def bursts(entries: Sequence[LedgerEntry], quiet: float = QUIET) -> Iterator[list[LedgerEntry]]:
    """Split one client's entries where it was silent: nothing under way for longer than `quiet` s."""
    burst: list[LedgerEntry] = []
    over = float("-inf")
    for entry in sorted(entries, key=lambda entry: entry.received_at):
        if burst and entry.received_at - over > quiet:
            yield burst
            burst, over = [], float("-inf")
        burst.append(entry)
        over = max(over, entry.answered_at or entry.received_at)
    if burst:
        yield burst


def _recovers(later: LedgerEntry, refused: LedgerEntry, taken: set[int]) -> bool:
    same = later.method == refused.method and later.target == refused.target and later.seq not in taken
    newer = later.generation is not None and (
        refused.generation is None or later.family != refused.family or later.generation > refused.generation
    )
    answered = 200 <= later.status < 300 or later.status == UNAUTHORIZED  # noqa: PLR2004
    return same and newer and later.received_at >= refused.answered_at and answered
