"""A comparison in a terminal: what differs in how the runs were made, what changed, and one sentence."""

import io
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from race401.harness.judge.checks import Value
from race401.harness.judge.compare import Change, Comparison, Went
from race401.harness.judge.counted import counted
from race401.harness.reporting.console import COLOURS
from race401.harness.reporting.terminal import fitted
from race401.harness.reporting.words import ROLES

WIDTH, WIDEST = 120, 1_000  # columns
STYLES = {Went.WORSE: "bold red", Went.BETTER: "green", Went.CHANGED: "yellow", Went.SAME: ""}


def render(comparison: Comparison, *, width: int = WIDTH, color: bool = False) -> str:
    """Return the text; without colour it is plain, for files and pipes."""
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=color, no_color=not color, highlight=False)
    for difference in comparison.differences:
        console.print(Text(f"differs: {difference}"))
    if comparison.differences:
        console.print()
    changed = [change for change in comparison.changes if change.before != change.now]
    if changed:
        table = _table(changed)
        fits = console.measure(table, options=console.options.update(width=WIDEST)).maximum <= width
        console.print(*([table] if fits else _stacked(changed, width)), sep="\n")
        console.print()
    same = len(comparison.changes) - len(changed)
    console.print(Text(f"{same} of {counted(len(comparison.changes), 'measure')} did not change", "dim"))
    for finding in comparison.findings:
        if finding.value is not Value.PASS and not finding.condition:
            console.print(Text(f"{finding.value}  ", COLOURS[finding.value]).append(finding.sentence, "default"))
    console.print(Text(comparison.sentence, COLOURS[comparison.value]))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _table(changed: list[Change]) -> Table:
    """Return what changed; a condition and role is named once."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for head in ("condition", "measure", "baseline", "now", "", "why"):
        table.add_column(head, no_wrap=True)
    for change, name in zip(changed, _names(changed), strict=True):
        went = Text(change.went, STYLES[change.went])
        table.add_row(*map(Text, (name, change.measure, change.before, change.now)), went, Text(change.why))
    return table


def _stacked(changed: list[Change], width: int) -> list[Text]:
    """Return what changed, a line for each part, where a row is wider than the terminal."""
    lines = []
    for change, name in zip(changed, _names(changed), strict=True):
        if name:
            lines.append(Text(name, "bold"))
        lines.append(Text(f"  {change.measure}  ").append(change.went, STYLES[change.went]))
        for head, text in (("baseline", change.before), ("now", change.now), ("why", change.why)):
            lines += [Text(line) for line in fitted(f"    {head:<8}  {text}", width)] if text else []
    return lines


def _names(changed: list[Change]) -> Iterator[str]:
    """Yield the condition and role of each; nothing where it is that of the one before."""
    named = ""
    for change in changed:
        name = f"{change.condition} {ROLES.get(change.role, change.role)}"
        yield "" if name == named else name
        named = name
