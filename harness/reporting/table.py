"""The table, before and after side by side: the numbers of a verdict's rows, in words, for every report."""

from collections.abc import Callable
from dataclasses import dataclass, field

from race401.harness.judge.measure import Row
from race401.harness.reporting.words import CAUSES, seconds


@dataclass(frozen=True, slots=True)
class Cell:
    """One number: how it is written, whether it is what the race does, and the ledger rows behind it."""

    text: str
    bad: bool = False
    seqs: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table; a part belongs to the line above it."""

    name: str
    cells: list[Cell]
    part: bool = False
    means: str = ""


def lines(rows: list[Row]) -> list[Line]:
    """Return the table's lines, with a cell for each of the rows."""
    told = [*_app(rows), *_wire(rows), *_sessions(rows), *_exchanges(rows), *_cost(rows)]
    return [Line(name, [cell(row) for row in rows], part, means) for name, cell, part, means in told]


Told = tuple[str, Callable[[Row], Cell], bool, str]


def _app(rows: list[Row]) -> list[Told]:  # noqa: ARG001 - as the others
    return [
        ("requests of the app", lambda r: Cell(f"{r.requests}"), False, ""),
        ("401s that the app saw", lambda r: _count(r.caller_401s.total(), r.caller_401_seqs), False, ""),
        ("as a rate", lambda r: Cell(_rate(r.caller_401s.total(), r.requests)), True, ""),
    ]


def _wire(rows: list[Row]) -> list[Told]:
    def by(cause: str) -> Callable[[Row], Cell]:
        return lambda r: Cell(f"{r.wire_401s[cause]}")

    causes = sorted({cause for row in rows for cause in row.wire_401s})
    return [
        ("401s on the wire", lambda r: Cell(f"{r.wire_401s.total()}", seqs=r.wire_401_seqs), False, ""),
        *((cause, by(cause), True, CAUSES.get(cause, "")) for cause in causes),
        ("as a rate", lambda r: Cell(_rate(r.wire_401s.total(), r.sends)), True, ""),
        ("the incident's signature", lambda r: _count(r.signatures.total(), r.signature_seqs), False, ""),
    ]


def _sessions(rows: list[Row]) -> list[Told]:
    told: list[Told] = [("sessions lost", lost, False, "")]
    if any(row.after_sign_out_seqs for row in rows):
        told.append(
            ("sent after sign-out", lambda r: _count(len(r.after_sign_out_seqs), r.after_sign_out_seqs), False, "")
        )
    return told


def lost(row: Row) -> Cell:
    """Return how many sessions were lost, of how many."""
    return Cell(f"{row.sessions_lost} of {row.sessions}", row.sessions_lost > 0, row.lost_seqs)


def per_generation(row: Row) -> Cell:
    """Return how often one refresh token was exchanged, on average."""
    ratio = row.exchanges_per_generation
    return Cell("-" if ratio is None else f"{ratio:.2f}", bool(row.repeated_seqs), row.repeated_seqs)


def _exchanges(rows: list[Row]) -> list[Told]:  # noqa: ARG001 - as the others
    return [
        ("exchanges", lambda r: Cell(f"{r.exchanges}", seqs=r.exchange_seqs), False, ""),
        (
            "needed",
            lambda r: Cell(_least_to_most(r.ideal_exchanges)),
            True,
            "by lifetimes, margins and the run's length",
        ),
        ("per generation (ideal 1.00)", per_generation, True, ""),
    ]


def _cost(rows: list[Row]) -> list[Told]:
    def reads(r: Row) -> Cell:
        return Cell(f"{r.store_reads / r.sampled:.2f}" if r.sampled else "-")

    told: list[Told] = [("store reads per request", reads, False, "")]
    if any(row.waits.get("without") is not None for row in rows):
        told.append(
            ("median wait", lambda r: _span(r.waits.get("without")), False, "from the intended start to the answer")
        )
        told.append(("in a page with a refresh", lambda r: _span(r.waits.get("with_refresh")), True, ""))
    return told


def _count(n: int, seqs: list[int]) -> Cell:
    return Cell(f"{n}", n > 0, seqs)


def _rate(n: int, of: int) -> str:
    return f"{n / of:.1%}" if of else "-"


def _least_to_most(ideal: list[int] | None) -> str:
    if ideal is None:
        return "-"
    least, most = ideal
    return f"{least}" if least == most else f"{least} to {most}"


def _span(s: float | None) -> Cell:
    return Cell("-" if s is None else seconds(s))
