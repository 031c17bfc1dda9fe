"""
The sequences of a probe, as data: what is sent when, and what is looked at afterwards.

A pair of tokens has a name within its sequence: "0" came with the sign-in, `Refresh("0", "1")` presents its refresh
token and names what that brings "1". An answer is found by the name of its step.
"""

from dataclasses import dataclass, replace
from typing import TypeAlias

SOON = 0.5  # s; after an answer that was lost, until the client asks again
BURST = 5  # uses at once; as many requests as the incident's page has
OTHER = "other"  # the pair of another session of the same user


@dataclass(frozen=True, slots=True)
class Refresh:
    """Present the refresh token of a pair."""

    token: str
    name: str
    heard: bool = True  # otherwise the answer is lost: the server decided, and the client never knows what
    tail: bool = False  # looks whether the token lives: each one is presented once so


@dataclass(frozen=True, slots=True)
class Use:
    """Use the access token of a pair at a resource."""

    token: str
    name: str


@dataclass(frozen=True, slots=True)
class SignOut:
    """Revoke the refresh token of a pair (RFC 7009)."""

    token: str
    name: str = "out"


@dataclass(frozen=True, slots=True)
class Pause:
    """Let so many s pass."""

    seconds: float
    name: str = "pause"


@dataclass(frozen=True, slots=True)
class SignIn:
    """Begin another session."""

    name: str = OTHER


Step: TypeAlias = Refresh | Use | SignOut | Pause | SignIn


@dataclass(frozen=True, slots=True)
class Sequence:
    """What happens to one session; the steps of a group leave at once."""

    name: str
    about: str
    groups: tuple[tuple[Step, ...], ...]
    many: bool = False  # it is a race, whose outcomes differ: played in all rounds, others in a few
    needs: frozenset[str] = frozenset()  # "me", "revoke": what must have been told


def _one_by_one(*steps: Step) -> tuple[tuple[Step, ...], ...]:
    return tuple((step,) for step in steps)


def _alive(*pairs: str) -> tuple[tuple[Step, ...], ...]:
    """Look which of these pairs live: the access tokens first, for a refresh may end them."""
    uses = [Use(pair, f"use {pair}") for pair in pairs]
    return _one_by_one(*uses, *(Refresh(pair, f"alive {pair}", tail=True) for pair in pairs))


def burst(n: int) -> list[str]:
    """Return the names of so many pairs that uses at once bring."""
    return [f"1.{k + 1}" for k in range(n)]


def _at_once(n: int, words: str) -> Sequence:
    uses = tuple(Refresh("0", name) for name in burst(n))
    return Sequence(
        f"at once {n}", f"{words} uses of one refresh token at once", (uses, *_alive(*burst(n))), many=True
    )


FIRST = Refresh("0", "1")
AGAIN = Refresh("0", "again")
_USED = (FIRST, Use("1", "use"))  # acknowledged at a resource
_REFRESHED = (FIRST, Refresh("1", "2"))  # acknowledged by a refresh

SEQUENCES = (
    Sequence(
        "access",
        "an access token after its refresh",
        _one_by_one(Use("0", "before"), FIRST, Use("0", "after"), Use("1", "new"), Use("0", "after use")),
        needs=frozenset({"me"}),
    ),
    Sequence(
        "second use",
        "a second use, right after the first",
        (*_one_by_one(SignIn(), FIRST, AGAIN), *_alive("again", "1", OTHER)),
    ),
    Sequence(
        "third use",
        "a third use",
        (*_one_by_one(FIRST, AGAIN, Refresh("0", "third")), *_alive("1")),
    ),
    Sequence(
        "after a refresh",
        "a second use, once the successor was refreshed itself: the grandparent",
        (*_one_by_one(SignIn(), *_REFRESHED, AGAIN), *_alive("2", OTHER)),
    ),
    Sequence(
        "after a use",
        "a second use, once the new access token was used",
        (*_one_by_one(*_USED, AGAIN), *_alive("1")),
        needs=frozenset({"me"}),
    ),
    _at_once(2, "two"),
    _at_once(BURST, "five"),
    Sequence(
        "lost answer",
        "the answer is lost on its way, and the client asks again",
        (*_one_by_one(Refresh("0", "1", heard=False), Pause(SOON), AGAIN), *_alive("again")),
    ),
    Sequence(
        "sign-out, newest",
        "sign-out by the newest refresh token",
        # the other session first: to present a token that was signed out may itself be a reuse, and end all there is
        (*_one_by_one(SignIn(), FIRST, SignOut("1")), *_alive(OTHER, "1")),
        needs=frozenset({"revoke"}),
    ),
    Sequence(
        "sign-out, consumed",
        "sign-out by a refresh token that was consumed",
        (*_one_by_one(FIRST, SignOut("0")), *_alive("1")),
        needs=frozenset({"revoke"}),
    ),
    Sequence(
        "sign-out beside a refresh",
        "sign-out beside a refresh of the same token",
        ((FIRST, SignOut("0")), *_alive("1")),
        many=True,
        needs=frozenset({"revoke"}),
    ),
)


def delayed(sequence: str, seconds: float) -> Sequence:
    """Return the sequence of this name with so many s before its use again, and without another session."""
    given = next(each for each in SEQUENCES if each.name == sequence)
    groups: list[tuple[Step, ...]] = []
    for group in given.groups:
        if OTHER in (group[0].name, getattr(group[0], "token", "")):
            continue
        groups += [(Pause(seconds),), group] if group == (AGAIN,) else [group]
    return replace(given, groups=tuple(groups))
