"""
Whether what a condition is about happened at all. This never FAILs: what did not happen proves nothing.

For example, a sign-out that is to meet a refresh covers `refresh-during-sign-out`: the ledger must hold an exchange
and a sign-out of one client that were under way at one time.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator
from math import inf

from race401.harness.judge.check import Check
from race401.harness.judge.cohort import Cohort
from race401.harness.judge.evidence import Evidence
from race401.harness.judge.findings import Finding, Value
from race401.harness.judge.row import Row
from race401.harness.judge.sessions import is_sign_out
from race401.ledger.dialects.entries import asks_for_refresh
from race401.ledger.entry import Entry
from race401.ledger.outcomes import GRANTED

NAME = "coverage"
LONGER = "run longer, or with more browsers"
COVERAGE = {
    "refresh": ("a token came within the margin under a burst", LONGER),
    "expiry": ("a token met its expiry or was refreshed before", LONGER),
    "two-401s-one-token": ("two requests were refused with one token", LONGER),
    "late-401": ("a 401 came after its token had been replaced", "hold the second 401 until the refresh is answered"),
    "refresh-during-sign-out": ("a refresh was under way at sign-out", "hold the refresh until the sign-out"),
    "failed-refresh": ("a refresh failed, and its token was not spent", "let the mock fail exchanges"),
    "lost-answer": ("the answer of an exchange was lost", "let the mock drop answers after it rotated"),
}


def _count(cohort: Cohort, row: Row) -> None:
    """Count what the run exercised; a scenario names here what it is about."""
    graph = cohort.graph
    refused: Counter[Hashable] = Counter()
    replaced_at: dict[tuple[str | None, int | None], float] = {}
    refreshed: set[str | None] = set()
    expired: set[str | None] = set()
    failed = lost = during = 0
    logouts: dict[str | None, list[Entry]] = defaultdict(list)
    for e in cohort.marked:
        if is_sign_out(e):
            logouts[e.client].append(e)
    for e in cohort.marked:
        if e.grant_outcome is not None:
            refreshed.add(graph.session(e))
            lost += e.grant_outcome == "lost" or e.fault is not None
            mine = logouts.get(e.client, ())
            during += any(o.received_at < e.answered_at and e.received_at < o.answered_at for o in mine)
            if e.kind is None and e.grant_outcome in GRANTED:
                replaced_at.setdefault((e.family, e.generation), e.answered_at)
        elif e.unauthorized:
            if (token := graph.token(e)) is not None:
                refused[token] += 1
            if e.cause == "expired":
                expired.add(graph.session(e))
        failed += e.cause == "fault" and asks_for_refresh(e)
    late = sum(
        e.answered_at > replaced_at.get((e.family, e.generation), inf)
        if e.kind is None
        else any(0 < done.answered_at < e.answered_at for done in graph.replaced(e))
        for e in cohort.marked
        if e.unauthorized and (e.kind is not None or e.generation is not None)
    )
    row.coverage = Counter(
        {
            "refresh": len(refreshed),
            "expiry": len(expired | refreshed),
            "two-401s-one-token": sum(n > 1 for n in refused.values()),
            "late-401": late,
            "refresh-during-sign-out": during,
            "failed-refresh": failed,
            "lost-answer": lost,
        }
    )


def _finds(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """Whether what the condition is about happened at all."""
    for row in rows:
        for name in evidence.manifest["conditions"][row.condition].get("covers", []):
            if name not in COVERAGE:  # `vocabulary` says so
                continue
            did, change = COVERAGE[name]
            if n := row.coverage[name]:
                yield Finding(NAME, Value.PASS, f"{n} times {did}", row.condition, row.role)
            else:
                sentence = f"never {did}: the race had no chance; {change}"
                yield Finding(NAME, Value.UNKNOWN, sentence, row.condition, row.role)


COVERED = Check(NAME, _finds, _count)
