"""Every page that we make, as HTML: name it, and it is built from something small and real."""

from collections.abc import Callable
from pathlib import Path

from actions import ROOT
from diagnosing import diagnosed
from incidents import BUILDERS
from mocks import Mock
from played import played

from race401 import scenarios
from race401.harness.card import scoreboard
from race401.harness.card.record import load
from race401.harness.incident import page as diagnosis
from race401.harness.judge import evidence
from race401.harness.judge.evidence import Evidence
from race401.harness.judge.verdict import judge
from race401.harness.probe import evidence as stored
from race401.harness.probe import page as probe
from race401.harness.probe import scoreboard as behaviours
from race401.harness.probe import servers
from race401.harness.probe.card import Card, Interval, Row
from race401.harness.probe.questions import QUESTIONS
from race401.harness.reporting import html
from race401.mock_api.api import docs

Make = Callable[[Path], str]  # in a folder that it may write to
SAID = ("never", "sometimes", "always", "unknown", "not asked", "no chance")


def report(told: Evidence) -> str:
    """A run's page."""
    return html.render(judge(told), told)


def a_probe(_: Path) -> str:
    """A server of which everything is said that can be said of one."""
    rows = [
        Row(question.name, question.text, SAID[n % len(SAID)], n % 4, 10, 0.1, 0.6, "Do this.", "why it is so")  # type: ignore[arg-type]
        for n, question in enumerate(QUESTIONS)
    ]
    spread = {2: [[2, 1, 2, 9], [1, 1, 1, 1]], 5: [[5, 1, 5, 10]]}
    intervals = [Interval("second use", 10.0, 12.0, True)]
    return probe.render(Card("http://127.0.0.1/token", "oauth", rows, "0.1.0", intervals, spread, {"400 x": 3}))


def the_servers(_: Path) -> str:
    """The servers whose probes are stored."""
    known = servers.load(ROOT / "servers/servers.toml")
    probes = [stored.load(path) for path in sorted((ROOT / "reports/servers").glob("*.json"))]
    return behaviours.page(behaviours.entries(known, probes), ["another: not installed"])


def a_diagnosis(name: str) -> Make:
    """A diagnosis of a file in which this mechanism shows."""
    return lambda folder: diagnosis.render(diagnosed(folder, BUILDERS[name]("planted")), version="0.1.0")


PAGES: dict[str, Make] = {
    "report": lambda _: report(evidence.load(ROOT / "reports/sample")),
    **{
        f"scenario {name}": lambda _, name=name: report(played(name).evidence())  # type: ignore[misc]
        for name in sorted(file.stem for file in Path(scenarios.__file__).parent.glob("[!_]*.py"))
    },
    "a client that fails": lambda _: report(played("burst", subject="pre-fix").evidence()),
    "scoreboard": lambda _: scoreboard.page(
        [load(path) for path in sorted((ROOT / "reports/cards").glob("*.json"))], ["node x.mjs: not installed"]
    ),
    "servers": the_servers,
    "probe": a_probe,
    "diagnosis": a_diagnosis("reuse-revoked"),
    "diagnosis, late": a_diagnosis("late-401"),
    "routes of the mock": lambda _: docs.page(Mock().app.app.openapi()),  # type: ignore[attr-defined]
}
