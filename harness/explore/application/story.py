"""One schedule as an HTTP story: a line for each thing that happened, in its order."""

from collections.abc import Iterator, Sequence

from race401.harness.explore.application.loop import CANCEL, TIMER, Choice
from race401.harness.explore.application.stage import BEGIN
from race401.harness.explore.application.transport import ARRIVE, Passage


def sentences(choices: Sequence[Choice]) -> Iterator[str]:
    """Yield the lines; a `*` marks what overtook something that had been there before it."""
    for number, choice in enumerate(choices, 1):
        yield f"{number:3} {'*' if choice.index else ' '} {_line(choice)}"


def _line(choice: Choice) -> str:
    who, passage = choice.option.who, choice.option.about
    if choice.option.what == TIMER:
        return "time passes, and the next timer fires"
    if choice.option.what == CANCEL:
        return f"{who} is cancelled"
    if choice.option.what == BEGIN:
        return f"{who} begins"
    assert isinstance(passage, Passage)
    if choice.option.what == ARRIVE:
        return f"{who}: {_request(passage)} reaches the server: {_decision(passage)}"
    if passage.abandoned:
        return f"{who}: the answer to {_request(passage)} finds nobody: {passage.status}"
    return f"{who}: {_request(passage)} is answered: {passage.status}"


def _request(passage: Passage) -> str:
    generation, cause = getattr(passage.entry, "generation", None), getattr(passage.entry, "cause", None)
    if "grant_type=refresh_token" in passage.target or getattr(passage.entry, "grant_outcome", None) is not None:
        return "the exchange" if generation is None else f"the exchange of refresh token {generation}"
    token = "no token" if cause == "missing_token" else None if generation is None else f"generation {generation}"
    return f"{passage.method} {passage.target}" + (f" with {token}" if token else "")


def _decision(passage: Passage) -> str:
    entry = passage.entry
    outcome = getattr(entry, "grant_outcome", None) or getattr(entry, "cause", None)
    return str(outcome or passage.status or "no answer yet")
