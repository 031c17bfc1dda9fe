"""
Which claims the ledger disproves, whatever became of the race: a forgiving server lets a client survive that does not
do what it says.

Only what cannot be otherwise: a second refresh that begins after the first was answered may have its reason.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator

from race401.harness.card.course import Run
from race401.harness.card.sign_ins import is_sign_in
from race401.harness.judge.causal import concurrent
from race401.harness.judge.counted import counted
from race401.ledger.entry import Entry
from race401.ledger.outcomes import GRANTED


def disproved(run: Run, claims: Collection[str]) -> Iterator[str]:
    """Yield each claim that this race disproves, and by what."""
    claim = "shared_flight" if run.race.ability == "tabs" else "single_flight"
    if claim not in claims:
        return
    if (overlapping := at_once(run.entries)) > 1:
        yield f"{claim}: {overlapping} exchanges of one refresh token at once are not one shared refresh"
    if own := max(map(_beside, run.bursts), default=0):
        yield f"{claim}: {counted(own, 'sign-in')} of its own in one burst are not one shared refresh"


def at_once(entries: Collection[Entry]) -> int:
    """Return how many exchanges of one refresh token overlapped. Who hung up, or met a fault, may try again."""
    uses: dict[Hashable, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.grant_outcome is not None and entry.fault is None and not entry.hung_up:
            uses[entry.presented or (entry.family, entry.generation)].append(entry)
    return max(
        (sum(any(concurrent(x, y) for y in same if y is not x) for x in same) for same in uses.values()), default=0
    )


def _beside(burst: Collection[Entry]) -> int:
    """Return the sign-ins of a burst that had no need of them: several, or one after a refresh that was granted."""
    own = [entry.seq for entry in burst if is_sign_in(entry)]
    granted = [entry.seq for entry in burst if entry.grant_outcome in GRANTED and entry.fault is None]
    refused = [entry.seq for entry in burst if entry.unauthorized]
    beside = granted and own and max(own) > min(granted) and not any(seq > min(granted) for seq in refused)
    return len(own) if len(own) > 1 or beside else 0
