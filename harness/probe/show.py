"""A server's card in a terminal."""

from collections.abc import Iterator

from race401.harness.probe.card import Card, Interval, Row
from race401.harness.reporting.terminal import fitted, painted

SECTIONS = {
    "one after another": ("rotates", "second", "third", "grandparent", "used"),
    "at once": ("at-once-2", "at-once-5"),
    "lost on the way": ("lost",),
    "access tokens": ("access",),
    "sign-out": ("sign-out",),
}
COLOURS = {"never": "strong", "sometimes": "cost", "always": "strong", "unknown": "bad"}
TEXT, WORD = 54, 9  # columns
INTERVALS = {
    "second use": "a consumed token",
    "after a refresh": "a consumed token whose successor was refreshed",
    "after a use": "a consumed token whose successor was used",
}


def card(given: Card, width: int, *, color: bool = False) -> str:
    """Return the text."""
    return "\n".join(line.rstrip() for line in _lines(given, width, color))


def _lines(given: Card, width: int, color: bool) -> Iterator[str]:
    yield painted(given.server, "strong", on=color)
    yield from fitted(_about(given), width)
    for title in SECTIONS:
        yield from _section(given, title, width, color)
    yield ""
    yield from _below(given, width, color)


def _section(given: Card, title: str, width: int, color: bool) -> Iterator[str]:
    silent = ("no chance", "not asked")
    rows = [row for row in given.rows if row.name.split(".")[0] in SECTIONS[title] and row.said not in silent]
    if not rows:
        return
    yield ""
    yield painted(title, "strong", on=color)
    for row in rows:
        yield from _row(row, width, color)
    if title == "one after another":
        for each in given.intervals:
            yield from fitted(f"  {how_long(each)}", width)
    if title == "at once":
        for n, counts in given.spread.items():
            yield from fitted(f"  {outcomes(n, counts)}", width) if counts else ()


def _below(given: Card, width: int, color: bool) -> Iterator[str]:
    for label, seen in (("refusals", given.refusals), ("of the API", given.api_refusals)):
        if seen:
            yield from fitted(f"{label + ':':<11} " + ", ".join(f"{said} ({n})" for said, n in seen.items()), width)
    for what in given.not_asked:
        yield from fitted(f"not asked:  {what}", width)
    if given.ended:
        yield from fitted(painted(f"not whole:  {given.ended}", "bad", on=color), width)


def _about(given: Card) -> str:
    said = f"{given.sessions} sessions, {given.requests} requests, {given.took:.0f} s, dialect {given.dialect}"
    if given.released_within is None:
        return said
    answered = f", first bytes of answers within {_ms(given.answered_within)}" if given.answered_within else ""
    return f"{said}; at once: last bytes sent within {_ms(given.released_within)}{answered} (medians)"


def _ms(seconds: float | None) -> str:
    return f"{1000 * (seconds or 0):.2g} ms"


def _row(row: Row, width: int, color: bool) -> Iterator[str]:
    word = painted(f"{row.said:<{WORD}}", COLOURS.get(row.said, "plain"), on=color)
    if row.of:
        yield f"  {row.text:<{TEXT}} {word} {f'{row.yes} of {row.of}':>8}"
    else:
        yield f"  {row.text:<{TEXT}} {word}"
    advice = row.advice or row.why
    if row.said == "sometimes":
        advice = f"{row.low:.0%} to {row.high:.0%} (at 95 %); {advice}"
    for line in fitted(f"    {advice}", width):
        yield painted(line, "soft", on=color)


def how_long(each: Interval) -> str:
    """Return until when a consumed token is accepted, in a sentence."""
    what = INTERVALS[each.sequence]
    if each.refused is None:
        return f"{what} is still accepted after {each.accepted:.1f} s; nobody saw that end"
    fate = {True: ", and the session lives on", False: ", and the session is over", None: ""}[each.lives]
    return f"{what} is accepted for {each.accepted:.1f} s and refused after {each.refused:.1f} s{fate}"


def outcomes(n: int, counts: list[list[int]]) -> str:
    """Return the distribution of what uses at once brought, in a sentence."""
    total = sum(times for *_, times in counts)
    said = [
        f"{accepted} accepted, {successors} successor{'s' * (successors != 1)}, {alive} alive in {times}"
        for accepted, successors, alive, times in counts
    ]
    return f"{n} at once, {total} rounds: {'; '.join(said)}"
