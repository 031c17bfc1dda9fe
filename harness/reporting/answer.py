"""
What a command comes to, in the forms that people and programs ask for: its text, one line, or JSON.

The JSON has one shape for all commands, docs/json.md describes it: `format`, `kind`, `verdict`, `exit_code`,
`sentence`, `findings`, and beside these what only this kind has.
"""

from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

import msgspec

from race401.harness.judge.findings import Finding, Value
from race401.harness.judge.verdict import EXIT_CODES, Verdict
from race401.harness.reporting.terminal import fit

FORMAT = 1  # one more with each change that a reader of the one before could stumble over
Form = Literal["text", "line", "json"]
FORMS: tuple[Form, ...] = get_args(Form)


@dataclass(frozen=True, slots=True)
class Answer:
    """A command's. `kind` is its name."""

    kind: str
    verdict: Value | None  # None: nothing is judged
    sentence: str  # without the value
    findings: Iterable[Finding] = ()
    beside: Mapping[str, Any] = field(default_factory=dict)  # what msgspec can write; names that are not those above

    def line(self) -> str:
        """Return the answer in one line, the value first."""
        words = self.sentence.removeprefix(f"{self.verdict}: ")
        return f"{self.verdict}: {words}" if self.verdict else words

    def json(self) -> str:
        """Return it as JSON, without a line break at the end."""
        head = {
            "format": FORMAT,
            "kind": self.kind,
            "verdict": self.verdict,
            "exit_code": 0 if self.verdict is None else EXIT_CODES[self.verdict],
            "sentence": self.line(),
            "findings": [asdict(finding) for finding in self.findings],
        }
        return msgspec.json.format(msgspec.json.encode({**head, **self.beside}), indent=2).decode()


def of_verdict(kind: str, verdict: Verdict, **beside: Any) -> Answer:
    """Return the answer that a verdict on a run or a ledger is."""
    rows = [row.json() for row in verdict.rows]
    return Answer(kind, verdict.value, verdict.sentence, verdict.findings, {"rows": rows, **beside})


def add(parser: ArgumentParser) -> None:
    """Declare the options."""
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_const", dest="form", const="json", default="text", help="print JSON")
    forms.add_argument(
        "--quiet", action="store_const", dest="form", const="line", help="print the verdict in one line"
    )


def render(answer: Answer, form: Form, text: Callable[[], str]) -> str:
    """Return the answer in this form; `text` is for people."""
    return answer.json() if form == "json" else fit(answer.line()) if form == "line" else text()
