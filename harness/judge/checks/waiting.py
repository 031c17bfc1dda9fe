"""What a page paid for a refresh: the wait from the intended start of its requests to their answers."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from operator import attrgetter

from race401.harness.judge.check import Cell, Check, Figure
from race401.harness.judge.cohort import Cohort, page_of
from race401.harness.judge.counted import seconds
from race401.harness.judge.evidence import Evidence, Sample, share_of
from race401.harness.judge.findings import SEQS_NAMED, Finding, Value
from race401.harness.judge.row import Row
from race401.harness.judge.statistics import quantile
from race401.ledger.entry import Entry

NAME = "added-waiting"
RECEIVED, STARTED, ENDED = attrgetter("received_at"), attrgetter("started_at"), attrgetter("ended_at")


def _count(cohort: Cohort, row: Row) -> None:
    """Put into the row p50 and p95 of the waits, in pages that saw an exchange and in the others."""
    row.sampled = sum(not s.cut_off for s in cohort.samples)
    row.store_reads = sum(s.store_reads for s in cohort.samples if not s.cut_off)
    hosts = cohort.evidence.hosts
    apart = {share: (host.get("clock") or {}).get("left_s", (0.0, 0.0)) for share, host in hosts.items()}
    exchanges: dict[str | None, list[Entry]] = defaultdict(list)
    for e in cohort.exchanges:
        exchanges[e.client].append(e)
    spans = {client: Spans(mine) for client, mine in exchanges.items()}
    pages: dict[str, list[Sample]] = defaultdict(list)
    for sample in cohort.samples:
        if not sample.cut_off:
            pages[page_of(sample.attempt)].append(sample)
    waits: dict[bool, list[float]] = {True: [], False: []}
    for mine in pages.values():
        during = spans.get(mine[0].client)
        low, high = sorted(apart.get(share_of(mine[0].client), (0.0, 0.0)))  # what is left of the clocks' difference
        paid = during is not None and during.meet(min(map(STARTED, mine)) + low, max(map(ENDED, mine)) + high)
        waits[paid] += [s.ended_at - s.intended_at for s in mine]
    row.waits = {
        "with_refresh": quantile(waits[True], 0.5),
        "with_refresh_p95": quantile(waits[True], 0.95),
        "without": quantile(waits[False], 0.5),
        "without_p95": quantile(waits[False], 0.95),
    }


class Spans:
    """Whether any of one client's exchanges was under way at a time, without looking at each."""

    def __init__(self, exchanges: list[Entry]) -> None:
        ordered = sorted(exchanges, key=RECEIVED)
        self.received = [e.received_at for e in ordered]
        self.answered = list(accumulate((e.answered_at for e in ordered), max))  # the latest so far

    def meet(self, begun: float, over: float) -> bool:
        """Whether one was under way between these instants, both included."""
        before = bisect_right(self.received, over)
        return bool(before) and self.answered[before - 1] >= begun


def _finds(_: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """What a page paid for a refresh, from the intended start of its requests; a cost, and never judged."""
    for row in rows:
        paid, other = row.waits.get("with_refresh"), row.waits.get("without")
        if paid is not None and other is not None:
            took = f"requests of pages with a refresh took {paid * 1000:.0f} ms from their intended start (median)"
            sentence = f"{row.policy}: {took}, those of others {other * 1000:.0f} ms: {(paid - other) * 1000:+.0f} ms"
            yield Finding(NAME, Value.PASS, sentence, row.condition, row.role, row.exchange_seqs[:SEQS_NAMED])


def _figures(rows: list[Row]) -> Iterable[Figure]:
    yield Figure("store reads per request", lambda r: Cell(f"{r.store_reads / r.sampled:.2f}" if r.sampled else "-"))
    if any(row.waits.get("without") is not None for row in rows):
        yield Figure("median wait", _wait("without"), means="from the intended start to the answer")
        yield Figure("in a page with a refresh", _wait("with_refresh"), part=True)


def _wait(kind: str) -> Callable[[Row], Cell]:
    def cell(row: Row) -> Cell:
        s = row.waits.get(kind)
        return Cell("-" if s is None else seconds(s))

    return cell


ADDED_WAITING = Check(NAME, _finds, _count, section="cost", figures=_figures)
