"""A table where the terminal is wide enough for it; else a block for each row, a line for each of its cells."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

WIDEST, LEAST = 1_000, 20  # columns: of a table, and of a text beside its name


def show(head: Sequence[str], rows: Mapping[str, Sequence[str]], *, width: int, color: bool) -> None:
    """Print it. A row's name is its key, below the first of the heads."""
    first, *heads = head
    console = Console(width=width, highlight=False, no_color=not color)
    table = Table(Column(first, no_wrap=True), *heads)
    for name, row in rows.items():
        table.add_row(name, *row)
    if console.measure(table, options=console.options.update(width=WIDEST)).maximum <= width:
        console.print(table)
        return
    for name, row in rows.items():
        console.print(Text(name, "bold"), *map(Text, _block(heads, row, width)), sep="\n")


def _block(heads: Sequence[str], cells: Sequence[str], width: int) -> Iterator[str]:
    indent = max(map(len, heads)) + 4
    for head, text in zip(heads, cells, strict=True):
        lines = textwrap.wrap(text, max(width - indent, LEAST), break_on_hyphens=False) or [""]
        yield f"  {head:<{indent - 4}}  {lines[0]}".rstrip()
        yield from (f"{'':<{indent}}{line}" for line in lines[1:])
