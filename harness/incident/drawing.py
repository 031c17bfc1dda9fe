"""
The picture of a moment: a lane for each request by origin and tab, refreshes under the request that wanted them, and
then the lives of the tokens.

Across, positions are percentages of the width; down, they are pixels. Drawn by `templates/diagnosis.html`.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from math import floor, log10
from pathlib import PurePath

from race401.harness.incident.evidence import Evidence
from race401.harness.incident.moment import Moment, over
from race401.harness.incident.telling import ASKED, Names, entry, where
from race401.harness.judge.counted import seconds
from race401.harness.judge.graph import TAKEN
from race401.harness.judge.losses import FOR_GOOD
from race401.harness.reporting.swimlane import BAR, EDGE, HEADING, LANE, LEAST, Box, Lane
from race401.ledger.entry import Entry
from race401.ledger.outcomes import Outcome

TOP, FOOT = 4, 30  # px
TICKS = 5
TOKENS = 10  # lives that are drawn
WASTE = frozenset({Outcome.REUSE_TOLERATED, Outcome.FORKED})


@dataclass(slots=True)
class Picture:
    """One moment, drawn."""

    height: int = 0
    headings: list[tuple[int, str]] = field(default_factory=list)
    lanes: list[Lane] = field(default_factory=list)
    within: set[int] = field(default_factory=set)  # y of lanes that belong to the one above
    ticks: list[tuple[float, str]] = field(default_factory=list)  # % and what is written there
    kinds: set[str] = field(default_factory=set)  # that it has, for the legend


def draw(moment: Moment, evidence: Evidence, names: Names) -> Picture:
    """Return the picture."""
    scale = Scale(moment)
    picture, y = Picture(), TOP
    for heading, lanes in [*_requests(moment, evidence, names, scale), *_lives(moment, evidence, names, scale)]:
        y += HEADING - 8
        picture.headings.append((y, heading))
        y += 6
        for within, label, answer, kind, boxes in lanes:
            y += LANE
            picture.lanes.append(Lane(y - BAR, label, answer, kind, boxes))
            picture.kinds |= {box.kind for box in boxes}
            if within:
                picture.within.add(y - BAR)
        y += 10
    picture.ticks = list(scale.ticks())
    picture.height = y + FOOT
    return picture


_Row = tuple[bool, str, str, str, list[Box]]


class Scale:
    """From instants to percentages."""

    def __init__(self, moment: Moment) -> None:
        self.began_at = moment.began_at
        self.span = max(moment.ended_at - moment.began_at, 0.001)

    def x(self, at: float) -> float:
        """Return where an instant is, in %."""
        share = min(1.0, max(0.0, (at - self.began_at) / self.span))
        return round(EDGE + share * (100 - 2 * EDGE), 2)

    def box(self, begun: float, ended: float, kind: str, says: str, seq: int | None = None) -> Box:
        """Return a bar that can be seen."""
        x = self.x(begun)
        width = max(LEAST, round(self.x(ended) - x, 2))
        return Box(min(x, 100 - width), width, kind, says, seq=seq)

    def after(self, at: float) -> str:
        """Return an instant as people say it."""
        return f"at {seconds(max(0.0, round(at - self.began_at, 6)))}"

    def ticks(self) -> Iterator[tuple[float, str]]:
        """Yield round instants."""
        rough = self.span / TICKS
        power = 10.0 ** floor(log10(rough))
        step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough)
        n = 0
        while n * step <= self.span:
            yield self.x(self.began_at + n * step), seconds(round(n * step, 6)) if n else "0"
            n += 1


def _requests(moment: Moment, evidence: Evidence, names: Names, scale: Scale) -> Iterator[tuple[str, list[_Row]]]:
    under: dict[int, list[Entry]] = defaultdict(list)
    for e in moment.entries:
        if (by := moment.wanted.get(e.seq)) is not None:
            under[by].append(e)
    groups: dict[str, list[_Row]] = defaultdict(list)
    for e in moment.entries:
        if e.seq not in moment.wanted:
            rows = groups[_heading(e, evidence)]
            rows.append(_lane(e, evidence, names, scale, within=False))
            rows += [_lane(each, evidence, names, scale, within=True) for each in under[e.seq]]
    yield from groups.items()


def _heading(e: Entry, evidence: Evidence) -> str:
    """Return under which heading a request stands: its origin, and the tab or file that it is of."""
    seen = evidence.first(e)
    tab = "" if seen.page is None else f" · {seen.page.replace('_', ' ')}"
    source = f" · {PurePath(evidence.sources[seen.source].name).name}" if len(evidence.sources) > 1 else ""
    return f"{e.world or 'requests'}{tab}{source}"


def _lane(e: Entry, evidence: Evidence, names: Names, scale: Scale, *, within: bool) -> _Row:
    what = ASKED.get(e.kind or "") or e.target
    token = names.name_of(e.presented) or names.name_of(e.sent)
    label = f"{'↳ ' if within else ''}{what}{f' by {token}' if e.presented else f' with {token}' if token else ''}"
    says = f"{entry(e, evidence, names)}, {scale.after(e.received_at)} ({where(e, evidence)})"
    return (
        within,
        label,
        _decision(e, names),
        kind_of(e),
        [scale.box(e.received_at, over(e), kind_of(e), says, e.seq)],
    )


def _decision(e: Entry, names: Names) -> str:
    """Say what the server decided, in a word or two."""
    if not e.status:
        return "no answer"
    brought = " ".join(name for name in (names.name_of(e.brought_access), names.name_of(e.brought_refresh)) if name)
    if brought:
        return f"{e.status} → {brought}"
    if e.kind == "exchange" and e.grant_outcome is not None:
        word = {"reused": "used before", "rate_limited": "too many"}.get(e.grant_outcome, e.grant_outcome)
        return f"{e.status} {word.replace('_', ' ')}"
    return f"{e.status} {(e.cause or '').replace('_', ' ')}".strip()


def kind_of(e: Entry) -> str:
    """Return how an entry is drawn."""
    if e.hung_up or not e.status:
        return "lost"
    if e.kind == "exchange":
        if e.grant_outcome in WASTE:
            return "waste"
        return "refused" if e.grant_outcome in FOR_GOOD or e.status not in TAKEN else "issued"
    if e.brought_access is not None:
        return "issued"
    return "bad" if e.unauthorized else "ok" if e.status in TAKEN else "other"


def _lives(moment: Moment, evidence: Evidence, names: Names, scale: Scale) -> Iterator[tuple[str, list[_Row]]]:
    """Yield the lives of the access tokens that the moment has, as far as they are told."""
    lives: dict[str, _Row] = {}
    for e in moment.entries:
        for token in (e.sent, e.brought_access):
            if token is not None and token not in lives and len(lives) < TOKENS:
                lives[token] = _life(token, evidence, names, scale, _ends(evidence))
    if lives:
        yield "The access tokens' lifetimes", list(lives.values())


def _ends(evidence: Evidence) -> Mapping[str, float]:
    """Return when access tokens end, where that is told."""
    told = {e.sent: e.received_at + e.token_left_s for e in evidence.entries if e.sent and e.token_left_s is not None}
    for e in evidence.entries:
        life = evidence.first(e).lifetime
        if e.brought_access is not None and life is not None:
            told.setdefault(e.brought_access, e.answered_at + life)
    return told


def _life(token: str, evidence: Evidence, names: Names, scale: Scale, ends: Mapping[str, float]) -> _Row:
    graph, name = evidence.graph, names.name_of(token) or "?"
    first, last = scale.began_at, scale.began_at + scale.span
    born = min((e.answered_at for e in graph.brought.get(token, ())), default=None)
    begun, ended = max(first, born or first), last
    end = ends.get(token)
    boxes, words = list[Box](), "its expiry is not known"
    uses = [e for e in evidence.entries if e.sent == token]
    replaced = min((d.answered_at for e in uses[:1] for d in graph.replaced(e)), default=None)
    if end is not None:
        left = end - first
        words = f"ends {seconds(left)} after the beginning" if left > 0 else f"was over {seconds(-left)} before"
    edges = sorted({begun, ended, *(at for at in (replaced, end) if at is not None and begun < at < ended)})
    for at, until in pairwise(edges):
        kind = (
            "expired"
            if end is not None and at >= end
            else "margin"
            if replaced is not None and at >= replaced
            else "fresh"
        )
        state = {"expired": "over", "margin": "replaced by a refresh", "fresh": "the newest of its session"}[kind]
        boxes.append(
            scale.box(at, until, kind, f"{name}: {state}, from {scale.after(at).removeprefix('at ')}; {words}")
        )
    return False, f"{name} · {token[:4]}…", words, "soft", boxes
