"""What the bars of a report's pictures mean: those that it has, with the statuses that they stand for."""

from collections.abc import Iterable, Iterator

from race401.harness.reporting.incident import Scene
from race401.harness.reporting.strip import Strip
from race401.harness.reporting.swimlane import Panel, kind_of
from race401.harness.reporting.words import listed

MEANS = {
    "wait": "waiting, or on its way",
    "ok": "answered {}",
    "bad": "refused, with {}",
    "other": "another answer: {}",
    "issued": "a new pair",
    "waste": "exchanged once more than needed",
    "refused": "refresh refused",
    "lost": "answer lost",
    "fresh": "token valid",
    "margin": "within the margin",
    "expired": "token expired",
    "revoked": "session revoked",
}


def legend(drawn: Iterable[tuple[Scene, Panel, Strip]]) -> list[tuple[str, str]]:
    """Return each kind of bar that is drawn, and what it means."""
    kinds: set[str] = set()
    statuses: dict[str, set[int]] = {}
    for scene, panel, strip in drawn:
        kinds |= set(_kinds(panel, strip))
        for e in scene.entries:
            statuses.setdefault(kind_of(e), set()).add(e.status)
    return [
        (kind, means.format(listed(map(str, sorted(statuses.get(kind, set()))))))
        for kind, means in MEANS.items()
        if kind in kinds
    ]


def _kinds(panel: Panel, strip: Strip) -> Iterator[str]:
    yield from (box.kind for box in panel.band + strip.spans)
    yield from (box.kind for lane in panel.lanes for box in lane.boxes)
