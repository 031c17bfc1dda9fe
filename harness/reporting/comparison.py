"""A comparison in a terminal: what differs in how the runs were made, what changed, and one sentence."""

import io

from rich.console import Console
from rich.table import Table
from rich.text import Text

from race401.harness.judge.checks import Value
from race401.harness.judge.compare import JUDGED, Change, Comparison, Went
from race401.harness.reporting.console import COLOURS
from race401.harness.reporting.words import ROLES

WIDTH = 120  # columns: a line holds both runs and the reason
STYLES = {Went.WORSE: "bold red", Went.BETTER: "green", Went.CHANGED: "yellow", Went.SAME: ""}


def render(comparison: Comparison, *, width: int = WIDTH, color: bool = False) -> str:
    """Return the text; without colour it is plain, for files and pipes."""
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=color, no_color=not color, highlight=False)
    for difference in comparison.differences:
        console.print(Text(f"differs: {difference}"))
    if comparison.differences:
        console.print()
    console.print(_table(comparison.changes))
    console.print()
    for finding in comparison.findings:
        if finding.value is not Value.PASS and not finding.condition:
            console.print(Text(f"{finding.value}  ", COLOURS[finding.value]).append(finding.sentence, "default"))
    console.print(Text(comparison.sentence, COLOURS[comparison.value]))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _table(changes: list[Change]) -> Table:
    """Return what was judged, and of the control what changed; a condition and role is named once."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for head in ("condition", "measure", "baseline", "now", "", "why"):
        table.add_column(head, no_wrap=head in {"measure", ""})
    named = ""
    for change in changes:
        if change.role != JUDGED and change.before == change.now:
            continue
        name = f"{change.condition} {ROLES.get(change.role, change.role)}"
        went = Text("" if change.went is Went.SAME else change.went, STYLES[change.went])
        cells = ("" if name == named else name, change.measure, change.before, change.now)
        table.add_row(*map(Text, cells), went, Text(change.why))
        named = name
    return table
