"""The report's page as a browser would find it, and odd runs to make pages of."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser

from ledgers import Run, manifest, reproduced

from race401.harness.judge.evidence import Evidence
from race401.harness.judge.verdict import judge
from race401.harness.reporting import html

VOID = {"meta", "link", "br", "img", "input", "hr"}


@dataclass
class Page(HTMLParser):
    """What a browser would find in the page."""

    source: str
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)
    header_cells: list[dict[str, str | None]] = field(default_factory=list)
    figures: dict[str, str] = field(default_factory=dict)
    open_tags: list[str] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self._figure: str | None = None
        self._said: list[str] = []
        self.feed(self.source)
        self.text = "".join(self._said)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what it is, and what it names."""
        given = dict(attrs)
        if tag not in VOID:
            self.open_tags.append(tag)
        if (name := given.get("id")) is not None:
            self.ids.append(name)
        if tag == "a":
            self.links.append(given.get("href") or "")
        self.loads += [given[name] or "" for name in ("src", "srcset", "data", "poster") if name in given]
        if tag == "link":
            self.loads.append(given.get("href") or "")
        if tag == "th":
            self.header_cells.append(given)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if "data-figure" in given:
            self._figure = given["data-figure"]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """As a tag that is closed at once."""
        self.handle_starttag(tag, attrs)
        self.open_tags.pop()

    def handle_endtag(self, tag: str) -> None:
        """It closes what was opened last."""
        assert self.open_tags.pop() == tag, f"</{tag}> closes something else"
        if tag == "td":
            self._figure = None

    def handle_data(self, data: str) -> None:
        """Collect the text, and that of a figure."""
        self._said.append(data)
        if self._figure is not None:
            self.figures[self._figure] = f"{self.figures.get(self._figure, '')} {data}".strip()


BEFORE = "run/rfc9700/control/1"


def page(evidence: Evidence) -> Page:
    """Build the page and check what must hold of every one."""
    source = html.render(judge(evidence), evidence)
    built = Page(source)
    assert built.open_tags == []
    assert len(built.ids) == len(set(built.ids)), "an id is given twice"
    nowhere = [link for link in built.links if not link.startswith("#") or link[1:] not in built.ids]
    assert nowhere == [], "links that lead nowhere"
    assert [load for load in built.loads if not load.startswith("data:")] == [], "something is loaded"
    assert not re.search(r"url\((?!#)|@import|https?://", source), "something outside is named"
    assert all("scope" in cell for cell in built.header_cells)
    assert built.headings[0] == 1
    assert built.headings.count(1) == 1
    steps = zip(built.headings, built.headings[1:], strict=False)
    assert all(after - before <= 1 for before, after in steps), "a heading's level is left out"
    return built


def crossed_by_a_pair() -> Run:
    """The reproduced run with what the picture lives on: instants, lifetimes, margins."""
    run = reproduced()
    run.manifest["worlds"] = {"rfc9700": {"lifetime": 3600.0, "summary": "strict"}}
    run.manifest["policies"]["control"]["expiry_margin"] = 60.0
    run.manifest["policies"]["subject"]["expiry_margin"] = 120.0
    for entry in run.entries:
        entry.answered_at += 0.004
        entry.token_left_s = 57.0 - entry.received_at if entry.generation == 0 else None
    for sample, entry in zip(run.samples, (e for e in run.entries if e.attempt is not None), strict=True):
        sample.started_at, sample.ended_at = entry.received_at - 0.05, entry.answered_at + 0.001
    return run


def without_a_control(run: Run) -> Evidence:
    """One client is judged."""
    run.manifest["policies"].pop("control")
    return run.evidence()


def without_an_incident(_: Run) -> Evidence:
    """Nothing was refused and nothing refreshed."""
    run = Run()
    run.page(BEFORE, 1, *[None] * 5)
    return run.evidence()


def as_a_ledger_alone(run: Run) -> Evidence:
    """No manifest of ours, no samples, no attempts, clients of other people."""
    alone = {"run": "ledger", "ledger_alone": True, "policies": {"subject": {"name": "the client"}}, "finished": True}
    for entry in run.entries:
        entry.attempt, entry.client = None, "somebody's"
    return Evidence(alone | {"conditions": {"rfc9700": {"world": "rfc9700"}}}, run.entries, [])


ODD: dict[str, tuple[Callable[[Run], Evidence], str]] = {
    "a torn ledger": (lambda run: run.evidence(torn=True), "The ledger's last line is torn"),
    "a run that was killed": (
        lambda run: Run(manifest(finished=False, unfinished_because="the run was killed"), run.entries).evidence(),
        "This run is unfinished: the run was killed",
    ),
    "an empty run": (lambda _: Run().evidence(), "Nothing to draw"),
    "no control": (without_a_control, "What happened"),
    "no incident": (without_an_incident, "Nothing to draw"),
    "a ledger alone": (as_a_ledger_alone, "there are no clients' samples here"),
    "no counterpart": (
        lambda run: Run(run.manifest, [e for e in run.entries if e.client == BEFORE]).evidence(),
        "Before the fix",
    ),
}
