"""A schedule as an HTTP story: who sends what, what the servers answer, what the app sees."""

from collections.abc import Iterable, Iterator
from typing import Any

from race401.harness.explore.core.findings import KINDS
from race401.harness.explore.core.schedule import Step
from race401.harness.explore.core.stage import Stage
from race401.harness.explore.core.state import PASSES, letter
from race401.harness.explore.core.values import Waits
from race401.harness.explore.core.wrongs import resurrected
from race401.harness.tokens.model import (
    Cleared,
    Exchange,
    GaveUp,
    Launch,
    Lock,
    ReadStore,
    RefreshWanted,
    Send,
    StoreRead,
    TokenPair,
    WriteStore,
)

RISEN = "the session is back after its sign-out, and stays"
WHO = {"caller": "call", "ticker": "auto-refresh", "sign-out": "sign-out", "sign-in": "sign-in"}


def sentences(stage: Stage, steps: Iterable[Step]) -> Iterator[str]:
    """Yield the story's lines, numbered by step."""
    schedule = list(steps)
    risen = _risen(schedule)
    for n, step in enumerate(schedule, 1):
        if step.move.what == PASSES:
            yield f"{n:3}  {_passed(stage, step)}"
            continue
        words = "; ".join(_words_of(step))
        yield f"{n:3}  {_who(step):<15} {words}"
        marks = [KINDS[mark].sentence for mark in step.move.marks]
        for mark in marks + [RISEN] * (n == risen):
            yield f"     {'':<15} ^ {mark}"


def _risen(schedule: list[Step]) -> int | None:
    """Return the number of the step after which a signed-out session is held to the end, if one is."""
    since = None
    for n, step in enumerate(schedule, 1):
        since = (since or n) if resurrected(step.move.env) else None
    return since


def _who(step: Step) -> str:
    kind, number = step.who.rsplit(" ", 1)
    name = WHO.get(kind, kind)
    alone = kind in ("sign-out", "sign-in", "refusal")
    where = f" in tab {step.actor.tab + 1}" if len(step.before.tabs) > 1 and not alone else ""
    return (name if alone else f"{name} {number}") + where


def _passed(stage: Stage, step: Step) -> str:
    """Say that time passes, and what that does to the stored token."""
    then, now = stage.instants[step.before.now], stage.instants[step.move.env.now]
    line = f"-- {now - then:.0f} s pass"
    pair = step.before.store
    if pair is None:
        return f"{line} --"
    left = pair.expires_at - now
    life = f"has {left:.0f} s left" if left > 0 else f"expired {-left:.0f} s ago"
    wrong = (
        f"; the device's clock is {abs(stage.scenario.skew):.0f} s {'behind' if stage.scenario.skew < 0 else 'ahead'}"
    )
    return f"{line}: {_name(pair)} {life}{wrong if stage.scenario.skew else ''} --"


def _words_of(step: Step) -> Iterator[str]:
    actor, move = step.actor, step.move
    if actor.heard is not None and not isinstance(actor.heard, str):
        yield _heard(actor.heard)
    elif move.stepped is None:
        yield _happened(step)
    elif isinstance(actor.heard, str):
        yield f"receives its 401 ({actor.heard})"
    else:
        yield move.what.split(",")[0]
    if move.stepped is not None:
        for effect in move.stepped.done:
            yield from _act(effect)
        if move.stepped.position is not None:
            yield from _act(move.stepped.position.effect)
        elif move.what != "is cancelled" and actor.kind == "caller" and actor.refused:
            yield "the app sees the 401"
        if " and gets " in move.what:
            yield move.what.split(" and ")[-1]


def _heard(heard: Any) -> str:
    if isinstance(heard, StoreRead):
        return f"goes on with what it read ({_name(heard.pair)})"
    if isinstance(heard, TokenPair):
        return f"has {_name(heard)}"
    if isinstance(heard, Exception):
        return f"learns that the refresh failed: {heard}"
    return "goes on"


def _happened(step: Step) -> str:
    effect = step.actor.position.effect if step.actor.position is not None else None
    if isinstance(effect, ReadStore):
        return f"getSession() gives {_name(step.before.store)}"
    if isinstance(effect, Exchange):
        return f"POST /token with {_name(effect.pair)}'s refresh token {_judged(step)}"
    if isinstance(effect, Send):
        return step.move.what
    if step.actor.kind == "orphan":
        return f"POST /token with {_name(step.actor.given)}'s refresh token {_judged(step)}"
    if step.actor.kind == "refusal":
        return "from now on the API refuses the first token"
    return step.move.what


def _judged(step: Step) -> str:
    """Say what the auth server did; of the second of two steps, what it wrote."""
    unwritten = step.actor.unwritten
    if unwritten is None or step.move.what != "is written":
        return step.move.what
    if isinstance(unwritten.answer, TokenPair):
        return f"is consumed: {_name(unwritten.answer)} is the session's token now"
    return "was refused: the session is revoked now"


def _act(effect: Any) -> Iterator[str]:  # noqa: C901 - a table
    match effect:
        case ReadStore():
            yield "asks getSession()"
        case Send(pair):
            yield f"sends its request {'again ' if effect.retry else ''}with {_name(pair)}"
        case Exchange(pair, reason):
            yield f"sends POST /token with {_name(pair)}'s refresh token ({reason})"
        case Waits():
            yield "waits for the shared refresh"
        case Launch():
            yield "starts the shared refresh and does not wait for it"
        case Lock():
            yield "waits for the lock across tabs"
        case WriteStore(pair):
            yield f"stores {_name(pair)}" if pair is not None else "empties the store"
        case RefreshWanted(_, reason):
            yield f"wants a refresh ({reason})"
        case Cleared():
            yield "clears the session cache"
        case GaveUp(_, why):
            yield f"gives up: {why}"


def _name(pair: TokenPair | None) -> str:
    return "no token" if pair is None else f"token {pair.access_token.split('@')[0]}{letter(pair)}"
