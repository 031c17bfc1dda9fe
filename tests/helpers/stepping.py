"""The decision core, stepped by hand: pairs, and a flow played through the events that a driver would send."""

from dataclasses import replace
from typing import Any

from race401.harness.tokens.core import Flow
from race401.harness.tokens.errors import RefreshRefused
from race401.harness.tokens.model import AT_ONCE, Cached, Done, Effect, Event, Flight, TokenPair
from race401.harness.tokens.policy import FIXED

NOW = 1_759_614_660.0  # 2025-10-04T21:51:00Z
REFUSED = RefreshRefused("Invalid Refresh Token: Already Used", status=400, code="refresh_token_already_used")


def pair(left: float, generation: int = 0, **more: Any) -> TokenPair:
    """A pair with `left` s of life at NOW."""
    return TokenPair(f"access-{generation}", f"refresh-{generation}", NOW + left, generation, **more)


def cached(left: float, generation: int = 0, **more: Any) -> Cached:
    """Such a pair, cached at NOW and used up: whoever finds it must decide."""
    return Cached(pair(left, generation, **more), NOW, NOW)


def play(flow: Flow, *events: Event) -> list[Effect]:
    """Step the flow through the events, answering what is done at once, and return every effect it asked for."""
    answers, asked = iter(events), []
    try:
        effect = next(flow)
        while True:
            asked.append(effect)
            effect = flow.send(Done(NOW) if isinstance(effect, AT_ONCE) else next(answers))
    except StopIteration:
        assert next(answers, None) is None, "the flow ended before the events did"
    return asked


def upto(flow: Flow, *events: Event) -> Effect:
    """Step the flow through the events as far as they go, and return what it asks for next."""
    answers, effect = iter(events), next(flow)
    while True:
        event = Done(NOW) if isinstance(effect, AT_ONCE) else next(answers, None)
        if event is None:
            return effect
        effect = flow.send(event)


def kinds(effects: list[Effect]) -> list[str]:
    """The effects' names."""
    return [type(effect).__name__ for effect in effects]


def about(flight: Flight | None) -> tuple[object, ...]:
    """What a flight is for, and under which sign-in it began."""
    assert flight is not None
    return flight.pair, flight.reason, flight.epoch, flight.rejected


FRESH, DUE, SPENT = (pair(left, 3, family="ada") for left in (3600, 100, 20))
NEWER = pair(3600, 4, family="ada")
SHARING = replace(FIXED, share_store_read=True, mandatory_margin=30.0, check_generation=True, guard_put_back=True)
BESIDE = replace(FIXED, mandatory_margin=30.0)
REREADING = replace(FIXED, reread_in_flight=True, lock_across_tabs=True)
FENCED = replace(FIXED, fence_sign_out=True)
READ, LANDED = NOW + 1, NOW + 2  # when the store was read, and when an exchange was answered
