"""The scoreboard: clients by races, from stored cards; as Markdown, and as a page in the report's style."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from race401.harness.card import record
from race401.harness.card.judging import RaceOutcome, Result
from race401.harness.card.race import CLAIMS
from race401.harness.card.races import RACES
from race401.harness.card.record import Card
from race401.harness.reporting.html import templates

MARKS = {
    RaceOutcome.SURVIVED: "✓",
    RaceOutcome.WASTEFUL: "~",
    RaceOutcome.LOST: "✗",
    RaceOutcome.NOT_CLAIMED: "x",
    RaceOutcome.NOT_ASKED: "-",
    RaceOutcome.NOT_EXERCISED: "·",
    RaceOutcome.SILENT: "…",
    RaceOutcome.BROKE: "?",
}
LEGEND = (
    "✓ survived (✓ 3: with 3 exchanges or sign-ins of its own, where answers failed); ~ 5 wasteful: survived with 5, "
    "where fewer are enough; ✗ lost, although the client claims otherwise; x lost, and not claimed; "
    "- not asked: it has no sign-out, no shared storage, or a driver that sends no POST; ! the ledger disproves a "
    "claim; · not exercised; … no answer from the client or its driver; ? the driver broke."
)


def cell(result: Result | None) -> str:
    """Return a cell's text: the mark, and the price of a survival that cost more than needed."""
    if result is None:
        return ""
    cost = result.exchanges + result.own_sign_ins
    dear = result.outcome is RaceOutcome.SURVIVED and result.ideal is not None and cost > result.ideal
    mark = MARKS[result.outcome] + ("!" if result.disproved else "")
    return f"{mark} {cost}" if dear or result.outcome is RaceOutcome.WASTEFUL else mark


def losses(cards: Iterable[Card]) -> list[tuple[Card, Result]]:
    """Return what was lost although it is claimed, and what disproves a claim."""
    found = [(card, result) for card in cards for result in card.results]
    return [(card, result) for card, result in found if result.outcome is RaceOutcome.LOST or result.disproved]


def by_world(cards: Iterable[Card]) -> list[tuple[str, list[Card]]]:
    """
    Return the cards of each world: worlds differ in severity, so that nobody is ranked across them.

    In a world those with most survivals come first, and of them those with fewest losses, claimed or not.
    """

    def key(card: Card) -> tuple[int, int, str]:
        counts = Counter(result.outcome for result in card.results)
        lost = counts[RaceOutcome.LOST] + counts[RaceOutcome.NOT_CLAIMED]
        return -counts[RaceOutcome.SURVIVED], lost, card.introduction.client

    worlds: dict[str, list[Card]] = defaultdict(list)
    for card in sorted(cards, key=key):
        worlds[card.world or card.introduction.world].append(card)
    return sorted(worlds.items(), key=lambda each: (-len(each[1]), each[0]))


def table(cards: Sequence[Card]) -> str:
    """Return a table for each world, and the legend, as Markdown: in words, which wrap."""
    lines = []
    for world, there in by_world(cards):
        lines += [f"| in `{world}` | survived | wasteful | lost, or not shown | not asked |", "|---|---|---|---|---|"]
        lines += [f"| {title(card)} | {' | '.join(_in_words(card))} |" for card in there]
        lines.append("")
    return "\n".join([*lines, LEGEND])


def _in_words(card: Card) -> tuple[str, str, str, str]:
    """Return how many races the client survived, and the names of the others with their marks."""
    results = {result.race: cell(result) for result in card.results}
    marks = [(race.name, results[race.name]) for race in RACES if race.name in results]
    survived = [(name, mark) for name, mark in marks if mark.startswith("✓")]
    asked = [(name, mark) for name, mark in marks if mark != "-"]
    wasteful = [(name, mark) for name, mark in asked if mark.startswith("~")]
    rest = [f"{name} {mark}" for name, mark in asked if (name, mark) not in survived + wasteful]
    dear = "".join(f", {name} {mark}" for name, mark in survived if mark != "✓")
    return (
        f"{len(survived)} of {len(asked)}{dear}",
        ", ".join(f"{name} {mark.removeprefix('~ ')}" for name, mark in wasteful),
        ", ".join(rest),
        ", ".join(name for name, mark in marks if mark == "-"),
    )


def markdown(cards: Sequence[Card], missing: Sequence[str]) -> str:
    """Return the table, the losses with their reasons, and what was not run."""
    lines = [table(cards), ""]
    if any(losses(cards)):
        lines += ["What was lost, and why:", ""]
    for card, result in losses(cards):
        why = card.introduction.explains.get(result.race, "no reason was given")
        where = "" if result.world == card.introduction.world else f" in `{result.world}`"
        lines.append(
            f"* **{title(card)}, {result.race}**{where}: {sentence(result)}. {why}. Again: `{again(card, result)}`"
        )
    lines += ["", *(f"Not run: {name}." for name in missing)]
    return "\n".join(lines) + "\n"


def page(cards: Sequence[Card], missing: Sequence[str]) -> str:
    """Return one self-contained HTML page."""
    return (
        templates()
        .get_template("scoreboard.html")
        .render(
            worlds=[
                (world, [(card, {result.race: result for result in card.results}) for card in there])
                for world, there in by_world(cards)
            ],
            races=RACES,
            claims=CLAIMS,
            losses=losses(cards),
            missing=missing,
            legend=LEGEND,
            cell=cell,
            sentence=sentence,
            reason=reason,
            title=title,
            again=again,
        )
    )


def sentence(result: Result) -> str:
    """Return what happened, and which claims that disproves."""
    return "; ".join([result.sentence, *(f"disproved: {claim}" for claim in result.disproved)])


def reason(card: Card, result: Result) -> str:
    """Return the line that explains a mark which is no plain survival, to follow the sentence."""
    why = card.introduction.explains.get(result.race)
    return f". {why}" if why and result.outcome is not RaceOutcome.SURVIVED else ""


def title(card: Card) -> str:
    """Return the client's name, version and language."""
    return " ".join(part for part in (card.introduction.client, card.introduction.version) if part)


def again(card: Card, result: Result) -> str:
    """Return the command that runs this race again."""
    return f"race401 {record.again(card, result)}"
