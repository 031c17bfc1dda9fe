"""The table, before and after side by side: each check's lines, with a cell for each row, for every report."""

from dataclasses import dataclass
from typing import get_args

from race401.harness.judge.check import Cell, Figure, Section
from race401.harness.judge.checks import CHECKS
from race401.harness.judge.row import Row
from race401.harness.reporting.words import CAUSES


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table; a part belongs to the line above it."""

    name: str
    cells: list[Cell]
    part: bool = False
    means: str = ""


def lines(rows: list[Row]) -> list[Line]:
    """Return the table's lines, by section and there in the checks' order, with a cell for each of the rows."""
    return [
        _line(figure, rows)
        for section in get_args(Section)
        for check in CHECKS.values()
        if check.section == section
        for figure in check.figures(rows)
    ]


def _line(figure: Figure, rows: list[Row]) -> Line:
    means = figure.means or (CAUSES.get(figure.name, "") if figure.part else "")
    return Line(figure.name, [figure.cell(row) for row in rows], figure.part, means)
