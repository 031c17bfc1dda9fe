"""
The issuer's rules: (family, presented refresh token, now) -> (family, answer), pure.

Rules: no time, no chance, no I/O. The fresh token comes in as an argument. A family is never changed in place,
so whoever stores it makes the step atomic by storing the result before anyone else reads.

For example, in `rfc9700`, where each step takes the family that the one before it returned::

    begin("F", user, "R0", 0.0, 0)              R0 lives
    exchange(world, family, "R0", 10.0, "R1")   ROTATED: R0 is consumed, R1 lives
    exchange(world, family, "R0", 11.0, "R2")   REUSED: the family is revoked, and R1 with it
    exchange(world, family, "R1", 12.0, "R3")   REVOKED

In `supabase` the third line is REUSE_TOLERATED and brings R1 again, while R1 is the newest that lives.
"""

from dataclasses import dataclass, replace
from typing import Literal

from race401.ledger.outcomes import Outcome
from race401.mock_api.rules.family import Family, Link
from race401.mock_api.rules.worlds import World

LOSERS = frozenset({"refusal", "same", "sibling"})  # what is not left to later reuse, nor to what the store reads


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client is told."""

    outcome: Outcome
    presented: int | None  # generation of the token that was presented
    link: Link | None = None  # the refresh token that the client gets, where the exchange was granted
    same: bool = False  # and the access token is the one that came with it first


def begin(family: str, user: str, token: str, now: float, issued_at: int) -> Family:
    """Return the family of a new sign-in."""
    return Family(family, user, now, (Link(token, 0, None, issued_at, now),), now)


def exchange(
    world: World, family: Family, presented: str, now: float, fresh: str, *, concurrent: bool = False
) -> tuple[Family, Answer]:
    """Return the family after this exchange, and the answer. `fresh` is the token to issue, if one is issued.

    `concurrent`: it was received before the decision that consumed the presented token was committed.
    """
    link = family.find(presented)
    if link is None:
        return family, Answer(Outcome.NOT_FOUND, None)
    if over := ended(world, family, now):
        return family, Answer(over, link.generation)
    if link.withdrawn:
        return family, Answer(Outcome.REVOKED, link.generation)
    if not link.revoked:
        outcome, token = (Outcome.ROTATED, fresh) if world.rotates else (Outcome.KEPT, link.token)
        return _succeed(family, link, now, token, outcome)
    if concurrent and not family.revoked and world.losers_get in LOSERS:
        return _lose(world, family, link, now, fresh)
    return _reuse(world, family, link, now, fresh)


def ended(world: World, family: Family, now: float) -> Outcome | None:
    """Return which of the world's limits the session has outlived, whatever token is presented."""
    if world.timebox and now > family.created_at + world.timebox:
        return Outcome.TIMED_OUT
    if world.inactivity and now > family.refreshed_at + world.inactivity:
        return Outcome.INACTIVE
    return None


def causes(world: World, family: Family, presented: str, now: float) -> tuple[str, ...]:
    """Return GoTrue's words for why a consumed token is accepted again; they go into a header."""
    active = family.active
    holds_by_word = {
        "concurrent-refresh": abs(now - family.refreshed_at) < world.reuse_interval,
        "fail-to-save": active is not None and active.parent == presented,
        "always-allow": _always(world),
    }
    return tuple(word for word, holds in holds_by_word.items() if holds)


def consumed(family: Family, token: str, at: int) -> Family:
    """Return the family with the order of the decision that consumed this token: ns on the monotonic clock."""
    link = family.find(token)
    return family if link is None else family.changed(replace(link, consumed_at=at))


def tracks(world: World) -> bool:
    """Return whether it matters with which refresh token an access token came."""
    return world.refresh_ends_access_tokens != "no" or tracks_use(world)


def tracks_use(world: World) -> bool:
    """Return whether it matters that an access token was used at a resource."""
    return world.refresh_ends_access_tokens == "at_first_use" or world.acknowledged_by == "use"


def refused(
    world: World, family: Family | None, generation: int
) -> Literal["session_revoked", "ended_by_refresh"] | None:
    """Return why resources refuse an access token that came with this link; None: its session is no reason."""
    ends = world.refresh_ends_access_tokens
    if (world.check_session or ends != "no") and (family is None or not family.links or family.revoked):
        return "session_revoked"
    if ends == "no" or family is None:
        return None
    link = family.at(generation)
    over = link is None or link.withdrawn or (link.revoked if ends == "at_once" else _acknowledged(family, link))
    return "ended_by_refresh" if over else None


def used(family: Family, generation: int) -> Family:
    """Return the family after an access token that came with this link was used at a resource."""
    link = family.at(generation)
    return family if link is None or link.used else family.changed(replace(link, used=True))


def withdrawn(family: Family, token: str, now: float) -> Family:
    """Return the family after its client revoked this token alone; one that is consumed changes nothing."""
    link = family.find(token)
    if link is None or link.revoked:
        return family
    return family.changed(replace(link, revoked=True, withdrawn=True, updated_at=now))


def misused(world: World, family: Family, now: float) -> Family:
    """Return the family after its client presented a consumed token where no use of it is tolerated."""
    if world.on_reuse == "refuse":
        return family
    return _revoke(world, family, now) if world.on_reuse == "revoke" else replace(family, links=(), revoked=True)


def _unacknowledged(world: World, family: Family, link: Link) -> bool:
    """Return whether the answer that consumed this link may not have been heard, as far as the server knows."""
    if world.unacknowledged_brings == "as_reuse":
        return False
    if world.acknowledged_by == "refresh":
        return _parent_of_active(family, link)
    return not family.revoked and not _acknowledged(family, link)


def _parent_of_active(family: Family, link: Link) -> bool:
    active = family.active
    return active is not None and active.parent == link.token


def _acknowledged(family: Family, link: Link) -> bool:
    """Return whether an access token that came with a successor of this link was used at a resource."""
    return any(each.used for each in family.links if each.parent == link.token and each.generation > link.generation)


def _lose(world: World, family: Family, link: Link, now: float, fresh: str) -> tuple[Family, Answer]:
    """Answer one that raced for the token and came second."""
    if world.losers_get == "sibling":
        return _succeed(family, link, now, fresh, Outcome.FORKED, link.updated_at)
    brought = family.child(link.token) if world.losers_get == "same" else None
    if brought is None:
        return family, Answer(Outcome.REUSED, link.generation)
    return _again(family, link, brought, now, same=True)


def _always(world: World) -> bool:
    """Return whether a consumed token is accepted for ever; GoTrue asks for that in its v2 alone."""
    return world.always_reusable and world.refresh_format == "counted"


def _within(world: World, family: Family, link: Link, now: float) -> bool:
    """Return whether the reuse interval still runs. GoTrue's v1 includes its last instant, its v2 does not."""
    if world.reuse_of == "parent" and not _parent_of_active(family, link):
        return False
    if link.reuses < world.reuse_count:
        return True
    if world.reuse_counts_from == "refresh":
        return abs(now - family.refreshed_at) < world.reuse_interval
    return world.reuse_interval > 0 and now <= link.updated_at + world.reuse_interval


def _reuse(world: World, family: Family, link: Link, now: float, fresh: str) -> tuple[Family, Answer]:
    """Answer the use of a consumed token."""
    if _unacknowledged(world, family, link):
        if world.unacknowledged_brings == "sibling":
            return _succeed(family, link, now, fresh, Outcome.FORKED, link.updated_at)
        same = world.unacknowledged_brings == "same"
        brought = family.child(link.token) if same else family.active
        if brought is not None:
            return _again(family, link, brought, now, same=same)
    if _always(world) or _within(world, family, link, now):
        return _tolerate(world, family, link, now, fresh)
    return _refuse(world, family, link, now)


def _tolerate(world: World, family: Family, link: Link, now: float, fresh: str) -> tuple[Family, Answer]:
    """Bring what the world brings within the reuse interval."""
    if family.revoked and not world.revoked_last_lives:
        return _refuse(world, family, link, now)
    link = replace(link, reuses=link.reuses + 1) if world.reuse_count else link
    used_at = now if world.reuse_slides else link.updated_at
    if world.reuse_brings == "sibling":
        return _succeed(family, link, now, fresh, Outcome.FORKED, used_at)
    brought = family.child(link.token) if world.reuse_brings == "same" else family.active
    if brought is None:
        return _refuse(world, family, link, now)
    used = replace(link, updated_at=used_at)
    return _again(family.changed(used), link, brought, now, same=world.reuse_brings == "same")


def _again(family: Family, link: Link, brought: Link, now: float, *, same: bool = False) -> tuple[Family, Answer]:
    """Bring a token that was issued before; the session counts as refreshed all the same."""
    answer = Answer(Outcome.REUSE_TOLERATED, link.generation, brought, same=same)
    return replace(family, refreshed_at=now), answer


def _succeed(
    family: Family, link: Link, now: float, token: str, outcome: Outcome, used_at: float | None = None
) -> tuple[Family, Answer]:
    """Consume the link and append its successor."""
    child = Link(token, family.links[-1].generation + 1, link.token, int(now), now)
    consumed = replace(link, revoked=True, updated_at=now if used_at is None else used_at)
    return family.changed(consumed).with_child(child), Answer(outcome, link.generation, child)


def _refuse(world: World, family: Family, link: Link, now: float) -> tuple[Family, Answer]:
    """Refuse a reuse, and do to the family what the world does then."""
    answer = Answer(Outcome.REVOKED if family.revoked else Outcome.REUSED, link.generation)
    return misused(world, family, now), answer


def _revoke(world: World, family: Family, now: float) -> Family:
    """Revoke what lives. GoTrue stamps those rows with now, so that its reuse interval begins for them."""

    def revoked(link: Link) -> Link:
        return replace(link, revoked=True, updated_at=now if world.revoked_last_lives else link.updated_at)

    links = tuple(link if link.revoked else revoked(link) for link in family.links)
    return replace(family, links=links, revoked=True)
