"""
What a check is: what it counts, what may be expected of it, what it finds, and its lines of the table.

A whole check, for example. It counts the entries that `head_requests` yields, holds their number against a condition
that expects `head_requests="none"` or `"some"`, and has a line in every report::

    def head_requests(cohort: Cohort) -> Iterator[Entry]:
        \"\"\"A HEAD, where the page sends none.\"\"\"
        return (entry for entry in cohort.api if entry.method == "HEAD")

    def sentence(row: Row, seqs: list[int]) -> str:
        return f"{len(seqs)} of {row.sends} requests were a HEAD"

    HEAD_REQUESTS = counting("head-requests", head_requests, sentence, section="wire")

Once it stands in `checks.CHECKS`, `race401 judge --checks` describes it, an `Expectation` and the fixtures' `judge`
take its word, and the table shows it. One that counts otherwise gives its parts itself, as most in `checks/` do.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from race401.harness.judge.cohort import Cohort
from race401.harness.judge.evidence import Evidence
from race401.harness.judge.findings import SEQS_NAMED, Finding, Value
from race401.harness.judge.row import Row
from race401.ledger.entry import Entry

Section: TypeAlias = Literal["app", "wire", "sessions", "exchanges", "generations", "cost"]
"""Of the table, from its top down."""
NONE, SOME = frozenset({"none", "one", "ideal"}), frozenset({"some", "several"})
"""The words by which a condition says that it should not be, or should. `any` and no word at all leave it open."""


@dataclass(frozen=True, slots=True)
class Words:
    """How a condition says what it expects of a check."""

    known: tuple[str, ...] = ("none", "some", "any")
    default: str | None = None  # of an `Expectation`; None: it says nothing, and the check's count is a cost
    unsaid: str | None = None  # what a stored condition means that says nothing
    ledger_alone: str | None = "any"  # what a sound client's ledger is held to; None: a ledger alone can't tell


OPEN = Words()


@dataclass(frozen=True, slots=True)
class Cell:
    """One number: how it is written, whether it is what the race does, and the ledger rows behind it."""

    text: str
    bad: bool = False
    seqs: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: a cell for each row. A part belongs to the line above it."""

    name: str
    cell: Callable[[Row], Cell]
    part: bool = False
    means: str = ""
    card: str = ""  # its name on a condition's card, where this is judged; empty: it is not there
    held_to: str = ""  # whose expectation says whether it may be, by the key; empty: its own check's


@dataclass(frozen=True, slots=True)
class Brief:
    """What the sentence of a PASS says a role showed: `3 sessions lost`."""

    n: Callable[[Row], int]
    noun: str
    rest: str = ""


def _no_figures(_: list[Row]) -> Iterable[Figure]:
    return ()


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a run is held against. `finds` is a pure function; its docstring says what it finds."""

    name: str
    finds: Callable[[Evidence, list[Row]], Iterable[Finding]]
    count: Callable[[Cohort, Row], None] | None = None  # into fields of the row
    words: Words | None = None  # None: nothing can be expected of it
    section: Section | None = None  # of the table; None: it has no line there
    figures: Callable[[list[Row]], Iterable[Figure]] = _no_figures
    brief: Brief | None = None
    by_clock: bool = False  # what it expects depends on what time the client thinks it is
    by_order: bool = False  # what it finds depends on what came before what, or how long after it

    @property
    def key(self) -> str:
        """The name as an expectation and a row's field have it."""
        return key_of(self.name)

    @property
    def about(self) -> str:
        """What it finds, in a line or a few."""
        return str(self.finds.__doc__).strip()


def key_of(name: str) -> str:
    """Return a check's name as an expectation has it."""
    return name.replace("-", "_")


def expected(evidence: Evidence, rows: list[Row], key: str, words: Words) -> Iterator[tuple[Row, str | None]]:
    """Yield each row with the word that its condition says to its role; None: none."""
    for row in rows:
        yield row, expected_word(evidence.manifest, row.condition, row.role, key, words)


def expected_word(manifest: Mapping[str, Any], condition: str, role: str, key: str, words: Words) -> str | None:
    """Return the word that a condition says to a role of one check, by its key; None: none."""
    about = manifest["conditions"][condition]
    if manifest.get("ledger_alone") and "expects" not in about:
        return words.ledger_alone
    word: str | None = about.get("expects", {}).get(role, {}).get(key, words.unsaid)
    return word


def sound(manifest: Mapping[str, Any], condition: str, key: str, words: Words) -> str | None:
    """Return the word that holds of a sound client there; None: none."""
    about = manifest["conditions"][condition]
    if "sound" not in about:
        return expected_word(manifest, condition, "subject", key, words)
    word: str | None = about["sound"].get(key, words.unsaid)
    return word


def judged(
    check: str, row: Row, want: str | None, n: int, sentence: str, seqs: list[int], should: str = "none"
) -> Finding:
    """Hold a count against NONE or SOME; where neither is wanted it is a cost. `should` says what NONE means."""
    value = Value.PASS
    if want in NONE and n:
        value = Value.FAIL
        sentence += f"; expected {should}"
    elif want in SOME and not n:
        value = Value.UNKNOWN
        sentence += ": the race did not show"
    return Finding(check, value, f"{row.policy}: {sentence}", row.condition, row.role, seqs[:SEQS_NAMED])


def counting(
    name: str,
    entries: Callable[[Cohort], Iterable[Entry]],
    sentence: Callable[[Row, list[int]], str],
    *,
    section: Section | None = None,
    words: Words = OPEN,
    line: str = "",
    brief: tuple[str, str] | None = None,
    seqs: str = "",
    always: bool = True,
    by_clock: bool = False,
    by_order: bool = False,
) -> Check:
    """
    Return a check whose count is a number of ledger entries, which are its proof.

    `entries` yields them, and its docstring says what they are; `sentence` says their number. `line` is its name in
    the table's `section` (the check's name, unless given); one that is not there `always` comes with the first row
    that has some. `brief`: the noun, and what follows it, in the sentence of a PASS. `seqs`: the row's field.
    """
    where = seqs or f"{key_of(name)}_seqs"

    def seqs_of(row: Row) -> list[int]:
        found: list[int] = getattr(row, where)
        return found

    def count(cohort: Cohort, row: Row) -> None:
        setattr(row, where, [entry.seq for entry in entries(cohort)])

    def finds(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
        for row, want in expected(evidence, rows, key_of(name), words):
            yield judged(name, row, want, len(seqs_of(row)), sentence(row, seqs_of(row)), seqs_of(row))

    def figures(rows: list[Row]) -> Iterable[Figure]:
        if always or any(seqs_of(row) for row in rows):
            yield Figure(line or name, lambda row: number(len(seqs_of(row)), seqs_of(row)), card=line or name)

    finds.__doc__ = entries.__doc__
    shown = None if brief is None else Brief(lambda row: len(seqs_of(row)), *brief)
    return Check(name, finds, count, words, section, figures, shown, by_clock, by_order)


def number(n: int, seqs: list[int]) -> Cell:
    """Return the cell of a count that should be 0."""
    return Cell(f"{n}", n > 0, seqs)


def rate(n: int, among: int) -> str:
    """Return a share as the table has it."""
    return f"{n / among:.1%}" if among else "-"


def by_cause(causes: Counter[str], template: str = "{n} {cause}", between: str = ", ") -> str:
    """Return counts of causes, the most common first."""
    return between.join(template.format(n=n, cause=named(cause)) for cause, n in causes.most_common())


def named(cause: str) -> str:
    """Return a cause, or several, as people read it: an answer need not give one."""
    return cause.replace("?", "no reason given")
