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

TOO_MANY, FAILURE = 429, 500
CLIENT = ("invalid_client", "unauthorized_client")  # RFC 6749 s.5.2


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
        raise NotAnswered(_refused(answer, target))
    if target.me:
        [(seen, _)] = await wire.send([(Use("0", "use"), await wire.sign_in())])
        if seen.what != "granted":
            raise NotAnswered(f"--me {place(target.me)} answered {seen.status} to a new session's access token")


def _refused(answer: Answer, target: Target) -> str:
    """Return what was answered to a new session's refresh token, and what may be wrong."""
    what = answer.error.removeprefix(str(answer.status)).strip()
    if not answer.status:
        return f"{place(target.token_url)}: {what}"
    if answer.status == TOO_MANY or answer.status >= FAILURE:
        cause = "nothing can be learnt while it says so; try again later"
    elif what in CLIENT:
        cause = "it wants another client, or its secret: --client ID[:SECRET]"
    else:
        cause = f"not a token endpoint, or not the dialect {target.dialect.name}"
    said = f"{answer.status} {what}".rstrip()
    if answer.status // 100 == 3:  # noqa: PLR2004
        said += " (a redirect, which is not followed)"
    return f"{place(target.token_url)} answered {said} to a new session's refresh token: {cause}"
