"""A verdict and a comparison as Markdown: for a job's summary, and for a comment on a pull request."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from race401.harness.judge.checks import Finding, Value
from race401.harness.judge.compare import Change, Comparison, Went
from race401.harness.judge.row import Row, refusal
from race401.harness.judge.verdict import Verdict
from race401.harness.reporting.headline import below, headline

MARKS = {Value.PASS: "✅", Value.FAIL: "❌", Value.UNKNOWN: "❔"}
ROWS_SHOWN = 5  # ledger entries that a line names


def verdict(result: Verdict, manifest: Mapping[str, Any]) -> str:
    """Return the verdict: the headline, one sentence, the table, and what is not a PASS."""
    noun = refusal(result.rows)
    heads = ["condition", "policy", "requests", f"{noun}s the app saw", f"{noun}s on the wire", "sessions lost"]
    heads += ["exchanges", "per refresh token"]
    return "\n".join(
        [
            f"### race401: {MARKS[result.value]} {result.value}",
            "",
            _cell(headline(result, manifest)),
            "",
            _cell(below(result)),
            "",
            *_table(heads, map(_row, result.rows)),
            "",
            *_findings(result.findings),
        ]
    )


def comparison(result: Comparison) -> str:
    """Return the comparison: one sentence, what changed, then in a fold what did not."""
    heads = ["condition", "policy", "measure", "baseline", "now", "", "why"]
    moved = [change for change in result.changes if change.before != change.now]
    still = [change for change in result.changes if change.before == change.now]
    lines = _head("race401: compared with the baseline", result.value, result.sentence)
    if moved:
        lines += [*_table(heads, map(_change, moved)), ""]
    lines += _findings(finding for finding in result.findings if not finding.condition)
    if result.differences:
        lines += ["What differs between the runs:", "", *(f"* {_cell(each)}" for each in result.differences), ""]
    if still:
        fold = f"<details><summary>{len(still)} measures that did not change</summary>"
        lines += [fold, "", *_table(heads[:4], (_change(change)[:4] for change in still)), "", "</details>", ""]
    return "\n".join(lines)


def _head(title: str, value: Value, sentence: str) -> list[str]:
    rest = sentence.removeprefix(f"{value}:").strip()
    return [f"### {title}: {MARKS[value]} {value}", "", _cell(rest[:1].upper() + rest[1:]), ""]


def _row(row: Row) -> list[str]:
    ratio = row.exchanges_per_generation
    return [
        row.condition,
        row.policy,
        str(row.requests),
        _rate(row.caller_401s.total(), row.requests),
        _rate(row.wire_401s.total(), row.sends),
        f"{row.sessions_lost} of {row.sessions}",
        str(row.exchanges),
        "-" if ratio is None else f"{ratio:.2f}",
    ]


def _change(change: Change) -> list[str]:
    went = f"{MARKS[Value.FAIL]} {change.went}" if change.went is Went.WORSE else str(change.went)
    return [change.condition, change.policy, change.measure, change.before, change.now, went, change.why]


def _findings(findings: Iterable[Finding]) -> list[str]:
    lines = []
    for finding in findings:
        if finding.value is not Value.PASS:
            where = " ".join(part for part in (finding.condition, finding.check) if part)
            proof = ", ".join(f"#{seq}" for seq in finding.rows[:ROWS_SHOWN])
            ledger_rows = f" (ledger {proof})" if proof else ""
            lines.append(f"* {MARKS[finding.value]} **{where}**: {_cell(finding.sentence)}{ledger_rows}")
    return [*lines, ""] if lines else []


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [_line(heads), _line(["---"] * len(heads)), *map(_line, rows)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    """Keep the text from being read as Markdown or HTML."""
    for special in "\\|<*_`":
        text = text.replace(special, f"\\{special}" if special != "<" else "&lt;")
    return " ".join(text.split())


def _rate(n: int, of: int) -> str:
    return f"{n} ({n / of:.1%})" if of else str(n)
