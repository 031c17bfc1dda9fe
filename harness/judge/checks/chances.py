"""
Whether what is expected had its chance at all: each expectation is shown, violated or not seen.

A 401 had its chance where a request of the API was answered 2xx and another was refused, where two or more were under
way together with an exchange, or where one was answered 2xx after a refresh of its client had failed: who gives its
token up then shows a 401. A 2xx to a token that was past its end is none. A session could be lost where an exchange
was followed by proof that it lives on. By attempts where clients tell of them, else by the wire.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping
from math import inf

from race401.harness.judge.check import Check
from race401.harness.judge.cohort import Cohort
from race401.harness.judge.counted import counted
from race401.harness.judge.evidence import Evidence, Sample
from race401.harness.judge.findings import Finding, Value
from race401.harness.judge.row import Row
from race401.ledger.dialects.entries import asks_for_refresh
from race401.ledger.dialects.reading import FAILURE
from race401.ledger.entry import Entry

NAME = "chances"
LEFT = 0.05  # s from a client's decision to refresh in the background until the server has it, on a busy machine
TOO_MANY = 429  # as a failure of the server's, it says nothing of the token
AT_ONCE = 2  # requests under way together with an exchange, so that they may race
MISSED = {  # how a verdict says what was not seen
    "caller_401s": "no 401 had its chance",
    "exchanges_per_generation": "no exchange was seen",
    "sessions_lost": "no session was seen to stay valid after a refresh",
}
SHOWN = ("caller_401s", "exchanges_per_generation")
NOTHING = (
    "no 401 had its chance and no exchange was seen, so that nothing was shown; let tokens come near their end while "
    "requests are under way (in a test: sign in with `left=1`, advance the clock, or arm a race program)"
)


def _count(cohort: Cohort, row: Row) -> None:
    graph = cohort.graph
    fine = any(map(_fine, cohort.api))
    met = {graph.session(e) or e.client for e in cohort.refused}
    spans, ahead = _spans(cohort), LEFT if cohort.samples else 0.0
    first: dict[str | None, float] = {}
    for exchange in cohort.exchanges:
        session = graph.session(exchange)
        over = exchange.answered_at or inf
        first[session] = min(over, first.get(session, inf))
        if _under_way(spans.get(exchange.client or session), exchange.received_at - ahead, over) >= AT_ONCE:
            met.add(session)
    if failed := _failed(cohort):
        after = (e for e in cohort.api if _fine(e) and e.received_at > failed.get(e.client or graph.session(e), inf))
        met.update(graph.session(e) or e.client for e in after)
    tried = first.keys()
    row.sessions_met, row.sessions_tried = len(met) if fine else 0, len(tried)
    row.shown = {
        "caller_401s": fine and bool(met),
        "exchanges_per_generation": any(e.status and not e.hung_up for e in cohort.exchanges),
        "sessions_lost": _lived_on(cohort, first),
    }


def _fine(e: Entry) -> bool:
    """Whether this was answered 2xx, and not to a token that was past its end: a refusal may stand in its body."""
    return 200 <= e.status < 300 and not e.refusal and (e.token_left_s is None or e.token_left_s > 0)  # noqa: PLR2004


def _failed(cohort: Cohort) -> dict[str | None, float]:
    """Return when the first refresh of each client was answered by a failure, which says nothing of its token."""
    failed: dict[str | None, float] = {}
    for e in cohort.marked:
        if (e.status >= FAILURE or e.status == TOO_MANY) and asks_for_refresh(e):
            failed.setdefault(e.client or cohort.graph.session(e), e.answered_at)
    failed.pop(None, None)  # of these nobody knows whose they were
    return failed


def _lived_on(cohort: Cohort, first: Mapping[str | None, float]) -> bool:
    """Whether a session was seen to live after its first exchange, which was answered then."""
    session = cohort.graph.session
    if any(e.received_at > first[session(e)] for e in cohort.exchanges):
        return True
    return bool(first) and any(_fine(e) and e.received_at > first.get(session(e), inf) for e in reversed(cohort.api))


def _spans(cohort: Cohort) -> Mapping[str | None, tuple[list[float], list[float]]]:
    """Return when the requests of each client that exchanged began and were over, in two sorted lists."""
    session = cohort.graph.session
    wanted = {e.client or session(e) for e in cohort.exchanges}
    spans: dict[str | None, tuple[list[float], list[float]]] = {}
    if cohort.samples:
        told: dict[str, list[Sample]] = defaultdict(list)
        for s in cohort.samples:
            told[s.client].append(s)
        for client, samples in told.items():
            if client in wanted:
                spans[client] = sorted([s.started_at for s in samples]), sorted([s.ended_at for s in samples])
        return spans
    sent: dict[str | None, list[Entry]] = defaultdict(list)
    for e in cohort.api:
        if (whose := e.client or session(e)) in wanted:
            sent[whose].append(e)
    for whose, entries in sent.items():
        spans[whose] = sorted([e.received_at for e in entries]), sorted([e.answered_at for e in entries])
    return spans


def _under_way(spans: tuple[list[float], list[float]] | None, begun: float, over: float) -> int:
    """Return how many of them were under way between these instants."""
    if spans is None:
        return 0
    return bisect_right(spans[0], over) - bisect_left(spans[1], begun)


def _finds(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """What had no chance at all, neither a 401 nor an exchange: a run that shows nothing is no PASS."""
    judged = [row for row in rows if row.role != "control"]
    shows = [any(row.shown.get(key) for key in SHOWN) or row.caller_401s.total() > 0 for row in judged]
    if evidence.ledger_alone:
        if not any(shows):
            yield Finding(NAME, Value.UNKNOWN, NOTHING)
        return
    for row, something in zip(judged, shows, strict=True):
        if not something:
            yield Finding(NAME, Value.UNKNOWN, f"{row.policy}: {NOTHING}", row.condition, row.role)


def unless_said(findings: list[Finding]) -> list[Finding]:
    """Return the findings without this check's, where another says already that the run is no PASS."""
    others = [finding for finding in findings if finding.check != NAME]
    return findings if all(finding.value is Value.PASS for finding in others) else others


def missed(rows: list[Row]) -> str:
    """Return what one role's expectations were not seen of, in words; empty: all had their chance."""
    told = []
    for key, words in MISSED.items():
        without = [row.condition for row in rows if not row.shown.get(key)]
        if len(without) == len(rows):
            told.append(words)
        elif without:
            told.append(f"{words} in {', '.join(without)}")
    return "; ".join(told)


def of_sessions(rows: list[Row]) -> tuple[str, int]:
    """Return how many sessions there were, in words, and in how many of them a 401 had its chance."""
    sessions = sum(row.sessions for row in rows)
    met = sum(min(row.sessions_met, row.sessions) for row in rows)  # an exchange may tell of no session
    told = counted(sessions, "session")
    return (told if met in (0, sessions) else f"{told}, of which {met} came to their instant"), met


CHANCES = Check(NAME, _finds, _count)
