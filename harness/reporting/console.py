"""The verdict in a terminal: a table, before and after side by side, then what is wrong, then one sentence."""

import io
from collections.abc import Iterator
from typing import Any

from rich.console import Console
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
ZERO, PART, HEAD = "dim", "dim", "bold"
GAP = 2  # columns between two of a table
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
    for grid in _tables(verdict.rows, manifest, when, width):
        console.print(grid, no_wrap=True, crop=False)
        console.print()
    for line in _findings(verdict.findings):
        console.print(line, width=width)
    for finding in verdict.findings:
        if finding.check in {"clocks", "memory"} and finding.value is Value.PASS:
            console.print(Text(finding.sentence, PART), width=width)
    console.print(Text(f"{verdict.value}: {headline(verdict, manifest)}", COLOURS[verdict.value]), width=width)
    console.print(Text(below(verdict)), width=width)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _tables(rows: list[Row], manifest: dict[str, Any], when: dict[str, str], width: int) -> list[Text]:
    """Return one table where it fits, else one for each condition, its policies side by side."""
    whole, columns = _table(rows, manifest, [(row.condition, when[row.role]) for row in rows])
    if columns <= width:
        return [whole]
    names = dict.fromkeys(row.condition for row in rows)
    each = {name: [row for row in rows if row.condition == name] for name in names}
    return [_table(mine, manifest, [(when[row.role],) for row in mine], name)[0] for name, mine in each.items()]


def _table(
    rows: list[Row], manifest: dict[str, Any], heads: list[tuple[str, ...]], title: str = ""
) -> tuple[Text, int]:
    """Return the table, its names to the left and its numbers to the right, and how many columns it takes.

    Laid out here: a rich.table measures each cell over and over, which took nine tenths of what a verdict takes.
    """
    lines = [[Text(cell, HEAD) for cell in (title, *words)] for words in [*zip(*heads, strict=True)] or [()]]
    for line in table.lines(rows, manifest):
        name = Text(f"  {line.name}", PART) if line.part else Text(line.name)
        lines.append([name, *(_cell(cell, mark, line) for cell, mark in zip(line.cells, line.marks, strict=True))])
    widths = [max(cell.cell_len for cell in column) for column in zip(*lines, strict=True)]
    laid_out = []
    for name, *cells in lines:
        parts: list[Text | str] = [name, " " * (widths[0] - name.cell_len)]
        for cell, wide in zip(cells, widths[1:], strict=True):
            parts += [" " * (GAP + wide - cell.cell_len), cell]
        laid_out.append(Text.assemble(*parts))
    return Text("\n").join(laid_out), sum(wide + GAP for wide in widths)


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
