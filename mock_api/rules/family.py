"""
The refresh tokens descended from one sign-in, as one value, of which the issuer's rules make the next.

A long family forgets what was used least recently, so that an exchange costs the same after ten thousand.
"""

from dataclasses import dataclass, replace
from heapq import nlargest

REMEMBERED = 100  # refresh tokens of a family, at least; the least recently used beyond are not found any more


@dataclass(frozen=True, slots=True)
class Link:
    """One refresh token of a family, as the server's row about it."""

    token: str
    generation: int  # its place in the family, from 0
    parent: str | None
    issued_at: int  # s; `iat` of the first access token that came with it
    updated_at: float  # s; when it was issued, consumed or revoked
    revoked: bool = False
    consumed_at: int = 0  # ns on the machine's monotonic clock; 0 where nobody asks for the order
    reuses: int = 0  # that were tolerated, where the world counts them
    used: bool = False  # an access token that came with it was, at a resource; where the world wants to know
    withdrawn: bool = False  # its client revoked it: no use is tolerated


@dataclass(frozen=True, slots=True)
class Family:
    """The refresh tokens descended from one sign-in; its id is the server session's. Without links it is deleted."""

    id: str
    user: str
    created_at: float
    links: tuple[Link, ...]  # by generation; between REMEMBERED and twice as many in a long family
    refreshed_at: float  # s; when an exchange was granted last, or the session began
    revoked: bool = False  # reuse was detected

    @property
    def active(self) -> Link | None:
        """The newest live link."""
        return next((link for link in reversed(self.links) if not link.revoked), None)

    def find(self, token: str) -> Link | None:
        """The link of this token."""
        return next((link for link in reversed(self.links) if link.token == token), None)

    def at(self, generation: int) -> Link | None:
        """The link of this generation."""
        return next((link for link in reversed(self.links) if link.generation == generation), None)

    def child(self, token: str) -> Link | None:
        """The link that the first use of this token brought."""
        return next((link for link in self.links if link.parent == token), None)

    @property
    def stand_in(self) -> Link:
        """The oldest link, in the place of those that are forgotten: it is consumed, and so were they.

        A rule that lets it live again would rotate a token that was used long ago.
        """
        oldest = self.links[0]
        assert oldest.revoked, f"link {oldest.generation} of {self.id} lives, in the place of forgotten ones"
        return oldest

    def generation_at(self, issued_at: float) -> int:
        """The generation of an access token with this `iat`: tokens do not name it on the wire."""
        oldest = self.links[0].generation if self.links else 0
        return next((link.generation for link in reversed(self.links) if link.issued_at <= issued_at), oldest)

    def changed(self, link: Link) -> "Family":
        """Return the family with this link in the place of its generation; mostly that is the last."""
        links = self.links
        place = next(n for n in reversed(range(len(links))) if links[n].generation == link.generation)
        return replace(self, links=(*links[:place], link, *links[place + 1 :]))

    def with_child(self, link: Link) -> "Family":
        """Return the family after an exchange brought this link; a long one forgets many of its oldest at once."""
        links = self.links
        if len(links) >= 2 * REMEMBERED:
            recent = nlargest(REMEMBERED - 1, links, key=lambda link: (link.updated_at, link.generation))
            links = tuple(sorted(recent, key=lambda link: link.generation))
        return replace(self, links=(*links, link), refreshed_at=link.updated_at)
