"""
The run's table in locust's own outputs: a tab of its web UI, its report, its CSV files.

The traps: locust's page has no hook for a table but `/stats/requests`; its report is written before the workers'
last reports, and not at all after a SIGTERM; and the page's script holds `</body>` as well.
"""

from locust.env import Environment
from locust.html import get_html_report, process_html_filename

import csv
import io
import json
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

from race401.harness.load.tally import COLUMNS

Rows = Callable[[], list[dict[str, Any]]]
TITLE, KEY = "Policies", "policies"


def attach(environment: Environment, rows: Rows) -> None:
    """Add the tab, the table's CSV to download, and its section of the report."""
    from flask import Response, request

    web = environment.web_ui
    assert web is not None
    assert web.app is not None
    base = (environment.parsed_options.web_base_path or "").rstrip("/") if environment.parsed_options else ""
    web.template_args |= {
        "extended_tabs": [{"title": TITLE, "key": KEY}],
        "extended_tables": [
            {"key": KEY, "structure": [{"key": key, "title": title} for key, title in COLUMNS.items()]}
        ],
        "extended_csv_files": [{"href": f"{base}/policies/csv", "title": "Download the policies' CSV"}],
    }

    @web.app.after_request
    def extend(answer: Response) -> Response:
        if request.path == f"{base}/stats/requests" and answer.is_json:
            extended = {**answer.get_json(), "extended_stats": [{"key": KEY, "data": rows()}]}
            answer.set_data(json.dumps(extended))
        elif request.path == f"{base}/stats/report":
            answer.set_data(with_table(answer.get_data(as_text=True), rows()))
        return answer

    @web.app.route(f"{base}/policies/csv")
    @web.auth_required_if_enabled
    def policies() -> Response:
        headers = {"Content-Disposition": "attachment; filename=policies.csv"}
        return Response(as_csv(rows()), mimetype="text/csv", headers=headers)


def write(environment: Environment, rows: list[dict[str, Any]]) -> None:
    """Write `<prefix>_policies.csv` where locust was asked for CSV, and its report again if it was asked for one."""
    given = environment.parsed_options
    assert given is not None
    if given.csv_prefix:
        Path(f"{given.csv_prefix}_policies.csv").write_text(as_csv(rows))
    if given.html_file:
        process_html_filename(given)
        page = get_html_report(environment, show_download_link=False)
        Path(given.html_file).write_text(with_table(page, rows), encoding="utf-8")


def as_csv(rows: list[dict[str, Any]]) -> str:
    """Return the table as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(COLUMNS), lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return text.getvalue()


def with_table(page: str, rows: list[dict[str, Any]]) -> str:
    """Return locust's report with the table at its end."""
    before, body, after = page.rpartition("</body>")  # the last one: the bundled script holds the words as well
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in COLUMNS.values())
    lines = "".join(
        "<tr>" + "".join(f"<td>{escape(str(row[key]))}</td>" for key in COLUMNS) + "</tr>" for row in rows
    )
    style = "font: 14px/1.5 system-ui, sans-serif; padding: 0 24px 32px; overflow-x: auto"
    table = f'<table cellpadding="6" style="text-align: left"><thead><tr>{head}</tr></thead>'
    table += f"<tbody>{lines}</tbody></table>"
    return f'{before}<section id="race401" style="{style}"><h2>{TITLE}</h2>{table}</section>{body}{after}'
