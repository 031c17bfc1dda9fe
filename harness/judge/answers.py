"""
What each request of the program came to, and which 401s nobody can decide.

By attempt ids where there are some; by tokens where entries say which; else by client and generation, one to one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf
from operator import attrgetter

from race401.harness.judge import recovery, retries
from race401.harness.judge.causal import before
from race401.harness.judge.causes import body_lost
from race401.harness.judge.evidence import Evidence, Sample, share_of
from race401.harness.judge.graph import Graph
from race401.harness.judge.recovery import QUIET, bursts, by_client, is_api
from race401.harness.judge.sessions import UNREAD
from race401.ledger.entry import Entry

SEQ = attrgetter("seq")


@dataclass(slots=True)
class Answers:
    """The last answer to each request, in the order of the ledger; those 401s among them that are undecided."""

    last: list[Entry]
    cut: set[int] = field(default_factory=set)  # by `seq`: the ledger ends too soon to tell
    unlinked: set[int] = field(default_factory=set)  # what followed may or may not have been the retry
    put_off: set[int] = field(default_factory=set)  # asked for again when a refresh had been put off
    accepted: set[int] = field(default_factory=set)  # of a token that was accepted elsewhere
    bodiless: list[Entry] = field(default_factory=list)  # retries that lost their body

    @property
    def undecided(self) -> set[int]:
        """Those that nobody can decide."""
        return self.cut | self.unlinked | self.put_off | self.accepted


def last_answers(api: list[Entry], exchanges: list[Entry], samples: Iterable[Sample], evidence: Evidence) -> Answers:
    """Return what the program saw of its requests."""
    ends_at = max((e.received_at for e in evidence.entries), default=inf) if evidence.cut_short else inf
    last = list({e.attempt: e for e in api if e.attempt is not None}.values())
    sent = [*api, *exchanges]
    found = Answers(last)
    if evidence.cut_short or evidence.unheard:
        found.cut = _cut_before_a_retry(last, sent, samples, ends_at, evidence.unheard)
    nameless = [e for e in sent if e.attempt is None]
    for _, mine in by_client(e for e in nameless if e.kind is None):
        by_generation = recovery.match(mine, ends_at)
        found.cut |= by_generation.undecided
        last += [e for e in mine if is_api(e) and e.seq not in by_generation.retried]
    told = [e for e in nameless if e.kind is not None]
    if any(is_api(e) for e in told):  # in a run those have names
        _by_tokens(found, told, evidence, ends_at)
    last.sort(key=SEQ)
    return found


def _by_tokens(found: Answers, told: list[Entry], evidence: Evidence, ends_at: float) -> None:
    failed = [e for e in evidence.entries if e.kind == "exchange" and e.grant_outcome is None and e.attempt is None]
    matched = retries.match([*told, *failed], evidence.graph, ends_at)
    found.cut |= matched.cut
    found.unlinked, found.put_off, found.accepted = matched.unlinked, matched.put_off, matched.accepted
    over = matched.retried | matched.otherwise.keys()
    unread = [e for e in evidence.entries if e.grant_outcome == UNREAD]
    if unread:
        lost = {e.seq for e in told if e.unauthorized and _of_the_unread(e, unread, evidence.graph)}
        found.unlinked |= lost - over
    found.last += [e for e in told if is_api(e) and e.seq not in over]
    by_seq = {e.seq: e for e in told if e.seq in matched.otherwise}
    found.bodiless = [y for seq, y in matched.otherwise.items() if body_lost(by_seq[seq], y)]


def _of_the_unread(refused: Entry, unread: Iterable[Entry], graph: Graph) -> bool:
    """Whether the token may have come with an answer of a token endpoint that nobody could read."""
    origin = refused.family is not None or refused.sent is None or graph.brought.get(refused.sent)
    return not origin and any(u.peer == refused.peer and before(u, refused) for u in unread)


def _cut_before_a_retry(
    last: list[Entry], sent: list[Entry], samples: Iterable[Sample], ends_at: float, unheard: set[str]
) -> set[int]:
    """Return the 401s that a retry beyond the end may have made good, unless the program saw them.

    The end is the ledger's; that of a browser whose host was lost is its own last request.
    """
    seen = {s.attempt: s.status for s in samples}
    over: set[int] = set()  # in bursts that were over before the end
    for client, mine in by_client(sent):
        its_end = max(e.received_at for e in mine) if share_of(client) in unheard else ends_at
        for burst in bursts(mine):
            if max(e.answered_at for e in burst) + QUIET <= its_end:
                over.update(e.seq for e in burst)
    refused = [e for e in last if e.unauthorized]
    return {e.seq for e in refused if (seen[e.attempt] != e.status if e.attempt in seen else e.seq not in over)}
