"""
The issuer's rules: (family, presented refresh token, now) -> (family, answer), pure.

Rules: no time, no chance, no I/O. The fresh token comes in as an argument. A family is never changed in place,
so whoever stores it makes the step atomic by storing the result before anyone else reads.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from race401.mock_api.worlds import World


class Outcome(StrEnum):
    """What became of an exchange."""

    ROTATED = "rotated"  # the presented token was live; it is consumed and has a successor
    REUSE_TOLERATED = "reuse_tolerated"  # it was consumed, and brings the live token again
    FORKED = "forked"  # it was consumed, and within the reuse interval brings a second successor
    REUSED = "reused"  # it was consumed: refused, and the family's live tokens are revoked
    REVOKED = "revoked"  # the family had been revoked before
    NOT_FOUND = "not_found"  # no such token


GRANTED = frozenset({Outcome.ROTATED, Outcome.REUSE_TOLERATED, Outcome.FORKED})


@dataclass(frozen=True, slots=True)
class Link:
    """One refresh token of a family, as the server's row about it."""

    token: str
    generation: int  # its place in the family, from 0
    parent: str | None
    issued_at: int  # s; `iat` of the first access token that came with it
    updated_at: float  # s; when it was issued, consumed or revoked
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Family:
    """All refresh tokens descended from one sign-in; its id is the server session's."""

    id: str
    user: str
    created_at: float
    links: tuple[Link, ...]
    revoked: bool = False  # reuse was detected

    @property
    def active(self) -> Link | None:
        """The newest live link."""
        return next((link for link in reversed(self.links) if not link.revoked), None)

    def find(self, token: str) -> Link | None:
        """The link of this token."""
        return next((link for link in reversed(self.links) if link.token == token), None)

    def generation_at(self, issued_at: int) -> int:
        """The generation of an access token with this `iat`: tokens do not name it on the wire."""
        return next((link.generation for link in reversed(self.links) if link.issued_at <= issued_at), 0)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client is told."""

    outcome: Outcome
    presented: int | None  # generation of the token that was presented
    link: Link | None = None  # the refresh token that the client gets, where the exchange was granted


def begin(family: str, user: str, token: str, now: float, issued_at: int) -> Family:
    """Return the family of a new sign-in."""
    return Family(family, user, now, (Link(token, 0, None, issued_at, now),))


def exchange(world: World, family: Family, presented: str, now: float, fresh: str) -> tuple[Family, Answer]:
    """Return the family after this exchange, and the answer. `fresh` is the token to issue, if one is issued."""
    link = family.find(presented)
    if link is None:
        return family, Answer(Outcome.NOT_FOUND, None)
    if not link.revoked:
        return _succeed(family, link, now, fresh, Outcome.ROTATED)
    active = family.active
    if world.parent_of_active and active is not None and active.parent == link.token:
        return family, Answer(Outcome.REUSE_TOLERATED, link.generation, active)
    if world.reuse_interval > 0 and now <= link.updated_at + world.reuse_interval:
        return _succeed(family, link, now, fresh, Outcome.FORKED)
    outcome = Outcome.REVOKED if family.revoked else Outcome.REUSED
    return _revoke(world, family, now), Answer(outcome, link.generation)


def _succeed(family: Family, link: Link, now: float, fresh: str, outcome: Outcome) -> tuple[Family, Answer]:
    """Consume the link (again: the reuse interval slides) and append its successor."""
    child = Link(fresh, family.links[-1].generation + 1, link.token, int(now), now)
    consumed = replace(link, revoked=True, updated_at=now)
    links = tuple(consumed if each is link else each for each in family.links)
    return replace(family, links=(*links, child)), Answer(outcome, link.generation, child)


def _revoke(world: World, family: Family, now: float) -> Family:
    """Revoke what lives. GoTrue stamps those rows with now, so that its reuse interval begins for them."""

    def revoked(link: Link) -> Link:
        return replace(link, revoked=True, updated_at=now if world.revoked_last_lives else link.updated_at)

    links = tuple(link if link.revoked else revoked(link) for link in family.links)
    return replace(family, links=links, revoked=True)
