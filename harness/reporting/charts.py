"""The small pictures of a condition: refusals over time, exchanges against the ideal, and what people waited."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from race401.harness.judge.counted import seconds
from race401.harness.judge.evidence import Evidence
from race401.harness.judge.row import Row, refusal
from race401.harness.reporting import life
from race401.harness.reporting.incident import find
from race401.harness.reporting.words import CAUSES, listed

BINS = 24
WAITS = {"without": "no refresh in the page", "with_refresh": "a refresh in the page"}


@dataclass(frozen=True, slots=True)
class Column:
    """One stretch of the run, and the refusals in it. Heights and widths are percentages of the picture's."""

    x: float
    width: float
    says: str
    from_s: float
    causes: dict[str, int]
    parts: list[tuple[str, float, float]]  # cause, top, height


@dataclass(frozen=True, slots=True)
class Line:
    """One bar that lies, with a mark of where it should end, or how far the slowest twentieth goes."""

    label: str
    role: str
    value: str
    width: float  # %
    mark: float | None  # %
    says: str


@dataclass(frozen=True, slots=True)
class OverTime:
    """The refusals that the app saw, over the run; roles share one scale."""

    columns: dict[str, list[Column]]  # by role
    most: int  # in one column
    length: float  # s


def over_time(evidence: Evidence, rows: list[Row]) -> OverTime | None:
    """Return the refusals that the app saw, by role and cause; None if there were none."""
    began, ended = _from_to(evidence)
    each = max(ended - began, 0.001) / BINS
    counted: dict[str, list[Counter[str]]] = {}
    for row in rows:
        counted[row.role] = [Counter() for _ in range(BINS)]
        for e in find(evidence, row.caller_401_seqs):
            counted[row.role][min(BINS - 1, max(0, int((life.over(e) - began) / each)))][e.cause or "?"] += 1
    most = max((bin_.total() for bins in counted.values() for bin_ in bins), default=0)
    if not most:
        return None
    noun = refusal(rows)
    columns = {
        role: [_column(i, bin_, each, most, noun) for i, bin_ in enumerate(bins)] for role, bins in counted.items()
    }
    return OverTime(columns, most, ended - began)


def _column(i: int, causes: Counter[str], each: float, most: int, noun: str) -> Column:
    parts, top = [], 100.0
    for cause, n in sorted(causes.items()):
        height = round(100 * n / most, 2)
        top = round(top - height, 2)
        parts.append((cause, top, height))
    refusals = listed(f"{n} {CAUSES.get(cause, cause)}" for cause, n in sorted(causes.items())) or f"no {noun}"
    says = f"{i * each:.1f} to {(i + 1) * each:.1f} s: {refusals}"
    width = 100 / BINS
    return Column(round(i * width + width * 0.1, 2), round(width * 0.8, 2), says, i * each, dict(causes), parts)


def exchanges(rows: list[Row], when: dict[str, str]) -> list[Line]:
    """Return how many exchanges each role made, by what it is called, against how many were needed."""
    most = max((max(row.exchanges, (row.ideal_exchanges or [0, 0])[1]) for row in rows), default=0)
    lines = []
    for row in rows:
        ideal = row.ideal_exchanges
        needed = None if ideal is None else str(ideal[0]) if ideal[0] == ideal[1] else f"{ideal[0]} to {ideal[1]}"
        value = f"{row.exchanges}" + (f", {needed} needed" if needed is not None else "")
        mark = _share(ideal[1], most) if ideal is not None else None
        says = f"{when[row.role]}: {value}"
        lines.append(Line(when[row.role], row.role, value, _share(row.exchanges, most), mark, says))
    return lines


def waits(rows: list[Row], when: dict[str, str]) -> list[Line]:
    """Return what a request waited from its intended start: the median, and what 19 of 20 stay below."""
    waits = [(row, kind, row.waits.get(kind), row.waits.get(f"{kind}_p95")) for row in rows for kind in WAITS]
    known = [(row, kind, p50, p95) for row, kind, p50, p95 in waits if p50 is not None]
    most = max((max(p50, p95 or 0.0) for _, _, p50, p95 in known), default=0.0)
    lines = []
    for row, kind, p50, p95 in known:
        label = f"{when[row.role]}, {WAITS[kind]}"
        value = seconds(p50) + (f"; 95 %: {seconds(p95)}" if p95 is not None else "")
        mark = None if p95 is None else _share(p95, most)
        lines.append(Line(label, row.role, value, _share(p50, most), mark, f"{label}: {value}"))
    return lines


def _share(value: float, most: float) -> float:
    return round(100 * value / most, 2) if most else 0.0


def _from_to(evidence: Evidence) -> tuple[float, float]:
    manifest: dict[str, Any] = evidence.manifest
    first = evidence.entries[0].received_at if evidence.entries else 0.0
    last = life.over(evidence.entries[-1]) if evidence.entries else 0.0
    return manifest.get("started_at") or first, max(manifest.get("ended_at") or last, last)
