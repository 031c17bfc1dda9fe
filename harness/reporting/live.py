"""
A run in a page that is not ours, as locust's: its tables while it lasts and when it is judged, and the verdict.

The page's script, `templates/live.js`, asks for them again and again and puts them where they belong.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from race401.harness.judge.verdict import Verdict
from race401.harness.reporting.headline import below, headline
from race401.harness.reporting.html import templates
from race401.harness.reporting.table import Line, lines
from race401.harness.reporting.words import called


@dataclass(frozen=True, slots=True)
class Live:
    """A run as it stands. `tables`: by condition, the lines of its policies, the control's first."""

    manifest: Mapping[str, Any]
    tables: Mapping[str, Sequence[Line]]
    ended: bool
    verdict: Verdict | None = None
    report: str | None = None  # where the page leads to; None: there is none


def judged(verdict: Verdict, manifest: Mapping[str, Any]) -> dict[str, list[Line]]:
    """Return the judge's tables, by condition."""
    return {
        name: lines([row for row in verdict.rows if row.condition == name], manifest)
        for name in manifest["conditions"]
    }


def head(*, alone: bool) -> Markup:
    """Return what such a page needs: the style; and unless the tables stand there for good, the script."""
    return Markup(templates().get_template("live.html").render(part="head", alone=alone))  # noqa: S704 - our own


def verdict_bar(run: Live) -> Markup:
    """Return the verdict in one line, and the way to the report; nothing before there is one."""
    if run.verdict is None:
        return Markup()
    return _part(
        "verdict",
        verdict=run.verdict,
        headline=headline(run.verdict, run.manifest),
        report=run.report,
    )


def tables(run: Live) -> Markup:
    """Return the tables, and what they are: so far, or the judge's."""
    policies = run.manifest["policies"]
    when = called(policies)
    heads = [(role, when[role], knobs["name"]) for role, knobs in policies.items()]
    sentence = below(run.verdict) if run.verdict is not None else ""
    return _part("tables", run=run, heads=heads, sentence=sentence)


def _part(part: str, **what: Any) -> Markup:
    return Markup(templates().get_template("live.html").render(part=part, **what))  # noqa: S704 - escaped there
