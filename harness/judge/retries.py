"""
Which 401s were made good, by the tokens themselves, where no attempt ids say it.

Y recovers X's 401 if it is the same method and full target, was received after X was answered, was answered 2xx, and
both tokens are known to be of one session, or Y's token was brought by an exchange that was under way or begun after
that 401, from the same peer. Without a link it is undecided; a token that is known to be of another session never
recovers. Each Y recovers one X, within one burst: the next page load recovers nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from math import inf

from race401.harness.judge.graph import TAKEN, Graph, granted
from race401.harness.judge.recovery import QUIET, bursts
from race401.ledger.entry import Entry
from race401.ledger.outcomes import TRY_AGAIN

CLIENT, SESSION, PEER = "client", "session", "peer"  # by which a 401 is known, the best first
NOT_NOW = frozenset({0, 429})  # no answer came, or: too many requests
FAILED = 500  # and above: the auth server, or whoever stands before it
LONGEST_REFRESH = 60.0  # s that a refresh which nobody recorded may take: the longest time-out of a client in use


@dataclass(slots=True)
class Retries:
    """What became of 401s, by the `seq` of their entries; what none of these holds, the program saw."""

    retried: set[int] = field(default_factory=set)  # a retry followed, and its answer is what the program saw
    cut: set[int] = field(default_factory=set)  # the ledger ends too soon to tell
    unlinked: set[int] = field(default_factory=set)  # a request followed that may or may not be the retry
    put_off: set[int] = field(default_factory=set)  # the refresh was put off, and so may the retry have been
    accepted: set[int] = field(default_factory=set)  # a retry, whose new token was accepted elsewhere
    otherwise: dict[int, Entry] = field(default_factory=dict)  # the retry, where its answer was neither 2xx nor 401

    @property
    def undecided(self) -> set[int]:
        """Those that nobody can decide."""
        return self.cut | self.unlinked | self.put_off | self.accepted


def match(entries: Sequence[Entry], graph: Graph, ends_at: float) -> Retries:
    """Match the entries of one condition, exchanges among them; `ends_at`, s: no entry was received later.

    A recording under another key cannot show the retry: its tokens and peers cannot be compared with these.
    """
    found, taken, ends = Retries(), set[int](), _ends(entries, ends_at)
    for mine, company in _companies(entries, graph):
        every = list(bursts(company))
        for number, burst in enumerate(every):
            refused = [e for e in burst if e.kind == "api" and e.unauthorized and e.seq in mine]
            if not refused:
                continue
            over = max(e.answered_at for e in burst)
            later = [e for each in every[number + 1 :] for e in each if e.received_at <= over + LONGEST_REFRESH]
            for x in sorted(refused, key=lambda e: (e.answered_at, e.seq)):
                if _made_good(x, burst, graph, taken, found) or _unseen(x, later, graph, found):
                    continue
                if _put_off(x, burst, later, graph):
                    found.put_off.add(x.seq)
                    continue
                if over + QUIET > ends.get(x.key, ends_at):
                    found.cut.add(x.seq)
    found.accepted = _accepted(entries, taken - found.retried - found.otherwise.keys() - found.undecided)
    return found


def _made_good(x: Entry, burst: Iterable[Entry], graph: Graph, taken: set[int], found: Retries) -> bool:
    """Look for the retry among what was sent in the same burst; say whether something was found."""
    unlinked = False
    for y in burst:
        if not _again(x, y) or y.seq in taken:
            continue
        linked = _linked(x, y, graph)
        if linked:
            taken.add(y.seq)
            if y.status in TAKEN or y.unauthorized:
                found.retried.add(x.seq)
            else:
                found.otherwise[x.seq] = y
            return True
        unlinked = unlinked or (linked is None and _served(y))
    if unlinked:
        found.unlinked.add(x.seq)
    return unlinked


def _unseen(x: Entry, later: Iterable[Entry], graph: Graph, found: Retries) -> bool:
    """Whether a refresh that nobody recorded may have taken longer than a silence does."""
    for y in later:
        fresh = y.sent is not None and y.sent != x.sent and not graph.brought.get(y.sent)
        if fresh and _again(x, y) and _served(y) and _linked(x, y, graph) is not False:
            found.unlinked.add(x.seq)
            return True
    return False


def _put_off(x: Entry, burst: Iterable[Entry], later: Iterable[Entry], graph: Graph) -> bool:
    """Whether the client was told to refresh later, and asked for the same when it had.

    Nobody knows whether the call waited for that, or failed and somebody asked again.
    """
    if not any(e.kind == "exchange" and _for_now(e) and e.answered_at > x.received_at for e in burst):
        return False
    return any(_again(x, y) and y.sent != x.sent and _served(y) and _linked(x, y, graph) for y in later)


def _for_now(e: Entry) -> bool:
    """Whether an exchange failed, and may be tried again."""
    return not granted(e) and (e.grant_outcome in TRY_AGAIN or e.status in NOT_NOW or e.status >= FAILED)


def _accepted(entries: Iterable[Entry], retries: AbstractSet[int]) -> set[int]:
    """Return those of these refused retries whose token was in time, and accepted afterwards for another request.

    What was refused there is not the token's age: its audience, or its scope. The client has done all that it can.
    """
    if not retries:
        return set()
    served: dict[str, float] = {}
    for e in entries:
        if e.kind == "api" and e.sent is not None and _served(e):
            served[e.sent] = max(e.received_at, served.get(e.sent, e.received_at))
    over = [
        x for x in entries if x.seq in retries and x.unauthorized and served.get(x.sent or "", -inf) > x.answered_at
    ]
    return {x.seq for x in over if x.token_left_s is None or x.token_left_s > 0}


def _again(x: Entry, y: Entry) -> bool:
    """Whether y asks for the same, after x was answered."""
    if y.target != x.target or y.method != x.method or y.received_at < x.answered_at or y is x:
        return False
    return _served(y) or y.sent != x.sent  # the same token, and no success: another call


def _served(y: Entry) -> bool:
    """Whether the answer is a success; a refusal may stand in a 200."""
    return y.status in TAKEN and not y.unauthorized


def _ends(entries: Iterable[Entry], ends_at: float) -> Mapping[str | None, float]:
    """Return when the recordings of several keys ended, the last of them as the ledger does; of one key: nothing."""
    over: dict[str | None, float] = {}
    for e in entries:
        over[e.key] = max(e.received_at, over.get(e.key, e.received_at))
    if len(over) < 2:  # noqa: PLR2004 - there is nothing to tell apart
        return {}
    last = max(over, key=lambda key: over[key])
    return {**over, last: ends_at}


def _linked(x: Entry, y: Entry, graph: Graph) -> bool | None:
    """Tell whether y's token is of x's session; None: that is not known."""
    same = graph.same(x, y)
    if same is None and y.sent is not None and x.peer is not None and x.peer == y.peer:
        brought = (e for e in graph.brought.get(y.sent, ()) if e.kind == "exchange")
        if any(e.peer == x.peer and e.answered_at > x.answered_at for e in brought):
            return True
    return same


def _companies(entries: Sequence[Entry], graph: Graph) -> Iterator[tuple[set[int], list[Entry]]]:
    """
    Yield the 401s to decide, by `seq`, each with all among which their retries may be.

    Who names itself is alone. Of the others, a session that is known is with what its peers sent of sessions that
    are not; what is of no known session is with all of its peer.
    """
    mine: dict[tuple[str, str | None], set[int]] = defaultdict(set)
    for e in entries:
        if e.kind == "api" and e.unauthorized:
            mine[_company(e, graph)].add(e.seq)
    if not mine:
        return
    groups: dict[tuple[str, str | None], list[Entry]] = {company: [] for company in mine}
    nobodys: dict[str | None, list[Entry]] = defaultdict(list)
    for e in entries:
        company = _company(e, graph)
        if company[0] == PEER:
            nobodys[e.peer].append(e)
        elif company in groups:
            groups[company].append(e)
        if company[0] != CLIENT and (PEER, e.peer) in groups:
            groups[PEER, e.peer].append(e)
    for company, group in groups.items():
        besides = {e.peer for e in group} if company[0] == SESSION else ()
        yield mine[company], [*group, *(e for peer in besides for e in nobodys.get(peer, ()))]


def _company(e: Entry, graph: Graph) -> tuple[str, str | None]:
    """Return who keeps an entry company: its client, else its session, else its peer."""
    if e.client is not None:
        return CLIENT, e.client
    place = graph.place(e)
    return (PEER, e.peer) if place is None or not place.known else (SESSION, place.name)
