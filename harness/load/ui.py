"""
The run's tables in locust's own outputs: a tab of its web UI, its report, its CSV files; and the verdict on each tab.

The traps: locust's page has no hook for anything but tables that it sorts itself, and looks no more once a run ends;
its report is written before the workers' last reports, and not at all after a SIGTERM; and the page's script holds
`</body>` as well.
"""

from locust.env import Environment
from locust.html import get_html_report, process_html_filename
from locust.runners import STATE_CLEANUP, STATE_RUNNING, STATE_STOPPING
from locust.web import WebUI

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from race401.harness.judge.check import Cell
from race401.harness.judge.checks import CHECKS
from race401.harness.judge.row import Row
from race401.harness.load.judged_run import JudgedRun
from race401.harness.load.tally import COLUMNS
from race401.harness.reporting import live
from race401.harness.reporting.live import Live
from race401.harness.reporting.table import Line, Mark, mark

Current = Callable[[], JudgedRun | None]
TITLE, KEY = "Policies", "policies"
ENDING = {STATE_CLEANUP, STATE_STOPPING}
PARTS = {"rate", "per_generation"}  # of the column before
IDEAL = "1.00"  # exchanges of a refresh token
HELD_TO = {"app_401s": "caller-401s", "sessions_lost": "sessions-lost", "per_generation": "exchanges-per-generation"}


def attach(environment: Environment, current: Current) -> None:
    """Add the tab, the verdict, the table's CSV to download, and its section of the report."""
    web = environment.web_ui
    assert web is not None
    base = (environment.parsed_options.web_base_path or "").rstrip("/") if environment.parsed_options else ""
    web.template_args |= {
        "extended_tabs": [{"title": TITLE, "key": KEY}],
        "extended_csv_files": [{"href": f"{base}/policies/csv", "title": "Download the policies' CSV"}],
    }

    _extend(web, base, current)
    _serve(web, base, current)


def _extend(web: WebUI, base: str, current: Current) -> None:
    """Add to what locust answers."""
    from flask import Response, request

    assert web.app is not None

    @web.app.after_request
    def extend(answer: Response) -> Response:
        if request.path == f"{base}/stats/requests" and answer.is_json:
            told = answer.get_json()
            if told["state"] in ENDING:  # at anything but `running` the page looks no more, and shows no end
                answer.set_data(json.dumps({**told, "state": STATE_RUNNING}))
        elif request.path == f"{base}/stats/report":
            answer.set_data(with_tables(answer.get_data(as_text=True), current()))
        elif request.path == f"{base}/" and answer.mimetype == "text/html":
            answer.set_data(_before_end(answer.get_data(as_text=True), live.head(alone=False)))
        return answer


def _serve(web: WebUI, base: str, current: Current) -> None:
    """Answer for what is ours."""
    from flask import Response, jsonify, send_file

    assert web.app is not None

    @web.app.route(f"{base}/policies")
    @web.auth_required_if_enabled
    def policies() -> Response:
        run = current()
        if run is None:
            return jsonify({"verdict": "", "tables": ""})
        shown = shown_of(run, f"policies/{run.record.run}/report.html")
        return jsonify({"verdict": live.verdict_bar(shown), "tables": live.tables(shown)})

    @web.app.route(f"{base}/policies/<run>/report.html")
    @web.auth_required_if_enabled
    def report(run: str) -> Response:
        mine = current()
        if mine is None or mine.record.run != run or mine.outcome is None or mine.outcome.report is None:
            return Response("There is no such report.", 404, mimetype="text/plain")
        return send_file(mine.outcome.report.resolve())

    @web.app.route(f"{base}/policies/csv")
    @web.auth_required_if_enabled
    def table() -> Response:
        headers = {"Content-Disposition": "attachment; filename=policies.csv"}
        return Response(as_csv(current()), mimetype="text/csv", headers=headers)


def write(environment: Environment, run: JudgedRun) -> None:
    """Write `<prefix>_policies.csv` where locust was asked for CSV, and its report again if it was asked for one."""
    given = environment.parsed_options
    assert given is not None
    if given.csv_prefix:
        Path(f"{given.csv_prefix}_policies.csv").write_text(as_csv(run))
    if given.html_file:
        process_html_filename(given)
        page = get_html_report(environment, show_download_link=False)
        Path(given.html_file).write_text(with_tables(page, run), encoding="utf-8")


def as_csv(run: JudgedRun | None) -> str:
    """Return the table as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(COLUMNS), lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(run.tally.rows() if run is not None else [])
    return text.getvalue()


def with_tables(page: str, run: JudgedRun | None) -> str:
    """Return locust's report with the verdict and the tables at its end."""
    if run is None:
        return page
    shown = shown_of(run, None)
    return _before_end(page, live.head(alone=True) + live.verdict_bar(shown) + live.tables(shown))


def shown_of(run: JudgedRun, report: str | None) -> Live:
    """Return the run as a page shows it: the tables are the judge's once there is a verdict."""
    outcome, manifest = run.outcome, run.manifest
    if outcome is None or outcome.verdict is None:
        return Live(manifest, so_far(run), ended=not run.is_under_way)
    tables = live.judged(outcome.verdict, manifest)
    return Live(manifest, tables, ended=True, verdict=outcome.verdict, report=report if outcome.report else None)


def so_far(run: JudgedRun) -> dict[str, list[Line]]:
    """Return what is counted so far, by condition."""
    rows = dict(zip(run.tally.names, run.tally.rows(), strict=True))
    columns = [key for key in COLUMNS if key != "name"]
    tables: dict[str, list[Line]] = {}
    for name in run.manifest["conditions"]:
        mine = [(Row(*key, ""), row) for key, row in rows.items() if key[0] == name]
        tables[name] = [_line(key, mine, run.manifest) for key in columns]
    return tables


def _line(key: str, rows: list[tuple[Row, dict[str, Any]]], manifest: dict[str, Any]) -> Line:
    cells = [Cell(str(row[key]), row[key] not in {0, "-", IDEAL}) for _, row in rows]
    marks: list[Mark] = [""] * len(cells)
    if key in HELD_TO:
        check = CHECKS[HELD_TO[key]]
        marks = [mark(cell, check, row, manifest) for cell, (row, _) in zip(cells, rows, strict=True)]
    return Line(COLUMNS[key], cells, marks, part=key in PARTS)


def _before_end(page: str, what: str) -> str:
    before, body, after = page.rpartition("</body>")  # the last one: the bundled script holds the words as well
    return f"{before}{what}{body}{after}"
