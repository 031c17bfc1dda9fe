"""What was wrong with one schedule: the judge's checks on the app's ledger, and the callers' own outcomes."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import httpx

from race401.harness.explore.application.loop import CANCEL, Choice
from race401.harness.explore.application.stage import Stage
from race401.harness.explore.application.transport import EXTENSION, Passage
from race401.harness.judge import checks
from race401.harness.judge.checks import SOUND, Value
from race401.harness.judge.evidence import from_ledger
from race401.harness.judge.measure import measure
from race401.harness.judge.recovery import UNAUTHORIZED
from race401.ledger.entry import Entry

EXPECTS = {**SOUND, "caller_401s": "any", "needless_exchanges": "none"}
"""What the ledger is held against, by the judge's checks; what 401s the callers saw they say themselves."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that should not have happened."""

    kind: str  # the check's name, or `deadlock`, `caller-failed`, `unhandled`, `assertion`
    sentence: str


def by_ledger(entries: Iterable[Entry], changes: Mapping[str, str]) -> Iterator[Violation]:
    """Hold the app's ledger against EXPECTS, so changed."""
    evidence = from_ledger(entries, "explored", expects=EXPECTS | dict(changes))
    for finding in checks.run(evidence, measure(evidence)):
        if finding.value is Value.FAIL:
            yield Violation(finding.check, finding.sentence)


def by_callers(stage: Stage, choices: list[Choice]) -> Iterator[Violation]:
    """Say which callers got what they should not have got."""
    cancelled = {choice.option.who for choice in choices if choice.option.what == CANCEL}
    for who, outcome in stage.outcomes.items():
        if isinstance(outcome, asyncio.CancelledError):
            if who not in cancelled:
                yield Violation("caller-failed", f"{who} was cancelled, and nobody had cancelled it")
            continue
        answer = outcome.response if isinstance(outcome, httpx.HTTPStatusError) else outcome
        if isinstance(answer, httpx.Response):
            yield from _by_answer(who, answer, excused=who in stage.excused)
        elif isinstance(outcome, Exception):
            yield Violation("caller-failed", f"{who} failed: {type(outcome).__name__}: {outcome}")


def _by_answer(who: str, answer: httpx.Response, *, excused: bool) -> Iterator[Violation]:
    passage: Passage = answer.extensions[EXTENSION]
    asked = f"{passage.method} {passage.target}"
    if answer.status_code != UNAUTHORIZED and answer.is_error:
        yield Violation("caller-failed", f"{who} saw {answer.status_code} on {asked}")
    elif answer.status_code == UNAUTHORIZED and not excused:
        cause = getattr(passage.entry, "cause", None)
        yield Violation("caller-401s", f"{who} saw 401 on {asked}" + (f" ({cause})" if cause else ""))
