"""The session around an incident: its tokens' lives and its page loads, in s since the run began."""

from dataclasses import dataclass
from typing import Any

from race401.harness.judge.recovery import is_api
from race401.harness.reporting import life
from race401.harness.reporting.incident import Scene
from race401.harness.reporting.swimlane import Box, state
from race401.harness.reporting.words import count

PAGES_APART = 0.2  # s; requests nearer than this are one mark
MARKS = 400  # at most, of the session's last pages


@dataclass(frozen=True, slots=True)
class Strip:
    """One session, whole."""

    role: str
    spans: list[Box]
    pages: list[Box]
    here: float  # %, where the incident is
    ends: tuple[str, str]  # what is written at either end


def draw(scenes: list[Scene], manifest: dict[str, Any]) -> list[Strip]:
    """Return a strip for each scene, on one scale of time."""
    first = min(scene.session[0].received_at for scene in scenes)
    last = max(life.over(scene.session[-1]) for scene in scenes)
    return [_strip(scene, first, max(last - first, 0.001), manifest) for scene in scenes]


def _strip(scene: Scene, first: float, length: float, manifest: dict[str, Any]) -> Strip:
    def x(at: float) -> float:
        return round(100 * min(1.0, max(0.0, (at - first) / length)), 2)

    row, zero = scene.row, manifest.get("started_at") or first
    margin = manifest["policies"][row.role].get("expiry_margin")
    spans = []
    for span in life.life(scene.session, manifest, row.condition, row.role):
        says = f"{span.from_at - zero:.1f} s to {span.to_at - zero:.1f} s: {state(span, span.from_at, margin)}"
        spans.append(Box(x(span.from_at), max(0.3, round(x(span.to_at) - x(span.from_at), 2)), span.kind, says))
    pages = []
    for begun, refused, of in _pages(scene):
        says = f"{begun - zero:.1f} s: {count(of, 'request')}" + (f", {refused} of them refused" if refused else "")
        pages.append(Box(x(begun), 0, "bad" if refused else "ok", says))
    ends = f"{first - zero:.1f} s", f"{first + length - zero:.1f} s"
    return Strip(row.role, spans, pages[-MARKS:], x(scene.began_at), ends)


def _pages(scene: Scene) -> list[tuple[float, int, int]]:
    """Return the instant, the 401s and the requests of each page load."""
    pages: list[list[float]] = []
    for e in sorted((e for e in scene.session if is_api(e)), key=lambda e: e.received_at):
        if not pages or e.received_at - pages[-1][1] > PAGES_APART:
            pages.append([e.received_at, e.received_at, 0, 0])
        pages[-1][1] = life.over(e)
        pages[-1][2] += e.unauthorized
        pages[-1][3] += 1
    return [(begun, int(refused), int(of)) for begun, _, refused, of in pages]
