"""Exchanges of one family by the issuer's rules alone: tokens with instants in, answers out."""

from race401.mock_api.rules.family import Family
from race401.mock_api.rules.issuer import Answer, begin, exchange
from race401.mock_api.rules.worlds import World


def play(world: World, *steps: tuple[float, str]) -> tuple[Family, list[Answer]]:
    """Exchange these tokens at these instants; R0 is the first, and the nth exchange would issue Rn."""
    family, answers = begin("family", "user", "R0", 0.0, 0), []
    for number, (now, token) in enumerate(steps, 1):
        family, answer = exchange(world, family, token, now, f"R{number}")
        answers.append(answer)
    return family, answers


def outcomes_of(answers: list[Answer]) -> list[str]:
    """Outcome and token of each answer."""
    return [f"{answer.outcome} {answer.link.token}" if answer.link else str(answer.outcome) for answer in answers]
