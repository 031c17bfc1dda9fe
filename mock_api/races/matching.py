"""Which request is meant: the vocabulary that race programs and faults share, over the ledger's own words.

Every field that is given must hold. What is not yet known at a gate (no status before the answer) matches nothing.
"""

from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Annotated, Literal

import msgspec

from race401.ledger.dialects import reading
from race401.ledger.dialects.presets import USUAL
from race401.ledger.entry import Entry

RESOURCES = frozenset({"/contacts", "/me/entitlements", "/persona-notes", "/messages"})

Name = Annotated[str, msgspec.Meta(max_length=1_000)]  # characters; a glob is compiled
Kind = Literal["resource", "exchange", "sign_in", "sign_out"]


class Match(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A request; without any field, every request."""

    request: Kind | None = None
    method: Name | None = None
    target: Name | None = None  # a glob over path and query, as the ledger has them
    world: Name | None = None
    client: Name | None = None  # a prefix
    family: Name | None = None
    generation: int | None = None  # of the token that was presented
    status: int | None = None  # this, the cause and the outcome are known at the gate `answer`
    cause: Name | None = None
    grant_outcome: Name | None = None
    nth: Annotated[int, msgspec.Meta(ge=1)] | None = None  # only this one of those that match, from 1

    def fits(self, entry: Entry) -> bool:
        """Tell whether the entry is such a request; `nth` is for whoever counts."""
        return (
            (self.request is None or is_a(self.request, entry))
            and (self.target is None or fnmatchcase(entry.target, self.target))
            and (self.client is None or (entry.client or "").startswith(self.client))
            and all(
                wanted is None or wanted == getattr(entry, name)
                for name in ("method", "world", "family", "generation", "status", "cause", "grant_outcome")
                for wanted in (getattr(self, name),)
            )
        )

    def within(self, world: str | None, client: str | None) -> "Match":
        """Return the match narrowed to this world and client, where it names none itself."""
        return msgspec.structs.replace(self, world=self.world or world, client=self.client or client)

    def __str__(self) -> str:
        given = msgspec.to_builtins(self)
        return ", ".join(f"{name} {value}" for name, value in given.items()) or "any request"


def is_a(kind: Kind, entry: Entry) -> bool:
    """Tell whether the request is of this kind."""
    if kind == "resource":
        return entry.target.partition("?")[0] in RESOURCES
    return entry.method == "POST" and _asked(entry.target) == kind


@lru_cache(4_096)
def _asked(target: str) -> str | None:
    """Return what a POST asks for, by path and query alone; one whose grant is in its body is an exchange."""
    path, _, query = target.partition("?")
    dialect, role = reading.role(USUAL, "POST", path)
    if dialect is None or role != "token":
        return role
    grant = reading.first(reading.fields(query.encode("latin-1", "replace")), dialect.grant)
    return "exchange" if grant is None or grant in dialect.refresh_grants else "sign_in"


class Counted:
    """A match that counts: `nth` is reckoned from here."""

    def __init__(self, match: Match) -> None:
        self.match = match
        self.seen = 0

    def takes(self, entry: Entry) -> bool:
        """Tell whether this request is meant; count it if it fits."""
        if not self.match.fits(entry):
            return False
        self.seen += 1
        return self.match.nth in (None, self.seen)
