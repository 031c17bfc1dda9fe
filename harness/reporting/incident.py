"""
One incident out of a run: the page load that shows the race best, and the same pair's page after the fix.

Chosen from the ledger: a page with the incident's signature before any other with a 401 that the app saw, those
before one that exchanged a token twice, and that before any refresh at all. None of these: there is nothing to show.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter

from race401.harness.judge.alone import NAMED
from race401.harness.judge.check import NONE, sound
from race401.harness.judge.evidence import Evidence, Sample
from race401.harness.judge.expectation import WORDS
from race401.harness.judge.recovery import QUIET, bursts, is_api
from race401.harness.judge.row import Row
from race401.harness.judge.sessions import is_sign_out
from race401.harness.reporting import life, table
from race401.ledger.entry import Entry

CONSIDERED = 30  # candidates of a kind; the first that has its counterpart after the fix is taken
CALLS_SHOWN = 12
CLOCKS_DIFFER = 0.005  # s that an answer may lie outside of what the client noted, on one machine

SEQ = attrgetter("seq")
KINDS = {  # what a row holds of the race, best to be shown first, and what is expected of it
    "signature_seqs": "caller_401s",
    "caller_401_seqs": "caller_401s",
    "after_sign_out_seqs": "after_sign_out",
    "needless_seqs": "needless_exchanges",
    "repeated_seqs": "exchanges_per_generation",
    "exchange_seqs": "exchanges_per_generation",
}


@dataclass(frozen=True, slots=True)
class Call:
    """One request of the app: from its start to its end as the program saw it, and its sends on the wire."""

    target: str
    started_at: float
    ended_at: float
    sends: list[Entry]
    tab: int = 0  # of the browser's several, from 1; 0: it has one

    @property
    def name(self) -> str:
        """What it asks for, and from which tab."""
        return f"{self.target} · tab {self.tab}" if self.tab else self.target


@dataclass(frozen=True, slots=True)
class Scene:
    """One page load of one client."""

    row: Row
    calls: list[Call]
    exchanges: list[Entry]
    session: list[Entry]  # everything of this client
    left_out: int = 0  # calls and exchanges beyond what is shown
    sign_outs: list[Entry] = field(default_factory=list)

    @property
    def began_at(self) -> float:
        """The instant of the first request's start."""
        return min([c.started_at for c in self.calls] + [e.received_at for e in self.at_auth])

    @property
    def ended_at(self) -> float:
        """The instant of the last answer."""
        return max([c.ended_at for c in self.calls] + [life.over(e) for e in self.at_auth])

    @property
    def entries(self) -> list[Entry]:
        """The ledger's rows that are drawn."""
        return sorted([e for c in self.calls for e in c.sends] + self.at_auth, key=SEQ)

    @property
    def at_auth(self) -> list[Entry]:
        """The refreshes and sign-outs, in the order of decision."""
        return sorted(self.exchanges + self.sign_outs, key=SEQ)


def choose(evidence: Evidence, rows: list[Row]) -> list[Scene]:
    """Return the incident and its counterparts after the fix; the incident alone; or nothing.

    Where the subject is expected to show the race too, a policy that is not has its counterpart as well.
    """
    best: list[Scene] = []
    for row, seq in _candidates(evidence, rows):
        first = _scene(evidence, row, find(evidence, [seq])[0])
        if row.role != "control":
            return best or [first]
        wanted = list(_beside(evidence, rows, row.condition))
        twins = [twin for other in wanted if (twin := _counterpart(evidence, other, first)) is not None]
        if wanted and len(twins) == len(wanted):
            return [first, *twins]
        best = max([best, [first, *twins]], key=len)
    return best


def find(evidence: Evidence, seqs: Iterable[int]) -> list[Entry]:
    """Return the entries with these `seq`; the ledger is in that order."""
    return [evidence.entries[bisect_left(evidence.entries, seq, key=SEQ)] for seq in seqs]


def _candidates(evidence: Evidence, rows: list[Row]) -> Iterator[tuple[Row, int]]:
    """Yield what could be shown, best first: the control's, and there what no sound client shows, before the rest."""
    named = (row.role for row in rows if row.role.startswith(NAMED))
    for role in dict.fromkeys(("control", "subject", *named)):
        mine = [row for row in rows if row.role == role]
        for judged in (True, False):
            for kind, key in KINDS.items():
                for row in mine:
                    if _is_race(evidence, row, key) is judged:
                        yield from ((row, seq) for seq in getattr(row, kind)[:CONSIDERED])


def _is_race(evidence: Evidence, row: Row, key: str) -> bool:
    """Whether no sound client shows this in the row's condition."""
    return sound(evidence.manifest, row.condition, key, WORDS[key]) in NONE


def _beside(evidence: Evidence, rows: list[Row], condition: str) -> Iterator[Row]:
    """Yield what is drawn beside the control: the subject, and if that is weak there, one that is not."""
    others = [row for row in rows if row.condition == condition and row.role != "control"]
    weak = [row for row in others if table.weak(evidence.manifest, condition, row.role)]
    sound_ones = [row for row in others if row not in weak]
    yield from others[:1]
    if others[:1] == weak[:1] != []:
        yield from sound_ones[:1]


def _counterpart(evidence: Evidence, row: Row, scene: Scene) -> Scene | None:
    """Return the page at which the same pair's browser showed the race or refreshed after the fix, if it did."""
    client = (scene.session[0].client or "").replace("/control/", f"/{row.role}/")
    if not client:
        return None
    if table.weak(evidence.manifest, row.condition, row.role):
        shown = [
            entry
            for kind, key in KINDS.items()
            if _is_race(evidence, row, key)
            for entry in find(evidence, getattr(row, kind)[:CONSIDERED])
        ]
        if shown:
            return _scene(evidence, row, next((e for e in shown if e.client == client), shown[0]))
    refreshed = next((e for e in evidence.entries if e.client == client and is_exchange(e)), None)
    return None if refreshed is None else _scene(evidence, row, refreshed)


def _scene(evidence: Evidence, row: Row, trigger: Entry) -> Scene:
    """Return the page load that the entry belongs to."""
    session = _session(evidence, trigger)
    samples = [s for s in evidence.samples if s.client == trigger.client]
    calls = _calls(session, samples, trigger, evidence.manifest["conditions"][row.condition].get("tabs", 1))
    if not calls:  # nobody names attempts: what is near in time is one page
        burst = next(b for b in bursts(session) if trigger in b)
        calls = [Call(e.target, e.received_at, life.over(e), [e]) for e in burst if is_api(e)]
        under_way = burst
    else:
        begun, over = min(c.started_at for c in calls), max(c.ended_at for c in calls)
        if begun == calls[0].sends[0].received_at:  # no client says when the page began: after the page before, then
            before = (life.over(e) for e in session if is_api(e) and e.received_at < begun)
            begun = max(begun - QUIET, max(before, default=0.0))
        under_way = [e for e in session if e.received_at <= over and life.over(e) >= begun]
    exchanges = [e for e in under_way if is_exchange(e)]
    sign_outs = [e for e in under_way if is_sign_out(e)]
    left_out = max(0, len(calls) - CALLS_SHOWN) + max(0, len(exchanges) - CALLS_SHOWN)
    return Scene(row, calls[:CALLS_SHOWN], exchanges[:CALLS_SHOWN], session, left_out, sign_outs)


def is_exchange(e: Entry) -> bool:
    """Whether it is a refresh, one that failed before anything was decided included."""
    return e.grant_outcome is not None or e.kind == "exchange"


def _session(evidence: Evidence, trigger: Entry) -> list[Entry]:
    """Return everything of whoever sent this: who names itself is known by that."""
    if trigger.client is not None:
        return [e for e in evidence.entries if e.client == trigger.client]
    session = evidence.graph.session
    name = session(trigger)
    return [e for e in evidence.entries if session(e) == name]


def _calls(session: list[Entry], samples: list[Sample], trigger: Entry, tabs: int) -> list[Call]:
    """Return the requests of the trigger's page, in the order in which the app makes them."""
    sends: dict[str, list[Entry]] = {}
    for e in session:
        if e.attempt is not None:
            sends.setdefault(e.attempt, []).append(e)
    by_attempt = {s.attempt: s for s in samples}
    pages: dict[str, list[tuple[str, Call]]] = {}
    for attempt, mine in sends.items():
        pages.setdefault(attempt.rpartition(".")[0], []).append(
            (attempt, _call(mine, by_attempt.get(attempt), _tab(attempt, tabs)))
        )
    if trigger.attempt is not None:
        page = pages[trigger.attempt.rpartition(".")[0]]
    else:
        page = min(pages.values(), key=lambda calls: _away(calls, trigger), default=[])
    return [call for _, call in sorted(page, key=lambda named: (len(named[0]), named[0]))]


def _tab(attempt: str, tabs: int) -> int:
    """Return which tab sent a page's request: they go round the tabs."""
    nth = attempt.rpartition(".")[2]
    return int(nth) % tabs + 1 if tabs > 1 and nth.isdigit() else 0


def _call(sends: list[Entry], sample: Sample | None, tab: int) -> Call:
    """Return one call by the client's own clock; by the server's if the two do not agree."""
    begun, over = sends[0].received_at, life.over(sends[-1])
    if sample is not None and sample.started_at <= begun + CLOCKS_DIFFER and sample.ended_at >= over - CLOCKS_DIFFER:
        begun, over = min(begun, sample.started_at), max(over, sample.ended_at)
    return Call(sends[0].target, begun, over, sends, tab)


def _away(calls: list[tuple[str, Call]], trigger: Entry) -> float:
    """Return how far in s a page is from the entry; 0 if it happened during the page."""
    begun, over = min(c.started_at for _, c in calls), max(c.ended_at for _, c in calls)
    return max(begun - trigger.received_at, trigger.received_at - over, 0.0)
