"""
How many exchanges the sessions needed: one a lifetime less the margin, from the first crossing of the margin on.

A token that lives for 200 s, at a margin of 100 s, is due 100 s after each refresh: requests at 61 s and 162 s, of a
first token with 50 s until its margin, need two.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from math import floor

from race401.harness.judge.check import Cell, Check, Figure, Words, expected, judged
from race401.harness.judge.checks.needless import UNSURE
from race401.harness.judge.cohort import Cohort
from race401.harness.judge.counted import counted
from race401.harness.judge.evidence import Evidence
from race401.harness.judge.findings import Finding
from race401.harness.judge.row import Row
from race401.ledger.entry import Entry

NAME = "refreshes"
WORDS = Words(("ideal", "any"), default="any", ledger_alone=None)
ROUNDED = 1.0  # s; the dates of a token are whole seconds, so that it may live for so much less


def _count(cohort: Cohort, row: Row) -> None:
    """Count the needs of all sessions, at least and at most.

    A policy that clamps its margin can't do so to a first token whose whole life it was not told, as an aged one's.
    """
    lifetime = (cohort.evidence.manifest.get("worlds", {}).get(cohort.about.get("world")) or {}).get("lifetime")
    whole, share = cohort.policy.get("expiry_margin"), cohort.policy.get("margin_share")
    margin = min(whole, share * lifetime) if lifetime is not None and whole is not None and share else whole
    if lifetime is None or margin is None or lifetime <= margin + ROUNDED:
        return
    least = most = 0
    families: dict[str, list[Entry]] = defaultdict(list)
    for entry in cohort.entries:
        if entry.family is not None and entry.token_left_s is not None:
            families[entry.family].append(entry)
    skew = cohort.about.get("skew_s", 0.0)
    for mine in families.values():
        first = min(mine, key=lambda e: e.received_at)
        assert first.token_left_s is not None
        sent, end = [e.received_at for e in mine], first.received_at + first.token_left_s - skew
        least += _lives(sent, end - margin + UNSURE, lifetime - margin)
        most += _lives(sent, end - whole - UNSURE, lifetime - margin - ROUNDED)
    row.ideal_exchanges = [least, most]


def _lives(sent: list[float], crossing: float, each: float) -> int:
    after = [at for at in sent if at >= crossing]
    return 1 + floor((max(after) - min(after)) / each) if after else 0


def _finds(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """More exchanges than lifetimes, margins and the run's length call for."""
    for row, want in expected(evidence, rows, "refreshes", WORDS):
        if row.ideal_exchanges is None:
            continue
        _, most = row.ideal_exchanges
        sentence = f"{counted(row.exchanges, 'exchange')} (needed: {_least_to_most(row)})"
        excess = row.exchange_seqs[most:]
        yield judged(NAME, row, want, len(excess), sentence, excess, f"{most} at most")


def _least_to_most(row: Row) -> str:
    if row.ideal_exchanges is None:
        return "-"
    least, most = row.ideal_exchanges
    return f"{least}" if least == most else f"{least} to {most}"


def _exchanges(row: Row) -> Cell:
    too_many = row.ideal_exchanges is not None and row.exchanges > row.ideal_exchanges[1]
    return Cell(f"{row.exchanges}", too_many, row.exchange_seqs)


def _figures(_: list[Row]) -> Iterable[Figure]:
    yield Figure("exchanges", _exchanges)
    yield Figure(
        "needed", lambda r: Cell(_least_to_most(r)), part=True, means="by lifetimes, margins and the run's length"
    )


REFRESHES = Check(
    NAME,
    _finds,
    _count,
    WORDS,
    "exchanges",
    _figures,
    by_clock=True,
    by_order=True,
)
