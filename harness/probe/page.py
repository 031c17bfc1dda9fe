"""A server's card as one HTML page that needs nothing else."""

from race401.harness.probe import show
from race401.harness.probe.card import Card
from race401.harness.reporting.html import templates


def render(card: Card) -> str:
    """Return the page."""
    sections = [(title, show.rows(card, title), show.facts(card, title)) for title in show.SECTIONS]
    return (
        templates()
        .get_template("probe.html")
        .render(
            card=card,
            about=show.about(card),
            sections=[each for each in sections if each[1]],
            below=[f"{label}: {said}" for label, said in show.below(card)],
        )
    )
