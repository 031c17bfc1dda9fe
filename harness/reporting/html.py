"""
The report: one HTML file that needs nothing else, from a verdict and its evidence.

What it shows is bounded: of the ledger, the rows that figures and findings point to, and it says when that is a
sample. The same evidence gives the same file, byte for byte.
"""

import re
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from race401.harness.judge.check import Cell
from race401.harness.judge.checks import SOUND, Finding, Value
from race401.harness.judge.counted import seconds
from race401.harness.judge.evidence import Evidence
from race401.harness.judge.row import Row, refusal
from race401.harness.judge.verdict import Verdict
from race401.harness.reporting import ablation, charts, incident, story, strip, swimlane, table
from race401.harness.reporting.headline import below, headline
from race401.harness.reporting.legend import legend
from race401.harness.reporting.words import CAUSES, called, listed
from race401.harness.tokens.policy import POLICIES, Policy
from race401.ledger.entry import Entry

ROWS_SHOWN = 12  # ledger rows behind one figure
FINDINGS_SHOWN = 300
TEMPLATES = Path(__file__).parent / "templates"
UNJUDGED = {
    "401s that the app saw",
    "refusals that the app saw",
    "sessions lost",
}  # of a condition that expects nothing
UNITS = {each.name: each.metadata.get("unit", "") for each in fields(Policy)}  # of the knobs
CONTROL_FIRST = {"control": 0, "subject": 1}


@dataclass(slots=True)
class Proofs:
    """The ledger rows that the page shows, in groups; a row is reached by `#e<seq>` where it is shown first."""

    evidence: Evidence
    groups: list[dict[str, Any]] = field(default_factory=list)
    shown: set[int] = field(default_factory=set)

    def add(self, title: str, seqs: list[int], most: int = ROWS_SHOWN) -> str:
        """Show the first of these rows, and return the group's id; of none, an empty one."""
        if not seqs:
            return ""
        name = f"rows-{re.sub('[^a-z0-9]+', '-', title.lower()).strip('-')}"
        if not any(group["id"] == name for group in self.groups):
            rows = [(e, self._first(e)) for e in incident.find(self.evidence, seqs[:most])]
            self.groups.append({"id": name, "title": title, "of": len(seqs), "rows": rows})
        return name

    def _first(self, e: Entry) -> bool:
        new = e.seq not in self.shown
        self.shown.add(e.seq)
        return new


def render(verdict: Verdict, evidence: Evidence) -> str:
    """Return the page."""
    manifest, proofs = evidence.manifest, Proofs(evidence)
    when = called(manifest["policies"])
    scenes = incident.choose(evidence, verdict.rows)
    for scene in scenes:
        title = f"the incident, {when[scene.row.role]} ({scene.row.condition})"
        proofs.add(title, [e.seq for e in scene.entries], most=len(scene.entries))
    findings = [
        _finding(finding, proofs, when) for finding in sorted(verdict.findings, key=_gravest)[:FINDINGS_SHOWN]
    ]
    drawn = [
        (scene, story.sentences(scene, manifest), panel, whole)
        for scene, panel, whole in zip(
            scenes,
            swimlane.draw(scenes, manifest) if scenes else [],
            strip.draw(scenes, manifest) if scenes else [],
            strict=True,
        )
    ]
    sections = [_condition(name, verdict.rows, evidence, proofs, when) for name in manifest["conditions"]]
    return (
        templates()
        .get_template("report.html")
        .render(
            verdict=verdict,
            headline=headline(verdict, manifest),
            sentence=below(verdict),
            showed=_showed(verdict, manifest),
            scene_names=[scene_name(scene, manifest, when) for scene in scenes],
            means=_means(sections),
            manifest=manifest,
            alone=evidence.ledger_alone,
            torn=evidence.torn,
            entries=len(evidence.entries),
            samples=len(evidence.samples),
            began_at=manifest.get("started_at") or (evidence.entries[0].received_at if evidence.entries else 0.0),
            scenes=drawn,
            legend=legend((scene, panel, whole) for scene, _, panel, whole in drawn),
            sections=sections,
            findings=findings,
            unshown=max(0, len(verdict.findings) - FINDINGS_SHOWN),
            proofs=proofs,
            asked=_asked(manifest),
            policies=_policies(manifest["policies"]),
            expectations=_expectations(manifest),
            when=when,
            causes=CAUSES,
            ablation=ablation.stored_table() if _known(manifest) else None,
            asked_of=ablation.asked,
            ablation_title=ablation.TITLE,
        )
    )


@cache
def templates() -> Environment:
    """Return the templates of all pages."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(seconds=seconds, plain=_plain, code=_code)
    return made


def _code(text: str) -> Markup:
    """Return the text as HTML; what stands in backticks is code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped here


def _condition(
    name: str, every: list[Row], evidence: Evidence, proofs: Proofs, when: dict[str, str]
) -> dict[str, Any]:
    """Return what the page says of one condition."""
    rows = sorted((r for r in every if r.condition == name), key=lambda r: CONTROL_FIRST.get(r.role, 2))
    about = evidence.manifest["conditions"][name]
    lines = []
    for line in table.lines(rows, evidence.manifest):
        proof = [
            proofs.add(f"{line.name.partition(' (')[0]}, {name}, {when[row.role]}", cell.seqs)
            for row, cell in zip(rows, line.cells, strict=True)
        ]
        lines.append((line, list(zip(rows, line.cells, line.marks, proof, strict=True))))
    judged = {line.card for line, _ in lines if line.card and name in line.judged}
    shown = judged or UNJUDGED
    return {
        "name": name,
        "about": about.get("about", ""),
        "facts": _facts(about, evidence.manifest),
        "rows": rows,
        "lines": lines,
        "card": [(line, _big(line, cells)) for line, cells in lines if line.card in shown],
        "judged": bool(judged),
        "refusal": refusal(rows),
        "weak": [row.role for row in rows if table.weak(evidence.manifest, name, row.role)],
        "over_time": charts.over_time(evidence, rows),
        "exchanges": charts.exchanges(rows, when),
        "waits": charts.waits(rows, when),
    }


def _facts(about: dict[str, Any], manifest: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what there is to know of a condition's world."""
    world = manifest.get("worlds", {}).get(about.get("world")) or {}
    facts = [("world", about.get("world", "")), ("the server", world.get("summary", ""))]
    skew = about.get("skew_s") or 0.0
    clock = f"{seconds(abs(skew))} {'behind' if skew < 0 else 'ahead'}" if skew else ""
    facts.append(("client's clock", "set such that its token was due" if about.get("clock_set") else clock))
    spans = [
        name for name in ("lifetime", "leeway", "reuse_interval", "latency") if isinstance(world.get(name), float)
    ]
    facts += [(name.replace("_", " "), seconds(world[name])) for name in spans]
    return [(name, text) for name, text in facts if text]


def _finding(finding: Finding, proofs: Proofs, when: dict[str, str]) -> dict[str, Any]:
    """Return a finding, with the group of ledger rows that prove it."""
    title = " ".join(part for part in ("finding", finding.check, finding.condition, finding.role) if part)
    proof = proofs.add(title, finding.rows, most=len(finding.rows)) if finding.value is not Value.PASS else ""
    return {"finding": finding, "proof": proof, "when": when.get(finding.role, "")}


def _gravest(finding: Finding) -> int:
    return [Value.FAIL, Value.UNKNOWN, Value.PASS].index(finding.value)


def _asked(manifest: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what the run was asked for, as far as the manifest says."""
    scenario, run_time = manifest.get("scenario"), manifest.get("run_time_s")
    about = {
        "scenario": f"{scenario['name']}, version {scenario['version']}" if scenario else None,
        "browsers": manifest.get("users"),
        "run time": seconds(run_time) if run_time else None,
        "pages": manifest.get("pages"),
        "requests leave": manifest.get("arrival"),
        "seed": manifest.get("seed"),
    }
    return [(name, str(value)) for name, value in about.items() if value is not None]


def _policies(policies: dict[str, dict[str, Any]]) -> list[tuple[str, list[tuple[str, bool]]]]:
    """Return each knob with its unit, its value for each role, and whether that is another than the first one's."""
    names = list(dict.fromkeys(name for knobs in policies.values() for name in knobs if name != "name"))
    return [(name.replace("_", " "), _settings(name, list(policies.values()))) for name in names]


def _settings(name: str, policies: list[dict[str, Any]]) -> list[tuple[str, bool]]:
    values = [_with_unit(_plain(knobs.get(name, "-")), UNITS.get(name, "")) for knobs in policies]
    return [(value, value != values[0]) for value in values]


def _with_unit(value: str, unit: str) -> str:
    return f"{value} {unit}" if unit and value[0].isdigit() else value


def _expectations(manifest: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return what each role was expected to show in each condition."""
    unsaid = dict.fromkeys(manifest["policies"], SOUND) if manifest.get("ledger_alone") else {}
    return [
        (name, role, {what: want for what, want in wants.items() if want is not None})
        for name, about in manifest["conditions"].items()
        for role, wants in about.get("expects", unsaid).items()
    ]


def _known(manifest: dict[str, Any]) -> bool:
    """Whether the run has one of the clients that the ablation is about, or one with a part of it changed."""
    return any(knobs["name"].partition(":")[0] in POLICIES for knobs in manifest["policies"].values())


def _plain(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)


Shown: TypeAlias = tuple[Row, Cell, table.Mark, str]


def _big(line: table.Line, cells: list[Shown]) -> list[tuple[Shown, str, str]]:
    """Return a card's cells, each with its number and what stands below it."""
    written = []
    for each in cells:
        row, cell, _, _ = each
        n, _, of = cell.text.partition(" of ")
        below = f"of {of}" if of else ""
        if line.card == "exchanges per refresh token":
            below = "none was tried" if n == "-" else "ideal 1.00"
        elif line.card.endswith("s that the app saw") and row.requests:
            below = f"{row.caller_401s.total() / row.requests:.1%} of {row.requests}"
        written.append((each, n, below))
    return written


def _means(sections: list[dict[str, Any]]) -> dict[table.Mark, str]:
    """Return what the marks mean, of those that the page has."""
    used = {mark for section in sections for _, cells in section["lines"] for _, _, mark, _ in cells}
    return {mark: says for mark, says in table.MEANS.items() if mark in used}


def scene_name(scene: incident.Scene, manifest: dict[str, Any], when: dict[str, str]) -> str:
    """Return what a scene is called; of a policy that is expected to show the race there, that too."""
    role = scene.row.role
    named = {"before": "Before the fix", "after": "After the fix"}.get(when[role], "What happened")
    named = "Another policy" if named == "What happened" and "control" in manifest["policies"] else named
    return f"{named}, expected to fail" if table.weak(manifest, scene.row.condition, role) else named


def _showed(verdict: Verdict, manifest: dict[str, Any]) -> str:
    """Say what was expected of each policy and seen, where nothing is wrong."""
    if verdict.value is not Value.PASS or "control" not in manifest["policies"]:
        return ""
    by_policy = []
    for role, knobs in manifest["policies"].items():
        mine = [row for row in verdict.rows if row.role == role]
        raced = [row.condition for row in mine if table.expects_race(manifest, row.condition, role)]
        by_policy.append(f"{knobs['name']} showed " + (f"the race in {listed(raced)}" if raced else "no race"))
    return "; ".join(by_policy)
