"""A server's card as one HTML page that needs nothing else."""

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from race401.harness.probe import show
from race401.harness.probe.card import Card
from race401.harness.reporting.html import TEMPLATES


def render(card: Card) -> str:
    """Return the page."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    sections = [(title, show.rows(card, title), show.facts(card, title)) for title in show.SECTIONS]
    return environment.get_template("probe.html").render(
        card=card,
        about=show.about(card),
        sections=[each for each in sections if each[1]],
        below=[f"{label}: {said}" for label, said in show.below(card)],
    )
