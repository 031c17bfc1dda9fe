"""The verdict in a terminal: one table, before and after side by side, then what is wrong, then one sentence."""

import io
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from race401.harness.judge.checks import Value
from race401.harness.judge.measure import Row
from race401.harness.judge.verdict import Verdict

WIDTH = 100  # columns
COLOURS = {Value.PASS: "bold green", Value.FAIL: "bold red", Value.UNKNOWN: "bold yellow"}
ROLES = {"control": "before", "subject": "after"}


def render(verdict: Verdict, manifest: dict[str, Any], *, width: int = WIDTH, color: bool = False) -> str:
    """Return the text; without colour it is plain, for files and pipes."""
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=color, no_color=not color, highlight=False)
    if not manifest.get("finished"):
        console.print(
            Text(f"unfinished: {manifest.get('unfinished_because') or 'the run did not end'}", "bold yellow")
        )
    policies = {ROLES.get(row.role, row.role): row.policy for row in verdict.rows}
    console.print(", ".join(f"{when} = {policy}" for when, policy in policies.items()) + "\n")
    console.print(_table(verdict.rows))
    console.print()
    for finding in verdict.findings:
        if finding.value is not Value.PASS:
            where = " ".join(part for part in (finding.condition, finding.check) if part)
            proof = f" (ledger {', '.join(f'#{seq}' for seq in finding.rows[:5])})" if finding.rows else ""
            line = Text(f"{finding.value}  ", COLOURS[finding.value])
            console.print(line.append(f"{where}: {finding.sentence}{proof}", "default"))
    console.print(Text(verdict.sentence, COLOURS[verdict.value]))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _table(rows: list[Row]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("", no_wrap=True)
    for row in rows:
        table.add_column(f"{row.condition}\n{ROLES.get(row.role, row.role)}", justify="right", no_wrap=True)
    for name, cells in _lines(rows):
        table.add_row(name, *cells)
    return table


def _lines(rows: list[Row]) -> list[tuple[str, list[str]]]:
    causes = sorted({cause for row in rows for cause in row.wire_401s})
    return [
        ("requests of the app", [f"{row.requests}" for row in rows]),
        ("401s that the app saw", [_count(row.caller_401s.total()) for row in rows]),
        ("  as a rate", [_rate(row.caller_401s.total(), row.requests) for row in rows]),
        ("401s on the wire", [_count(row.wire_401s.total()) for row in rows]),
        *[(f"  {cause}", [_count(row.wire_401s[cause]) for row in rows]) for cause in causes],
        ("  as a rate", [_rate(row.wire_401s.total(), row.sends) for row in rows]),
        ("the incident's signature", [_count(row.signatures.total()) for row in rows]),
        ("sessions lost", [f"{row.sessions_lost} of {row.sessions}" for row in rows]),
        ("exchanges", [_count(row.exchanges) for row in rows]),
        ("  per generation (ideal 1.00)", [_ratio(row.exchanges_per_generation) for row in rows]),
        ("store reads per request", [_ratio(row.store_reads / row.sampled if row.sampled else None) for row in rows]),
    ]


def _count(n: int) -> str:
    return str(n)


def _rate(n: int, of: int) -> str:
    return f"{n / of:.1%}" if of else "-"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
