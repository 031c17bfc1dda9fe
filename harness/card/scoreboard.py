"""The scoreboard: clients by races, from stored cards; as Markdown, and as a page in the report's style."""

import re
from collections.abc import Callable, Iterable, Sequence

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from race401.harness.card import record
from race401.harness.card.judging import RaceOutcome, Result
from race401.harness.card.races import CLAIMS, RACES
from race401.harness.card.record import Card
from race401.harness.reporting.html import TEMPLATES

MARKS = {
    RaceOutcome.SURVIVED: "✓",
    RaceOutcome.LOST: "✗",
    RaceOutcome.NOT_CLAIMED: "○",
    RaceOutcome.NOT_EXERCISED: "·",
    RaceOutcome.SILENT: "…",
    RaceOutcome.BROKE: "?",
}
LOSSES = (
    "✗ lost, although the client claims otherwise; ○ lost, and the client claims nothing else; ! the ledger "
    "disproves what it claims; · not exercised; … no answer, of the client or its driver; ? the driver broke."
)
CANNOT = "it has no sign-out, no shared storage, or a driver that sends no POST"
LEGEND = (
    "✓ survived (✓ 3: with 3 exchanges, or sign-ins of its own, where fewer would do); - cannot be asked, as "
    f"{CANNOT}; {LOSSES}"
)
IN_WORDS = (
    "At a price: survived with so many exchanges, or sign-ins of its own, where fewer would do. Not asked: "
    f"{CANNOT}. {LOSSES}"
)


def cell(result: Result | None) -> str:
    """Return a cell's text: the mark, and the price of a survival that cost more than needed."""
    if result is None:
        return ""
    if result.outcome is RaceOutcome.NOT_CLAIMED and not result.entries:
        return "-"
    cost = result.exchanges + result.own_sign_ins
    dear = result.outcome is RaceOutcome.SURVIVED and result.ideal is not None and cost > result.ideal
    mark = MARKS[result.outcome] + ("!" if result.disproved else "")
    return f"{mark} {cost}" if dear else mark


def losses(cards: Iterable[Card]) -> list[tuple[Card, Result]]:
    """Return what was lost although it is claimed, and what disproves a claim."""
    found = [(card, result) for card in cards for result in card.results]
    return [(card, result) for card, result in found if result.outcome is RaceOutcome.LOST or result.disproved]


def ordered(cards: Iterable[Card]) -> list[Card]:
    """Return the cards, those with most survivals first, and of them those with fewest losses."""

    def key(card: Card) -> tuple[int, int, str]:
        counts = [result.outcome for result in card.results]
        return -counts.count(RaceOutcome.SURVIVED), counts.count(RaceOutcome.LOST), card.introduction.client

    return sorted(cards, key=key)


def table(cards: Sequence[Card]) -> str:
    """Return a row for each client and its legend, as Markdown: a column for each race is wider than a page."""
    lines = ["| client | survived | at a price | lost, or not shown | not asked |", "|---|---|---|---|---|"]
    for card in ordered(cards):
        results = [
            (result.race, cell(result)) for race in RACES for result in card.results if result.race == race.name
        ]
        asked = [mark for _, mark in results if mark != "-"]
        cells = (
            f"{sum(mark.startswith('✓') for mark in asked)} of {len(asked)}",
            _named(results, lambda mark: mark.startswith("✓ ")),
            _named(results, lambda mark: mark not in {"-", "✓"} and not mark.startswith("✓ ")),
            ", ".join(race for race, mark in results if mark == "-"),
        )
        lines.append(f"| {title(card)}, {card.introduction.world} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", IN_WORDS])


def _named(results: Iterable[tuple[str, str]], of: Callable[[str], bool]) -> str:
    """Return the races with such a mark, each with it; of a price the number alone."""
    return ", ".join(f"{race} {mark.removeprefix('✓ ')}" for race, mark in results if of(mark))


def markdown(cards: Sequence[Card], missing: Sequence[str]) -> str:
    """Return the table, the losses with their reasons, and what was not run."""
    lines = [table(cards), ""]
    if any(losses(cards)):
        lines += ["What was lost, and why:", ""]
    for card, result in losses(cards):
        why = card.introduction.explains.get(result.race, "no reason was given")
        lines.append(f"* **{title(card)}, {result.race}**: {sentence(result)}. {why}. Again: `{again(card, result)}`")
    lines += ["", *(f"Not run: {name}." for name in missing)]
    return "\n".join(lines) + "\n"


def page(cards: Sequence[Card], missing: Sequence[str]) -> str:
    """Return one self-contained HTML page."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["code"] = _code
    return environment.get_template("scoreboard.html").render(
        cards=[(card, {result.race: result for result in card.results}) for card in ordered(cards)],
        races=RACES,
        claims=CLAIMS,
        losses=losses(cards),
        missing=missing,
        legend=LEGEND,
        cell=cell,
        sentence=sentence,
        title=title,
        again=again,
    )


def sentence(result: Result) -> str:
    """Return what happened, and which claims that disproves."""
    return "; ".join([result.sentence, *(f"disproved: {claim}" for claim in result.disproved)])


def _code(text: str) -> Markup:
    """Return the text as HTML; what stands in backticks is code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped here


def title(card: Card) -> str:
    """Return the client's name, version and language."""
    return " ".join(part for part in (card.introduction.client, card.introduction.version) if part)


def again(card: Card, result: Result) -> str:
    """Return the command that runs this race again."""
    return f"race401 {record.again(card, result)}"
