"""A server's card in a terminal: a line a row, below it the advice."""

import textwrap
from collections.abc import Iterator

from race401.harness.probe.card import Card, Interval, Row
from race401.harness.reporting.terminal import fitted, painted

SECTIONS = {
    "one after another": ("rotates", "second", "third", "grandparent", "used"),
    "at once": ("at-once-2", "at-once-5"),
    "an answer is lost": ("lost",),
    "access tokens": ("access",),
    "sign-out": ("sign-out",),
}
COLOURS = {"never": "strong", "sometimes": "cost", "always": "strong", "unknown": "bad"}
WIDEST = 100  # columns; a longer line is not easier to read
WORD, COUNT = 9, 8
INTERVALS = {
    "second use": "a consumed token",
    "after a refresh": "one whose successor was refreshed",
    "after a use": "one whose successor's access token was used",
}


def card(given: Card, width: int, *, color: bool = False) -> str:
    """Return the text."""
    return "\n".join(line.rstrip() for line in _lines(given, min(width, WIDEST), color))


def _lines(given: Card, width: int, color: bool) -> Iterator[str]:
    yield painted(given.server, "strong", on=color)
    yield from textwrap.wrap(about(given), width)
    for title in SECTIONS:
        asked = rows(given, title)
        if asked:
            yield ""
            yield painted(title, "strong", on=color)
        for row in asked:
            yield from _row(row, width, color)
        for fact in facts(given, title):
            yield from textwrap.wrap(fact, width, initial_indent="  = ", subsequent_indent="    ")
    yield ""
    for label, said in below(given):
        hang = " " * 13
        lines = textwrap.wrap(said, width - len(hang)) or [""]
        yield painted(f"{label:<{len(hang)}}{lines[0]}", "bad" if label == "not whole" else "plain", on=color)
        yield from (f"{hang}{line}" for line in lines[1:])


def rows(given: Card, section: str) -> list[Row]:
    """Return the rows of a section that have something to say."""
    silent = ("no chance", "not asked")
    return [row for row in given.rows if row.name.split(".")[0] in SECTIONS[section] and row.said not in silent]


def facts(given: Card, section: str) -> list[str]:
    """Return what of a section is no row: where intervals end, and what uses at once brought, each a sentence."""
    if section == "one after another":
        return [how_long(each) for each in given.intervals]
    if section == "at once":
        return [outcomes(n, counts) for n, counts in given.spread.items() if counts]
    return []


def below(given: Card) -> Iterator[tuple[str, str]]:
    """Yield what is said below the rows, each with its label."""
    for label, seen in (("refusals", given.refusals), ("of the API", given.api_refusals)):
        if seen:
            yield label, ", ".join(f"{said} ({n} times)" for said, n in seen.items())
    for said, n in given.unread.items():
        yield "not read", f"{said} ({n} times): if that refuses, a dialect says so, as github does: --dialect"
    for what in given.not_asked:
        yield "not asked", what
    if given.ended:
        yield "not whole", given.ended


def about(given: Card) -> str:
    """Return how it was asked, in a sentence without its full stop."""
    said = f"{given.sessions} sessions, {given.requests} requests, {given.took:.0f} s, dialect {given.dialect}"
    if given.released_within is None:
        return said
    answered = f"; first bytes of their answers within {_ms(given.answered_within)}" if given.answered_within else ""
    return f"{said}. At once: last bytes sent within {_ms(given.released_within)}{answered} (medians)"


def _ms(seconds: float | None) -> str:
    return f"{1000 * (seconds or 0):.2g} ms"


def _row(row: Row, width: int, color: bool) -> Iterator[str]:
    room = width - 2 - 2 - WORD - 1 - COUNT
    first, *others = fitted(row.text, room)
    word = painted(f"{row.said:<{WORD}}", COLOURS.get(row.said, "plain"), on=color)
    yield f"  {first:<{room}}  {word} {f'{row.yes} of {row.of}' if row.of else '':>{COUNT}}"
    yield from (f"  {line}" for line in others)
    advice = row.advice or row.why
    if row.said == "sometimes":
        advice = f"{row.low:.0%} to {row.high:.0%} of such sessions (at 95 %); {advice}"
    for line in textwrap.wrap(advice, width, initial_indent="    > ", subsequent_indent="      "):
        yield painted(line, "soft", on=color)


def how_long(each: Interval) -> str:
    """Return until when a consumed token is accepted, in a sentence."""
    what = INTERVALS[each.sequence]
    if each.refused is None:
        return f"{what} is still accepted after {each.accepted:.0f} s; nobody waited for longer"
    fate = {True: "; then the session stays valid", False: "; then the session is over", None: ""}[each.lives]
    anew = {True: "; a use within it restarts it", False: "; a use within it changes nothing", None: ""}
    if each.counts_from == "refresh":
        anew = dict.fromkeys(anew, "; it counts from the last refresh that the session had")
    ends = " for an interval, and is over then" if each.lives and each.later is False else ""
    ended = f"{fate}{ends}{anew[each.slides]}"
    return f"{what} is accepted for {each.accepted:.1f} s, and refused after {each.refused:.1f} s{ended}"


def outcomes(n: int, counts: list[list[int]]) -> str:
    """Return the distribution of what uses at once brought, in a sentence."""
    total = sum(times for *_, times in counts)
    said = [
        f"{accepted} accepted, {successors} successor{'s' * (successors != 1)}, {alive} valid afterwards in {times}"
        for accepted, successors, alive, times in counts
    ]
    return f"{n} at once, of {total} rounds: {'; '.join(said)}"
