"""
One incident out of a run: the page load that shows the race best, and the same pair's page after the fix.

Chosen from the ledger: a page with the incident's signature before any other with a 401 that the app saw, those
before one that exchanged a token twice, and that before any refresh at all. None of these: there is nothing to show.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter

from race401.harness.judge.cohort import whose
from race401.harness.judge.evidence import Evidence, Sample
from race401.harness.judge.graph import Graph
from race401.harness.judge.recovery import QUIET, bursts, is_api
from race401.harness.judge.row import Row
from race401.ledger.entry import Entry

CONSIDERED = 30  # candidates of a kind; the first that has its counterpart after the fix is taken
CALLS_SHOWN = 12
CLOCKS_DIFFER = 0.005  # s that an answer may lie outside of what the client noted, on one machine

SEQ = attrgetter("seq")


@dataclass(frozen=True, slots=True)
class Call:
    """One request of the app: from its start to its end as the program saw it, and its sends on the wire."""

    target: str
    started_at: float
    ended_at: float
    sends: list[Entry]


@dataclass(frozen=True, slots=True)
class Scene:
    """One page load of one client."""

    row: Row
    calls: list[Call]
    exchanges: list[Entry]
    session: list[Entry]  # everything of this client
    left_out: int = 0  # calls and exchanges beyond what is shown

    @property
    def began_at(self) -> float:
        """The instant of the first request's start."""
        return min([c.started_at for c in self.calls] + [e.received_at for e in self.exchanges])

    @property
    def ended_at(self) -> float:
        """The instant of the last answer."""
        return max([c.ended_at for c in self.calls] + [e.answered_at for e in self.exchanges])

    @property
    def entries(self) -> list[Entry]:
        """The ledger's rows that are drawn."""
        return sorted([e for c in self.calls for e in c.sends] + self.exchanges, key=SEQ)


def choose(evidence: Evidence, rows: list[Row]) -> list[Scene]:
    """Return the incident and its counterpart after the fix; the incident alone; or nothing."""
    alone: list[Scene] = []
    for row, seq in _candidates(rows):
        first = _scene(evidence, row, find(evidence, [seq])[0])
        if row.role != "control":
            return [first]
        if (twin := _counterpart(evidence, rows, first)) is not None:
            return [first, twin]
        alone = alone or [first]
    return alone


def find(evidence: Evidence, seqs: Iterable[int]) -> list[Entry]:
    """Return the entries with these `seq`; the ledger is in that order."""
    return [evidence.entries[bisect_left(evidence.entries, seq, key=SEQ)] for seq in seqs]


def _candidates(rows: list[Row]) -> Iterator[tuple[Row, int]]:
    """Yield what could be shown, best first: the control's before the subject's."""
    for role in ("control", "subject"):
        for kind in ("signature_seqs", "caller_401_seqs", "repeated_seqs", "exchange_seqs"):
            for row in rows:
                if row.role == role:
                    yield from ((row, seq) for seq in getattr(row, kind)[:CONSIDERED])


def _counterpart(evidence: Evidence, rows: list[Row], scene: Scene) -> Scene | None:
    """Return the page at which the same pair's browser refreshed after the fix, if it did."""
    client = (scene.session[0].client or "").replace("/control/", "/subject/")
    row = next((r for r in rows if r.condition == scene.row.condition and r.role == "subject"), None)
    if row is None or not client:
        return None
    refreshed = next((e for e in evidence.entries if e.client == client and e.grant_outcome is not None), None)
    return None if refreshed is None else _scene(evidence, row, refreshed)


def _scene(evidence: Evidence, row: Row, trigger: Entry) -> Scene:
    """Return the page load that the entry belongs to."""
    graph = evidence.graph
    session = [e for e in evidence.entries if _same(e, trigger, graph) and whose(e, evidence) is not None]
    calls = _calls(session, [s for s in evidence.samples if s.client == trigger.client], trigger)
    if not calls:  # nobody names attempts: what is near in time is one page
        burst = next(b for b in bursts(session) if trigger in b)
        calls = [Call(e.target, e.received_at, e.answered_at, [e]) for e in burst if is_api(e)]
        exchanges = [e for e in burst if e.grant_outcome is not None]
    else:
        begun, over = min(c.started_at for c in calls), max(c.ended_at for c in calls)
        if begun == calls[0].sends[0].received_at:  # no client says when the page began: after the page before, then
            before = (e.answered_at for e in session if is_api(e) and e.received_at < begun)
            begun = max(begun - QUIET, max(before, default=0.0))
        under_way = [e for e in session if e.received_at <= over and e.answered_at >= begun]
        exchanges = [e for e in under_way if e.grant_outcome is not None]
    left_out = max(0, len(calls) - CALLS_SHOWN) + max(0, len(exchanges) - CALLS_SHOWN)
    return Scene(row, calls[:CALLS_SHOWN], exchanges[:CALLS_SHOWN], session, left_out)


def _same(e: Entry, trigger: Entry, graph: Graph) -> bool:
    if trigger.client is not None:
        return e.client == trigger.client
    return graph.session(e) == graph.session(trigger)


def _calls(session: list[Entry], samples: list[Sample], trigger: Entry) -> list[Call]:
    """Return the requests of the trigger's page, in the order in which the app makes them."""
    sends: dict[str, list[Entry]] = {}
    for e in session:
        if e.attempt is not None:
            sends.setdefault(e.attempt, []).append(e)
    by_attempt = {s.attempt: s for s in samples}
    pages: dict[str, list[tuple[str, Call]]] = {}
    for attempt, mine in sends.items():
        pages.setdefault(attempt.rpartition(".")[0], []).append((attempt, _call(mine, by_attempt.get(attempt))))
    if trigger.attempt is not None:
        page = pages[trigger.attempt.rpartition(".")[0]]
    else:
        page = min(pages.values(), key=lambda calls: _away(calls, trigger), default=[])
    return [call for _, call in sorted(page, key=lambda named: (len(named[0]), named[0]))]


def _call(sends: list[Entry], sample: Sample | None) -> Call:
    """Return one call by the client's own clock; by the server's if the two do not agree."""
    begun, over = sends[0].received_at, sends[-1].answered_at
    if sample is not None and sample.started_at <= begun + CLOCKS_DIFFER and sample.ended_at >= over - CLOCKS_DIFFER:
        begun, over = min(begun, sample.started_at), max(over, sample.ended_at)
    return Call(sends[0].target, begun, over, sends)


def _away(calls: list[tuple[str, Call]], trigger: Entry) -> float:
    """Return how far in s a page is from the entry; 0 if it happened during the page."""
    begun, over = min(c.started_at for _, c in calls), max(c.ended_at for _, c in calls)
    return max(begun - trigger.received_at, trigger.received_at - over, 0.0)
