"""
The incident as one small SVG for a page of words: before the fix and after it, side by side, nothing loaded.

It is 760 px wide, so that it fits where GitHub shows a README, and brings its own light and dark colours. The same
evidence gives the same file, byte for byte.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from race401.harness.reporting import html, swimlane
from race401.harness.reporting.incident import Scene
from race401.harness.reporting.swimlane import Box, Panel
from race401.harness.reporting.words import called, listed, number

WIDTH, GAP = 760, 14  # px, of the whole and between the two
NAMES, BARS, BEFORE_ANSWER = 122, 66, 8  # px: a lane's name, then its bars; what is left is the answer's
TOP, LANE, BAR = 56, 20, 10  # px
UNDER = 12  # px further in: a refresh, under the request that waited for it


@dataclass(frozen=True, slots=True)
class Row:
    """A lane with its bars. Positions are px."""

    y: int
    x: int
    label: str
    answer: str
    kind: str
    bars: tuple[tuple[float, float, str], ...]  # x, width, kind


@dataclass(frozen=True, slots=True)
class Half:
    """One scene: what it is called, its result in a line, its rows."""

    x: int
    title: str
    result: str
    bad: bool
    rows: list[Row]


def render(scenes: list[Scene], manifest: dict[str, Any]) -> str:
    """Return the picture of the first two scenes; there must be one."""
    shown = scenes[:2]
    when = called(manifest["policies"])
    width = (WIDTH - GAP * (len(shown) + 1)) // len(shown)
    halves = [
        _half(scene, panel, GAP + nth * (width + GAP), html.scene_name(scene, manifest, when))
        for nth, (scene, panel) in enumerate(zip(shown, swimlane.draw(shown, manifest), strict=True))
    ]
    height = max(row.y for half in halves for row in half.rows) + LANE
    return (
        html.templates()
        .get_template("picture.svg")
        .render(
            width=WIDTH, height=height, halves=halves, answers_at=NAMES + BARS + BEFORE_ANSWER, bar=BAR, edge=GAP // 2
        )
    )


def _half(scene: Scene, panel: Panel, x: int, title: str) -> Half:
    n = len(scene.exchanges)
    last = [call.sends[-1] for call in scene.calls]
    answers = Counter(str(e.status) if e.status else "cut off" for e in last)
    said = listed(f"{number(times)} {status}" for status, times in sorted(answers.items()))
    sent = f"{number(n)} refresh{'' if n == 1 else 'es'}".capitalize()
    return Half(x, title, f"{sent}: {said}", any(e.unauthorized for e in last), list(_rows(panel, x)))


def _rows(panel: Panel, x: int) -> Iterator[Row]:
    """Yield the rows of a panel, from the top."""
    y = TOP
    for lane in panel.lanes:
        y += LANE
        bars = tuple(_bar(box, x) for box in lane.boxes)
        yield Row(y, x + UNDER * lane.under, lane.label, lane.answer, lane.kind, bars)


def _bar(box: Box, x: int) -> tuple[float, float, str]:
    return round(x + NAMES + box.x * BARS / 100, 1), max(2.0, round(box.width * BARS / 100, 1)), box.kind
