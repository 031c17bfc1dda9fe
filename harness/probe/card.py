"""The card of a server: rows that happened never, sometimes or always, with counts and exact bounds."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from race401.harness.judge.statistics import clopper_pearson, fisher
from race401.harness.probe.answers import Trial
from race401.harness.probe.beyond import Beyond
from race401.harness.probe.looks import accepted, living, successors
from race401.harness.probe.playing import OTHER_LIVES, End
from race401.harness.probe.question import Question, Word
from race401.harness.probe.questions import QUESTIONS
from race401.harness.probe.sequences import SEQUENCES

DIFFERS = 0.001  # p of Fisher's exact test below which always and sometimes are two answers, not one
Said: TypeAlias = Word | Literal["unknown", "not asked", "no chance"]


class Row(msgspec.Struct, frozen=True):
    """One question, and what the trials say to it."""

    name: str
    text: str
    said: Said
    yes: int = 0  # of `of` trials
    of: int = 0
    low: float = 0.0  # exact bounds of the share, at 95 % (Clopper and Pearson)
    high: float = 1.0
    advice: str = ""
    why: str = ""  # it is unknown, or was not asked


class Interval(msgspec.Struct, frozen=True):
    """How long a consumed token is accepted again, in s; `refused` None: nobody saw it end."""

    sequence: str
    accepted: float
    refused: float | None
    lives: bool | None = None  # the session does after a use beyond the end; None: not seen
    later: bool | None = None  # and an interval after that
    others: bool | None = None  # another session of the user does
    slides: bool | None = None  # an accepted use begins the interval anew
    counts_from: Literal["use", "refresh"] | None = None  # of the token, or whatever refresh the session had last


class Card(msgspec.Struct, frozen=True):
    """What a server did. Times in s."""

    server: str
    dialect: str
    rows: list[Row]
    race401: str = ""
    intervals: list[Interval] = []
    spread: dict[int, list[list[int]]] = {}  # by uses at once: how often so many [accepted, successors, alive, times]
    refusals: dict[str, int] = {}  # status and error of the token endpoint
    api_refusals: dict[str, int] = {}
    unread: dict[str, int] = {}  # 2xx of the token endpoint with an error of which the dialect knows nothing
    facts: dict[str, Any] = {}
    oldest: float = 0.0  # the greatest age of a session that was refreshed
    not_asked: list[str] = []
    sessions: int = 0
    requests: int = 0
    released_within: float | None = None  # the median of the groups that left at once
    answered_within: float | None = None
    took: float = 0.0
    ended: str = ""  # why it is not whole

    def row(self, name: str) -> Row:
        """Return the row of this name."""
        return next(row for row in self.rows if row.name == name)

    @property
    def exit_code(self) -> int:
        """0: all that was asked has an answer; 3: something has none."""
        return 3 if self.ended or any(row.said == "unknown" for row in self.rows) else 0


def rows(trials: Sequence[Trial], able: frozenset[str]) -> list[Row]:
    """Return what the trials say, question by question."""
    return [_row(question, [t for t in trials if t.sequence == question.sequence], able) for question in QUESTIONS]


def _row(question: Question, trials: Sequence[Trial], able: frozenset[str]) -> Row:
    sequence = next(each for each in SEQUENCES if each.name == question.sequence)
    if missing := sequence.needs - able:
        return Row(question.name, question.text, "not asked", why=f"needs --{', --'.join(sorted(missing))}")
    if unknown := [answer for trial in trials if (answer := trial.unknown()) is not None]:
        why = f"{len(unknown)} of {len(trials)} sessions: {unknown[0].error}"
        return Row(question.name, question.text, "unknown", why=why)
    seen = [said for trial in trials if (said := question.look(trial)) is not None]
    yes, of = sum(seen), len(seen)
    if not of:
        return Row(
            question.name, question.text, "no chance" if trials else "unknown", why="" if trials else "not reached"
        )
    word: Word = "never" if not yes else "always" if yes == of else "sometimes"
    low, high = clopper_pearson(yes, of)
    return Row(question.name, question.text, word, yes, of, low, high, question.advice(word))


def counts(trials: Iterable[Trial], n: int) -> list[list[int]]:
    """Return how often so many of n uses at once were [accepted, brought successors, left alive], and that count."""
    found: dict[tuple[int, int, int], int] = {}
    for trial in trials:
        if trial.sequence == f"at once {n}" and trial.unknown() is None:
            key = accepted(trial, n), len(successors(trial, n)), living(trial, n)
            found[key] = found.get(key, 0) + 1
    return [[*key, times] for key, times in sorted(found.items())]


def oldest(trials: Iterable[Trial]) -> float:
    """Return the greatest age at which a session was refreshed; it begins with the first request that it made."""
    found = 0.0
    for trial in trials:
        began = min((answer.sent for answer in trial.answers.values() if answer.sent), default=0.0)
        found = max([found, *(answer.sent - began for answer in trial.answers.values() if answer.refresh)])
    return round(found, 1)


def interval(sequence: str, end: End, late: Sequence[Trial], more: Beyond) -> Interval:
    """Return an interval, and the fate of sessions whose token was used after its end."""
    newest = "alive 2" if sequence == "after a refresh" else "alive 1"
    beyond = [each for each in late if each.sequence == sequence and each.answer_to("again").what == "refused"]
    lives, others = (_unanimous({trial.answer_to(name).what for trial in beyond}) for name in (newest, OTHER_LIVES))
    refused = None if end.refused is None else round(end.refused, 3)
    return Interval(
        sequence, round(end.accepted, 3), refused, lives, more.later, others, more.slides, more.counts_from
    )


def _unanimous(seen: set[str]) -> bool | None:
    return {frozenset({"granted"}): True, frozenset({"refused"}): False}.get(frozenset(seen))


def refusals(trials: Iterable[Trial], *, api: bool) -> dict[str, int]:
    """Return how often the token endpoint, or the API, refused with which status and error."""
    named = [(name, answer) for trial in trials for name, answer in trial.answers.items() if name != "out"]
    wanted = [answer for name, answer in named if name.startswith(("use", "before", "after", "new")) == api]
    return _counted(f"{each.status} {each.error}".strip() for each in wanted if each.what == "refused")


def unread(trials: Iterable[Trial]) -> dict[str, int]:
    """Return how often a 2xx brought no token but an error, and which."""
    answers = [answer for trial in trials for answer in trial.answers.values() if answer.what == "unknown"]
    return _counted(each.error for each in answers if each.status // 100 == 2 and " " in each.error)  # noqa: PLR2004


def _counted(said: Iterable[str]) -> dict[str, int]:
    return dict(Counter(said).most_common())


def differing(one: Card, other: Card) -> Iterator[str]:
    """Yield the rows in which two cards differ: never against always, or shares that are two at p < 0.001."""
    theirs = {row.name: row for row in other.rows}
    ends = {each.sequence: each for each in other.intervals}
    for mine in one.intervals:
        known = ends.get(mine.sequence)
        if known is not None and (_after(mine, known) or _after(known, mine)):
            yield f"{mine.sequence}: ends after {mine.accepted:.1f} s, and after {known.accepted:.1f} s"
        for name in ("later", "others", "slides", "counts_from"):
            ours, others = getattr(mine, name), getattr(known, name, None)
            if None not in (ours, others) and ours != others:
                yield f"{mine.sequence}: {name} {ours} and {others}"
    for row in one.rows:
        there = theirs.get(row.name)
        if there is None or not row.of or not there.of or row.said == there.said:
            continue
        opposite = {row.said, there.said} == {"never", "always"}
        if opposite or fisher(row.yes, row.of, there.yes, there.of) < DIFFERS:
            yield f"{row.name}: {row.said} ({row.yes} of {row.of}) and {there.said} ({there.yes} of {there.of})"


def _after(one: Interval, other: Interval) -> bool:
    """Whether one was still accepted when the other was refused already."""
    return other.refused is not None and one.accepted > other.refused


def encoded(card: Card) -> bytes:
    """Return the card as it is kept."""
    return msgspec.json.format(msgspec.json.encode(card), indent=1) + b"\n"


def load(path: Path) -> Card:
    """Read the file; raises ValueError if it is no card."""
    return msgspec.json.decode(path.read_bytes(), type=Card)
