"""
The state of a schedule as values: the `Env` that all share, the actors in it, and a step from one to the next.

The explorer's own tokens name their account, generation and instant: `A0@1000000`. Refresh tokens name no instant,
and have a letter where a server that loses updates issues several of one generation: `Ar1`, `Ar1b`.
"""

from string import ascii_lowercase
from typing import Any, NamedTuple, TypeAlias

from race401.harness.explore.core.flows import Stepped
from race401.harness.explore.core.values import Position, Shared
from race401.harness.tokens.errors import AuthError
from race401.harness.tokens.model import TokenPair

START = 1_000_000.0  # s, when the first tokens are issued
FIRST = f"A0@{START:.0f}"  # the first access token
PASSES = "passes"
NOBODY = ""  # is signed in
LETTERS = ascii_lowercase[1:]  # of a second successor, a third and so on

Presented: TypeAlias = tuple[str, int | None] | str  # a generation; the token, where several can be of one generation


class Env(NamedTuple):
    """All that is not an actor's own."""

    now: int  # index of the instant
    tabs: tuple[Shared, ...]
    store: TokenPair | None
    families: tuple[Any, ...]  # the issuer's, one per account
    account: str = "A"  # who is signed in
    lock: bool = False  # the lock across tabs is held
    read: bool = False  # a caller has read from the store, at this instant, what it still holds
    failed: bool = False  # an exchange has failed at this instant
    faulted: bool = False  # an exchange has failed or lost its answer
    tried: frozenset[Presented] = frozenset()  # what the issuer has judged
    lost: frozenset[Presented] = frozenset()  # of these the answer was lost
    issued: frozenset[str] = frozenset()  # refresh tokens of a server that loses updates, written or not
    rejected: frozenset[str] = frozenset()  # access tokens that a resource has refused
    warned: frozenset[tuple[int, str]] = frozenset()  # (tab, access token): a caller there has heard of its refusal
    refusing: bool = False  # the resources have begun to refuse the first access token
    incurable: bool = False  # a lost answer has cost the session
    cancels: int = 0
    fails: int = 0
    losses: int = 0


class Unwritten(NamedTuple):
    """What an exchange that was checked is to write, where its check and its consumption are two steps."""

    family: Any  # the issuer's, whole: as it was at the check, and what the exchange made of that
    presented: Presented
    answer: TokenPair | AuthError


class Actor(NamedTuple):
    """Who can take a step."""

    kind: str  # caller, refresh, ticker, sign-out, sign-in, clock, refusal, or orphan: a request whose sender is gone
    tab: int = 0
    position: Position | None = None  # None: not begun
    heard: Any = None  # the answer to what it asked for, not yet delivered
    received: bool = False  # its exchange was, while the token that it presents was live
    unwritten: Unwritten | None = None  # of its exchange, which has no answer until that is written
    owner: str | None = None  # of a caller: whose request it is
    locks: bool = False  # it holds the lock across tabs
    refused: bool = False  # the last answer to a caller was a 401
    given: Any = None  # a flight's number, the pair to sign in with, how often to come round


class Move(NamedTuple):
    """One possible step."""

    what: str
    env: Env
    actors: tuple[Actor, ...]  # what the actor becomes, and who is new
    marks: tuple[str, ...] = ()  # what is wrong about it
    stepped: Stepped | None = None  # if the client took part


def letter(pair: TokenPair) -> str:
    """Return what tells its refresh token from others of one generation; mostly that is nothing."""
    return pair.refresh_token[len(pair.refresh_token.rstrip(LETTERS)) :]


def account(pair: TokenPair) -> str:
    """Return whose pair it is: the explorer's tokens begin with it."""
    return pair.access_token[0]
