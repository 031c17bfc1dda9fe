"""
The table, before and after side by side: each check's lines, with a cell for each row, for every report.

A cell is marked where it has what no sound client shows in that condition: as the race where it was expected or
nobody asked, as bad where it was not expected.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from race401.harness.judge.check import NONE, SOME, Cell, Check, Figure, Section, expected_word, key_of, sound
from race401.harness.judge.checks import CHECKS
from race401.harness.judge.row import Row
from race401.harness.reporting.words import CAUSES

Mark: TypeAlias = Literal["", "race", "bad"]
MEANS: dict[Mark, str] = {"race": "the race, as expected or not judged", "bad": "not expected"}
KEYS = {key_of(name): check for name, check in CHECKS.items()}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table; a part belongs to the line above it."""

    name: str
    cells: list[Cell]
    marks: list[Mark]
    part: bool = False
    means: str = ""
    card: str = ""  # its name on a card; empty: it is on none
    judged: frozenset[str] = field(default_factory=frozenset)  # the conditions that expect something here


def lines(rows: list[Row], manifest: Mapping[str, Any]) -> list[Line]:
    """Return the table's lines, by section and there in the checks' order, with a cell for each of the rows."""
    return [
        _line(figure, KEYS[figure.held_to] if figure.held_to else check, rows, manifest)
        for section in get_args(Section)
        for check in CHECKS.values()
        if check.section == section
        for figure in check.figures(rows)
    ]


def weak(manifest: Mapping[str, Any], condition: str, role: str) -> bool:
    """Whether a role that is no control is expected to show what a sound client does not show there."""
    return role != "control" and expects_race(manifest, condition, role)


def expects_race(manifest: Mapping[str, Any], condition: str, role: str) -> bool:
    """Whether a role is expected to show what a sound client does not show there."""
    return any(
        expected_word(manifest, condition, role, check.key, check.words) in SOME
        and sound(manifest, condition, check.key, check.words) in NONE
        for check in CHECKS.values()
        if check.words is not None
    )


def _line(figure: Figure, check: Check, rows: list[Row], manifest: Mapping[str, Any]) -> Line:
    means = figure.means or (CAUSES.get(figure.name, "") if figure.part else "")
    cells = [figure.cell(row) for row in rows]
    marks: list[Mark] = [mark(cell, check, row, manifest) for cell, row in zip(cells, rows, strict=True)]
    return Line(figure.name, cells, marks, figure.part, means, figure.card, frozenset(_judged(check, rows, manifest)))


def mark(cell: Cell, check: Check, row: Row, manifest: Mapping[str, Any]) -> Mark:
    """Return the mark of a check's cell, by what was expected there."""
    if not cell.bad or check.words is None:
        return ""
    if expected_word(manifest, row.condition, row.role, check.key, check.words) in NONE:
        return "bad"
    return "race" if sound(manifest, row.condition, check.key, check.words) in NONE else ""


def _judged(check: Check, rows: list[Row], manifest: Mapping[str, Any]) -> Iterator[str]:
    for row in rows:
        if check.words is not None:
            word = expected_word(manifest, row.condition, row.role, check.key, check.words)
            if word in NONE | SOME:
                yield row.condition
