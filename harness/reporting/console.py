"""The verdict in a terminal: a table, before and after side by side, then what is wrong, then one sentence."""

import io
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from race401.harness.judge.check import Cell
from race401.harness.judge.checks import Finding, Value
from race401.harness.judge.row import Row
from race401.harness.judge.verdict import Verdict
from race401.harness.reporting import table
from race401.harness.reporting.headline import below, headline
from race401.harness.reporting.words import called

WIDTH, WIDEST = 100, 1_000  # columns
COLOURS = {Value.PASS: "bold green", Value.FAIL: "bold red", Value.UNKNOWN: "bold yellow"}
MARKS: dict[table.Mark, str] = {"race": "yellow", "bad": "bold red"}
ZERO, PART = "dim", "dim"
PROOF = 5  # ledger rows that a line names


def render(verdict: Verdict, manifest: dict[str, Any], *, width: int = WIDTH, color: bool = False) -> str:
    """Return the text; where the table is wider than that, a table for each condition. Plain without colour."""
    out, when = io.StringIO(), called(manifest["policies"])
    console = Console(file=out, width=WIDEST, force_terminal=color, no_color=not color, highlight=False)
    if not manifest.get("finished"):
        why = manifest.get("unfinished_because") or "the run did not end"
        console.print(Text(f"unfinished: {why}", COLOURS[Value.UNKNOWN]), width=width)
    policies = {when[row.role]: row.policy for row in verdict.rows}
    if legend := ", ".join(f"{role} = {policy}" for role, policy in policies.items() if role != policy):
        console.print(legend + "\n")
    for grid in _tables(verdict.rows, manifest, when, lambda table: console.measure(table).maximum <= width):
        console.print(grid, width=max(width, console.measure(grid).maximum))
        console.print()
    for line in _findings(verdict.findings):
        console.print(line, width=width)
    for finding in verdict.findings:
        if finding.check in {"clocks", "memory"} and finding.value is Value.PASS:
            console.print(Text(finding.sentence, PART), width=width)
    console.print(Text(f"{verdict.value}: {headline(verdict, manifest)}", COLOURS[verdict.value]), width=width)
    console.print(Text(below(verdict)), width=width)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _tables(
    rows: list[Row], manifest: dict[str, Any], when: dict[str, str], fits: Callable[[Table], bool]
) -> list[Table]:
    """Return one table where it fits, else one for each condition, its policies side by side."""
    whole = _table(rows, manifest, [f"{row.condition}\n{when[row.role]}" for row in rows])
    if fits(whole):
        return [whole]
    names = dict.fromkeys(row.condition for row in rows)
    each = {name: [row for row in rows if row.condition == name] for name in names}
    return [_table(mine, manifest, [when[row.role] for row in mine], name) for name, mine in each.items()]


def _table(rows: list[Row], manifest: dict[str, Any], heads: list[str], title: str = "") -> Table:
    grid = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    grid.add_column(title, no_wrap=True)
    for head in heads:
        grid.add_column(head, justify="right", no_wrap=True)
    for line in table.lines(rows, manifest):
        name = Text(f"  {line.name}", PART) if line.part else Text(line.name)
        grid.add_row(name, *(_cell(cell, mark, line) for cell, mark in zip(line.cells, line.marks, strict=True)))
    return grid


def _cell(cell: Cell, mark: table.Mark, line: table.Line) -> Text:
    nothing = cell.text in {"0", "0.0%", "-"} or cell.text.startswith("0 of ")
    return Text(cell.text, MARKS[mark] if mark else ZERO if nothing or line.part else "")


def _findings(findings: list[Finding]) -> Iterator[Text]:
    """Yield what is wrong: what is proven first, under its condition, with the ledger rows that prove it."""
    for value in (Value.FAIL, Value.UNKNOWN):
        for finding in findings:
            if finding.value is value:
                where = " ".join(part for part in (finding.condition, finding.check) if part)
                line = Text(f"{value:<7}  ", COLOURS[value]).append(where, "bold").append(f": {finding.sentence}", "")
                if finding.rows:
                    more = f" and {len(finding.rows) - PROOF} more" if len(finding.rows) > PROOF else ""
                    proof = ", ".join(f"#{seq}" for seq in finding.rows[:PROOF])
                    line.append(f" (ledger {proof}{more})", "dim")
                yield line
