"""Makes the card of a server that is there: over the wire, and whole."""

import time
from collections.abc import Callable

import msgspec

from race401.harness.probe.answers import Answer, Trial, place
from race401.harness.probe.asking import Target
from race401.harness.probe.card import Card
from race401.harness.probe.probing import Learnt, middle, probe, summed
from race401.harness.probe.sequences import Refresh, Use
from race401.harness.probe.signing_in import SignsIn
from race401.harness.probe.wire import Wire


class NotAnswered(Exception):
    """A new session's tokens are refused, so that nothing can be asked; the message says what may be wrong."""


async def make(
    target: Target, signs_in: SignsIn, rounds: int, budget: float, say: Callable[[str], object]
) -> tuple[Card, list[Trial]]:
    """Return the card, and every trial behind it. Raises SignInFailed, Gone, NotAnswered before the first trial."""
    wire, learnt, since = Wire(target, signs_in), Learnt(), time.monotonic()
    try:
        await _first(wire, target)
        await probe(wire, target.able, rounds, budget, say, learnt)
    finally:
        await wire.close()
    card = msgspec.structs.replace(
        summed(learnt, target.able, place(target.token_url), target.dialect.name),
        facts=wire.facts,
        sessions=wire.sessions,
        requests=wire.requests,
        released_within=middle(wire.spreads),
        answered_within=middle(wire.answered),
        took=round(time.monotonic() - since, 1),
    )
    return card, [*learnt.trials, *learnt.late, *learnt.beyond]


async def _first(wire: Wire, target: Target) -> None:
    """Refresh once: what refuses a new session's token is no token endpoint, or speaks another dialect."""
    pair = await wire.sign_in()
    [(answer, _)] = await wire.send([(Refresh("0", "1"), pair)])
    if answer.what != "granted":
        raise NotAnswered(
            f"{place(target.token_url)} answered {_said(answer)} to a new session's refresh token: "
            f"not a token endpoint, or not the dialect {target.dialect.name}"
        )
    if target.me:
        [(seen, _)] = await wire.send([(Use("0", "use"), await wire.sign_in())])
        if seen.what != "granted":
            raise NotAnswered(f"--me {place(target.me)} answered {seen.status} to a new session's access token")


def _said(answer: Answer) -> str:
    """Return the status, and its error where that says more."""
    said = f"{answer.status} {answer.error.removeprefix(str(answer.status)).strip()}".rstrip()
    return f"{said} (a redirect, which is not followed)" if answer.status // 100 == 3 else said  # noqa: PLR2004
