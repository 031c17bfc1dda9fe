"""`race401 report RUN`: build a stored run's verdict and page anew."""

import webbrowser
from argparse import ArgumentParser, Namespace
from pathlib import Path

from race401.harness.commands.errors import CommandError
from race401.harness.commands.judge import load
from race401.harness.commands.outputs import keep, keep_beside
from race401.harness.judge import verdict
from race401.harness.reporting import terminal
from race401.harness.reporting.streams import print_line, print_to


def add(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("run", type=Path, help="a run's folder, or a ledger (JSON lines) together with --out")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where the page goes (default: RUN/report.html)")
    parser.add_argument(
        "--picture", type=Path, metavar="FILE.svg", help="draw the incident as a small SVG too, for a page of words"
    )
    parser.add_argument("--open", action="store_true", help="show the page in the browser")


def run(given: Namespace) -> int:
    """Write the page, say where it is and what it says."""
    from race401.harness.reporting import html, incident, picture  # with jinja2: wrong usage should not wait for it
    from race401.harness.reporting.headline import below, headline

    evidence = load(given.run)
    if evidence.ledger_alone and given.out is None:
        raise CommandError(f"{given.run} is a ledger alone and has no folder of its own: say --out FILE")
    result = verdict.judge(evidence)
    page = given.out or given.run / "report.html"
    problem = None if evidence.ledger_alone else keep_beside(given.run / "verdict.json", verdict.to_json(result))
    print_line(terminal.fit(f"{result.value}: {headline(result, evidence.manifest)}\n{below(result)}"))
    if problem is not None:
        print_to(problem)
    keep(page, html.render(result, evidence))
    print_line(f"report: {page}")
    if given.picture is not None:
        scenes = incident.choose(evidence, result.rows)
        if not scenes:
            raise CommandError(f"{given.run} has no incident to draw: no 401 that the app saw, and no refresh")
        keep(given.picture, picture.render(scenes, evidence.manifest))
        print_line(f"picture: {given.picture}")
    if given.open and not webbrowser.open(page.resolve().as_uri()):
        print("no browser could be opened here; open the page yourself")
    return result.exit_code
