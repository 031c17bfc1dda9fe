"""
The picture of an incident: where each bar, band and mark goes, and what it says. Drawn by `templates/swimlane.svg`.

Across, positions are percentages of the picture's width, so that it fits a phone and a wall and its words keep their
size; down, they are pixels. Two scenes share one scale of time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import floor, log10
from typing import Any, TypeAlias

from race401.harness.judge.counted import seconds
from race401.harness.reporting import life
from race401.harness.reporting.incident import Call, Scene
from race401.harness.reporting.wanted import wanted
from race401.harness.reporting.words import CAUSES, became, in_short, took_for_theft
from race401.ledger.entry import Entry

EDGE = 1.5  # % left free on either side
LANE, BAR = 36, 13  # px
BAND_Y, BAND = 44, 16  # px
HEADING = 30  # px
LEAST = 0.6  # % wide, so that an instant can be seen
ROOM_FOR_A_SENTENCE, ROOM_FOR_A_WORD = 46, 12  # % of the width
TICKS = 6


@dataclass(frozen=True, slots=True)
class Box:
    """A bar or a part of a band."""

    x: float  # %
    width: float  # %
    kind: str  # how it is drawn; see style.css
    says: str
    label: str = ""
    seq: int | None = None  # of the ledger entry that it stands for


@dataclass(frozen=True, slots=True)
class Lane:
    """One request of the app, or one exchange."""

    y: int  # px
    label: str
    answer: str
    kind: str  # of the answer
    boxes: list[Box]
    under: bool = False  # a refresh, under the request that wanted it


@dataclass(slots=True)
class Panel:
    """One scene, drawn."""

    role: str
    policy: str
    height: int = 0
    band: list[Box] = field(default_factory=list)
    headings: list[tuple[int, str]] = field(default_factory=list)  # y in px, and what follows
    lanes: list[Lane] = field(default_factory=list)
    marks: list[Box] = field(default_factory=list)  # instants: a line from the band down
    ticks: list[tuple[float, str]] = field(default_factory=list)  # % and ms
    race: tuple[float, float] = (0.0, 100.0)  # %: from the first refresh to what hangs on the last; opens there
    span_ms: float = 0.0  # what 0 to 100 % less both edges stand for
    table: list[dict[str, Any]] = field(default_factory=list)  # the same for those who do not see it


def draw(scenes: list[Scene], manifest: dict[str, Any]) -> list[Panel]:
    """Return a panel for each scene, on one scale of time."""
    span = max(scene.ended_at - scene.began_at for scene in scenes) or 0.001
    return [_panel(scene, span, manifest) for scene in scenes]


def _panel(scene: Scene, span: float, manifest: dict[str, Any]) -> Panel:
    scale = _Scale(scene.began_at, span)
    row = scene.row
    spans = life.life(scene.session, manifest, row.condition, row.role)
    margin = manifest["policies"][row.role].get("expiry_margin")
    panel = Panel(row.role, row.policy)
    panel.band = list(_band(spans, scene, scale, margin))
    y = BAND_Y + BAND
    for heading, rows in _groups(scene, scale):
        y += HEADING
        panel.headings.append((y, heading))
        y += 8
        for under, (label, short, kind, boxes) in rows:
            y += LANE
            panel.lanes.append(Lane(y - BAR, label, short, kind, boxes, under))
        y += 4
    panel.marks = list(_marks(scene, scale))
    panel.ticks = list(_ticks(scale, span))
    panel.race = _race(scene, scale)
    panel.span_ms = round(span * 1000, 3)
    panel.height = y + 30
    panel.table = [*_table(scene)]
    return panel


class _Scale:
    """From instants to percentages."""

    def __init__(self, began_at: float, span: float) -> None:
        self.began_at, self.span = began_at, span

    def x(self, at: float) -> float:
        share = min(1.0, max(0.0, (at - self.began_at) / self.span))
        return round(EDGE + share * (100 - 2 * EDGE), 2)

    def box(self, begun: float, over: float, kind: str, says: str, **more: Any) -> Box:
        x = self.x(begun)
        width = max(LEAST, round(self.x(over) - x, 2))
        return Box(min(x, 100 - width), width, kind, says, **more)

    def ms(self, at: float) -> str:
        return f"{(at - self.began_at) * 1000:.1f} ms"


Row: TypeAlias = tuple[str, str, str, list[Box]]  # its label, the answer, that one's kind, and its bars


def _groups(scene: Scene, scale: _Scale) -> Iterator[tuple[str, list[tuple[bool, Row]]]]:
    """Yield the requests, each with the refreshes that stand under it; then what nobody waited for."""
    under, besides = wanted(scene)
    named = {e.seq: row for (_, e), row in zip(_at_auth(scene), _auth(scene, scale), strict=True)}
    rows: list[tuple[bool, Row]] = []
    for nth, call in enumerate(scene.calls):
        rows.append((False, _app(call, scale)))
        rows += [(True, named[e.seq]) for e in under.get(nth, [])]
    if rows:
        yield "The app's requests" + (", and the refreshes that they waited for" if under else ""), rows
    rest = [(False, named[e.seq]) for e in scene.at_auth if e in besides or e in scene.sign_outs]
    if rest:
        yield "At the auth server", rest


def _app(call: Call, scale: _Scale) -> Row:
    """Return a request's lane: on its way or waiting, then on the wire with its answer."""
    boxes, since = [], call.started_at
    for sent, following in zip(call.sends, [*call.sends[1:], None], strict=True):
        if sent.received_at > since:
            says = f"{call.name}: waits, or is on its way, for {seconds(sent.received_at - since)}"
            boxes.append(scale.box(since, sent.received_at, "wait", says))
        until = life.over(sent) if following is not None else call.ended_at
        says = f"{call.name}: {answer_text(sent)}, from {scale.ms(sent.received_at)} to {scale.ms(until)}"
        boxes.append(scale.box(sent.received_at, until, kind_of(sent), says, seq=sent.seq))
        since = until
    return call.name, answer_text(call.sends[-1]), kind_of(call.sends[-1]), boxes


def _auth(scene: Scene, scale: _Scale) -> Iterator[Row]:
    for name, e in _at_auth(scene):
        says = f"{name}: {answer_text(e)}, at {scale.ms(e.received_at)}"
        box = scale.box(e.received_at, life.over(e), kind_of(e), says, seq=e.seq)
        yield name, in_short(e) or answer_text(e), kind_of(e), [box]


def _race(scene: Scene, scale: _Scale) -> tuple[float, float]:
    """Return where the refreshes are, and the requests that they held up; all of it where there are none."""
    if not scene.exchanges:
        return 0.0, 100.0
    begun, over = min(e.received_at for e in scene.at_auth), max(map(life.over, scene.at_auth))
    left = [next((life.over(s) for s in c.sends if s.received_at > begun), over) for c in scene.calls]
    return scale.x(begun), scale.x(max([over, *left]))


def _at_auth(scene: Scene) -> Iterator[tuple[str, Entry]]:
    """Yield the refreshes and sign-outs, each with its name: of a refresh, the tab that used what it brought."""
    nth = 0
    for e in scene.at_auth:
        if e not in scene.exchanges:
            yield "sign-out", e
            continue
        nth += 1
        sends = ((c.tab, sent.sent) for c in scene.calls for sent in c.sends)
        tabs = {tab for tab, sent in sends if sent is not None and sent == e.brought_access}
        tab = next(iter(tabs)) if len(tabs) == 1 else 0
        yield f"refresh {nth}" + (f" · tab {tab}" if tab else ""), e


def _marks(scene: Scene, scale: _Scale) -> Iterator[Box]:
    """Mark where a new pair was issued, and where the family was revoked."""
    for outcome, kind in (("rotated", "issued"), ("reused", "end")):
        e = next((e for e in scene.exchanges if e.grant_outcome == outcome and e.status), None)
        if e is not None and (kind == "issued" or took_for_theft(e)):
            at = e.answered_at
            yield Box(scale.x(at), 0, kind, f"at {scale.ms(at)}: {became(e)}")


def _band(spans: list[life.Span], scene: Scene, scale: _Scale, margin: float | None) -> Iterator[Box]:
    """Yield the token's life under the scene, each part with as much of its story as it has room for."""
    visible = [s for s in spans if s.to_at > scene.began_at and s.from_at < scene.ended_at]
    for span in visible:
        begun = scene.began_at if span is visible[0] else span.from_at
        over = scene.ended_at if span is visible[-1] else span.to_at
        says, room = state(span, begun, margin), scale.x(over) - scale.x(begun)
        label = says if room > ROOM_FOR_A_SENTENCE else _short(span, begun) if room > ROOM_FOR_A_WORD else ""
        yield scale.box(begun, over, span.kind, f"{says}, from {scale.ms(begun)} to {scale.ms(over)}", label=label)


def state(span: life.Span, at: float, margin: float | None) -> str:
    """Say how a token stands at an instant."""
    if span.kind == "revoked":
        return "the family is revoked"
    if span.expires_at is None:
        return "a token whose lifetime is not known"
    left = span.expires_at - at
    if left < 0:
        return f"the token expired {seconds(-left)} ago"
    within = f", within the margin of {seconds(margin)}" if span.kind == "margin" and margin is not None else ""
    return f"the token has {seconds(left)} left{within}"


def _short(span: life.Span, at: float) -> str:
    if span.kind == "revoked":
        return "revoked"
    if span.expires_at is not None and span.expires_at < at:
        return "expired"
    return "" if span.expires_at is None else f"{seconds(span.expires_at - at)} left"


def kind_of(e: Entry) -> str:
    """Return how an entry is drawn: by what it did to the client."""
    if life.was_lost(e) or not e.status:
        return "lost"
    if e.grant_outcome is not None:
        good = {"rotated": "issued", "reuse_tolerated": "waste", "forked": "waste"}
        return good.get(e.grant_outcome, "refused")
    return "bad" if e.unauthorized else "ok" if 200 <= e.status < 300 else "other"  # noqa: PLR2004


def answer_text(e: Entry) -> str:
    """Say what the server answered, and why."""
    if e.grant_outcome is not None:
        return became(e)
    if e.cause is not None:
        return f"{e.status}, {CAUSES.get(e.cause, e.cause)}"
    if e.status and e.fault is not None:
        return f"{e.status}, a planted fault"
    return str(e.status) if e.status else "cut off"


def _ticks(scale: _Scale, span: float) -> Iterator[tuple[float, str]]:
    """Yield round instants in ms."""
    rough = span * 1000 / TICKS
    power = 10.0 ** floor(log10(rough))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough)
    ms = 0.0
    while ms <= span * 1000:
        yield scale.x(scale.began_at + ms / 1000), f"{ms:g}"
        ms += step


def _table(scene: Scene) -> Iterator[dict[str, Any]]:
    def ms(at: float) -> str:
        return f"{(at - scene.began_at) * 1000:.1f}"

    for name, e in _at_auth(scene):
        line = {"what": name, "sent": ms(e.received_at), "answered": ms(e.answered_at) if e.status else "never"}
        yield line | {"answer": answer_text(e), "seqs": [e.seq]}
    for call in scene.calls:
        line = {"what": call.name, "sent": ms(call.started_at), "answered": ms(call.ended_at)}
        yield line | {"answer": _answers(call), "seqs": [e.seq for e in call.sends]}


def _answers(call: Call) -> str:
    return "; then ".join(answer_text(e) for e in call.sends)
