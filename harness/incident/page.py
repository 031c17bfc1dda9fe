"""
The page of a diagnosis: one HTML file that needs nothing else.

It has the answer, the worst moment drawn, each mechanism with its rows, what is missing and the way on. What it shows
is bounded; tokens are fingerprints, and people and queries are masked as the evidence has them.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from race401.harness.incident import moment, telling, way_on
from race401.harness.incident.diagnosis import Diagnosis
from race401.harness.incident.drawing import draw
from race401.harness.incident.evidence import Evidence
from race401.harness.incident.mechanisms.mechanism import Mechanism, Sign
from race401.harness.reporting import html
from race401.ledger.entry import Entry

ROWS = 12  # of a mechanism that the page shows
SIGNS = {"shown": "✗", "consistent": "?", "excluded": "✓", "not seen": "·"}
BADGES = {"shown": "FAIL", "consistent": "UNKNOWN", "excluded": "PASS", "not seen": "soft"}
HEADINGS = {
    "shown": "Shown",
    "consistent": "Fits what is here; what would decide it",
    "excluded": "Excluded",
    "not seen": "Looked for, and not seen",
}


@dataclass(frozen=True, slots=True)
class MechanismRows:
    """A mechanism as the page tells it."""

    mechanism: Mechanism
    sign: Sign
    rows: list[Entry]
    more: int


def render(diagnosis: Diagnosis, *, version: str = "") -> str:
    """Return the page."""
    evidence = diagnosis.evidence
    names = telling.Names(evidence.entries)
    worst = moment.worst(diagnosis)
    return html.templates().get_template("diagnosis.html").render(
        answer=diagnosis.answer,
        value="FAIL" if diagnosis.standing("shown") else "UNKNOWN",
        span=telling.span(evidence),
        sources=[list(telling.source(each)) for each in _nameless(evidence).sources],
        groups=[(HEADINGS[s], s, told) for s in HEADINGS if (told := _mechanism_rows(diagnosis, s))],
        signs=SIGNS,
        badges=BADGES,
        moment=worst,
        picture=None if worst is None else draw(worst, evidence, names),
        missing=list(telling.missing(evidence.missing, _nameless(evidence))),
        ways=[(m, way_on.commands(m)) for m, _ in way_on.worth_playing(diagnosis)],
        files=way_on.FILES,
        row=lambda e: _row(e, diagnosis, names),
        anchors=_anchors(diagnosis, worst),
        sentence=lambda says: f"{says[:1].upper()}{says[1:]}.",
        version=version,
    )  # fmt: skip


def _nameless(evidence: Evidence) -> Evidence:
    """Return it with its files' names alone."""
    return replace(evidence, sources=tuple(replace(each, name=PurePath(each.name).name) for each in evidence.sources))


def _mechanism_rows(diagnosis: Diagnosis, standing: Any) -> list[MechanismRows]:
    found = []
    for mechanism, sign in diagnosis.standing(standing):
        rows = list(diagnosis.entries(sign))
        found.append(MechanismRows(mechanism, sign, rows[:ROWS], max(0, len(rows) - ROWS)))
    return found


def _row(e: Entry, diagnosis: Diagnosis, names: telling.Names) -> dict[str, str]:
    evidence = diagnosis.evidence
    at = datetime.fromtimestamp(round(e.received_at, 3), UTC).strftime("%H:%M:%S.%f")[:-3]
    prints = (e.presented or e.sent, e.brought_access, e.brought_refresh)
    tokens = [f"{names.name_of(token)} {token[:8]}" for token in prints if token is not None]
    told = telling.entry(e, evidence, names)
    return {"place": places(e, diagnosis), "at": at, "told": told, "tokens": " · ".join(tokens)}


def places(e: Entry, diagnosis: Diagnosis) -> str:
    """Return where it stands: file names without their folders, which are nobody's business."""
    evidence = diagnosis.evidence
    told = ((evidence.sources[seen.source], seen) for seen in evidence.seen[e.seq - 1])
    return ", ".join(f"{PurePath(source.name).name} {source.unit} {seen.row}" for source, seen in told)


def _anchors(diagnosis: Diagnosis, worst: moment.Moment | None) -> dict[int, str]:
    """Return where each row of the picture is told of, by `seq`: the first mechanism that shows it."""
    found: dict[int, str] = {}
    for mechanism, sign in diagnosis.ordered():
        for seq in sign.rows[:ROWS]:
            found.setdefault(seq, f"{mechanism.name}-{seq}")
    return {} if worst is None else found
