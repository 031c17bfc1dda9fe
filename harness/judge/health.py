"""
What a log says of a token's life: its lines recognised, counted, and one state told from them.

The lines are those of `tokens.narrate`, with whatever a logger puts before them, or as a value in a line of JSON.
The log is one client's: sessions that write into one log are not told apart, and a client that does not retry logs
no 401. Only what nothing later made good is held against it: a 401 that reached the app, and a refresh that failed
with neither one begun after it that succeeded nor a new sign-in, which is known by a token that lives longer.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from race401.harness.judge.counted import counted
from race401.harness.judge.findings import Value


class Line(StrEnum):
    """What a line is, by the words that it holds; the first that fits."""

    USED = "Using token (age: "
    WANTED = "Token expiring soon, refreshing proactively"
    EXPIRED = "Token expired, refreshing immediately"
    EXCHANGE = "Calling refreshSession"
    RETRIED = "Token refreshed successfully after 401"
    REFRESHED = "Token refreshed successfully"
    REJECTED = "401 Unauthorized - Attempting token refresh and retry"
    REFRESH_FAILED = "Token refresh failed: "
    NO_NEW_TOKEN = "Failed to obtain new token, cannot retry"  # noqa: S105 - a log line
    NOT_RETRIED = "Cannot retry: "
    CLEARED = "Clearing session cache"


OWN = (Line.USED, Line.WANTED, Line.EXPIRED, Line.EXCHANGE, Line.REJECTED)  # words that no other program's log has
LEFT = re.compile(r"expires in: (-?\d+)s")


class State(StrEnum):
    """How a token's life goes."""

    HEALTHY = "healthy"
    REFRESHING = "refreshing"
    RECOVERING = "recovering"
    FAILING = "failing"
    NO_TOKEN = "without a token"  # noqa: S105 - a state


def recognise(text: str) -> Line | None:
    """Return what a line of a log is; None: not ours."""
    words = "\n".join(_strings(text)) if text.lstrip().startswith("{") else text
    return next((line for line in Line if line in words), None)


@dataclass(slots=True)
class Health:
    """What the lines so far amount to."""

    counts: Counter[Line] = field(default_factory=Counter)
    under_way: int = 0  # exchanges that were begun and have not ended
    most_at_once: int = 0
    recovering: int = 0  # 401s that are being made good
    begun_since_failure: bool = True  # an exchange, so that its success is news
    failed: bool = False  # a refresh, and none since has succeeded
    left: int | None = None  # s that the token in use had, as the log said last
    failed_at: int | None = None  # the line of the first failure that nothing made good
    lines: int = 0

    def read(self, text: str) -> Line | None:
        """Take the log's next line; return what it is."""
        self.lines += 1
        line = recognise(text)
        if line is not None:
            self.counts[line] += 1
            self._step(line)
            if line is Line.USED:
                self._used(text)
        return line

    @property
    def state(self) -> State:
        """How it is now."""
        if self.failed:
            return State.FAILING
        if self.recovering:
            return State.RECOVERING
        if self.under_way:
            return State.REFRESHING
        return State.HEALTHY if self.tokens else State.NO_TOKEN

    @property
    def surfaced(self) -> int:
        """How many 401s reached the app, which nothing makes good."""
        return self.counts[Line.NO_NEW_TOKEN] + self.counts[Line.NOT_RETRIED]

    @property
    def tokens(self) -> int:
        """How many lines tell of a token that was there: used, or newly obtained."""
        return self.counts[Line.USED] + self.counts[Line.REFRESHED] + self.counts[Line.RETRIED]

    @property
    def value(self) -> Value:
        """What the log proves: FAIL a failure that was not made good, UNKNOWN nothing, as where no token is seen."""
        if not any(self.counts[line] for line in OWN):
            return Value.UNKNOWN
        if self.failed or self.surfaced:
            return Value.FAIL
        return Value.PASS if self.tokens else Value.UNKNOWN

    def _used(self, text: str) -> None:
        """Notice a new sign-in: a token that lives longer than the one before, though no refresh brought it."""
        if (said := LEFT.search(text)) is None:
            return
        left = int(said[1])
        if self.failed and self.left is not None and left > self.left:
            self.failed = False
            self.failed_at = self.failed_at if self.surfaced else None
        self.left = left

    def _step(self, line: Line) -> None:
        match line:
            case Line.EXCHANGE:
                self.under_way += 1
                self.most_at_once = max(self.most_at_once, self.under_way)
                self.begun_since_failure = True
            case Line.REFRESHED:
                self.under_way = max(0, self.under_way - 1)
                self.failed = self.failed and not self.begun_since_failure
            case Line.REFRESH_FAILED:
                self.under_way = max(0, self.under_way - 1)
                self.failed, self.begun_since_failure = True, False
            case Line.REJECTED:
                self.recovering += 1
            case Line.RETRIED | Line.NO_NEW_TOKEN | Line.NOT_RETRIED:
                self.recovering = max(0, self.recovering - 1)
        if not (self.failed or self.surfaced):
            self.failed_at = None
        elif self.failed_at is None:
            self.failed_at = self.lines


def judge(texts: Iterable[str]) -> Health:
    """Return what a whole log amounts to."""
    health = Health()
    for text in texts:
        health.read(text)
    return health


def sentence(health: Health) -> str:
    """Return the log in a sentence, with its numbers."""
    counts = health.counts
    if health.value is Value.UNKNOWN:
        ours = (
            f"{counts.total()} of {counted(health.lines, 'line')} {'is' if counts.total() == 1 else 'are'} a client's"
        )
        return (
            f"UNKNOWN: {ours}, and none tells of a token that was used or obtained; "
            "is logger race401.tokens at INFO? (a ledger is for race401 judge)"
        )
    exchanges = counted(counts[Line.EXCHANGE], "refresh", "refreshes")
    told = f"{counted(counts[Line.USED], 'token')} used, {counts[Line.REFRESHED]} of {exchanges} succeeded"
    told += f" ({health.most_at_once} at once at most)" if health.most_at_once > 1 else ""
    told += f", {counted(counts[Line.RETRIED], '401')} made good"
    if health.value is Value.PASS:
        return f"PASS: it ends {health.state}: {told}"
    surfaced = f"{counted(health.surfaced, '401')} reached the app"
    why = surfaced if health.surfaced else "a refresh failed and none since succeeded"
    return f"FAIL: {why}, first at line {health.failed_at}; it ends {health.state}: {told}"


def _strings(text: str) -> Iterator[str]:
    """Yield every string value of a line of JSON; of another line, the line."""
    try:
        plain = json.loads(text)
    except ValueError:
        yield text
    else:
        yield from _values(plain)


def _values(plain: Any) -> Iterator[str]:
    if isinstance(plain, str):
        yield plain
    elif isinstance(plain, dict):
        for value in plain.values():
            yield from _values(value)
