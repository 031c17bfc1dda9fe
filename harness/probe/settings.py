"""
A card as the settings of a world: what was observed, what was not, and what no setting says.

The names are those of the mock's world files. Pure, and without the mock: whoever writes the file checks it there.
"""

import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from race401.harness.probe.card import Card, Interval, Row
from race401.harness.probe.sequences import BURST

LIKE = "rotate-strict"  # has every tolerance switched off, so that what is not written does not come in unseen
STATUSES = (400, 401, 403, 200)
API_STATUSES = (401, 403, 419)
UNSEEN = ("leeway: how long past its end an access token is accepted",)


class Setting(NamedTuple):
    """One line of a world file; without a name, a comment alone."""

    name: str
    value: Any = None
    comment: str = ""


class NothingKnown(Exception):
    """The card does not say enough to make a world of it; the message says what is missing."""


def settings(card: Card) -> list[Setting]:
    """Return the world that behaves as the card says, as far as a world can. Raises NothingKnown."""
    for name in ("rotates", "second.accepted"):
        if not card.row(name).of:
            raise NothingKnown(f"nothing is known of the row {card.row(name).text!r}")
    if card.row("rotates.kept").said in ("never", "sometimes"):
        raise NothingKnown("no setting says that a refresh token is spent, and its answer has no other")
    found = [*_exchange(card), *_beyond(card), *_race(card), *_ends(card), *_limits(card), *_outside(card)]
    return [*found, *(Setting("", comment=f"not observed: {each}") for each in UNSEEN)]


def _exchange(card: Card) -> Iterator[Setting]:
    """Yield what an exchange does to a token, and for how long a consumed one is accepted."""
    rotates = _row(card, "rotates")
    yield _setting("rotates", rotates.said != "never", rotates)
    if rotates.said == "never":
        return
    second = _row(card, "second.accepted")
    if second.said in ("never", "unknown"):
        yield _setting("reuse_interval", 0.0, second)
        return
    kind, plain = _brings(card, "second"), _interval(card, "second use")
    grand, used = _interval(card, "after a refresh"), _interval(card, "after a use")
    if plain is not None and plain.refused is not None:
        yield _interval_of(plain)
        yield _setting("reuse_brings", _tolerated(card, kind, grand), _row(card, "second.same"))
        grandparent = _row(card, "grandparent.accepted")
        yield _setting("reuse_of", "parent" if grandparent.said == "never" else "any", grandparent)
        return
    third = _row(card, "third.accepted")
    if third.said == "never":
        yield Setting("reuse_count", 1, "a second use is accepted whenever it comes, a third is not")
        yield _setting("reuse_brings", kind, _row(card, "second.same"))
        return
    waited = "" if plain is None else f"for as long as anybody waited ({plain.accepted:.0f} s)"
    yield Setting("unacknowledged_brings", kind, f"a consumed token is accepted {waited}".strip())
    by_use = _row(card, "used.accepted").said == "never" or (used is not None and used.refused is not None)
    yield _setting("acknowledged_by", "use" if by_use else "refresh", _row(card, "used.accepted"))
    ended = used if by_use else grand
    if ended is not None and ended.refused is not None:
        yield _interval_of(ended)
        yield _setting("reuse_brings", _tolerated(card, kind, grand), _row(card, "grandparent.newest"))
    elif not by_use and grand is not None:
        yield Setting("reuse_interval", _nice(grand.accepted, math.inf), "its end was not seen: at least this")
        yield _setting("reuse_brings", _tolerated(card, kind, grand), _row(card, "grandparent.newest"))


def _beyond(card: Card) -> Iterator[Setting]:
    """Yield from when an interval counts, and what it does for a session that is over."""
    ended = [each for each in card.intervals if each.refused is not None]
    if not ended:
        yield Setting("", comment="no interval's end was seen, so that nothing can be said of when it counts from")
        return
    seen = next((each for each in ended if each.slides is not None or each.counts_from is not None), ended[0])
    if seen.counts_from is None:
        yield Setting("", comment="not observed: reuse_counts_from")
    else:
        after = "accepted" if seen.counts_from == "refresh" else "refused"
        yield Setting(
            "reuse_counts_from", seen.counts_from, f"past its end, but not past the session's refresh: {after}"
        )
    if seen.counts_from == "refresh":
        yield Setting("", comment="reuse_slides makes no difference then")
    elif seen.slides is None:
        yield Setting("", comment="not observed: reuse_slides")
    else:
        yield Setting("reuse_slides", seen.slides, "past its end, but not past another use: as said")
    if seen.later is None:
        yield Setting("", comment="not observed: revoked_last_lives")
    elif not (seen.lives and seen.later):
        yield Setting(
            "revoked_last_lives", bool(seen.lives), "after a late use that was refused, and an interval later"
        )


def _limits(card: Card) -> Iterator[Setting]:
    """Yield how long a session lives at all, as far as anybody saw."""
    rotates = card.row("rotates")
    yield Setting("single_session", False, f"refreshed after another sign-in of the user: {rotates.of} sessions")
    waited = f"sessions of {card.oldest:.0f} s were refreshed, and none that was older"
    yield Setting("", comment=f"not observed: timebox, inactivity ({waited})")


def _brings(card: Card, name: str) -> str:
    """Return what a second use brings."""
    if _row(card, f"{name}.same").said != "always":
        return "sibling"
    return "same" if _row(card, f"{name}.same-access").said == "always" else "live"


def _tolerated(card: Card, kind: str, grand: Interval | None) -> str:
    """Return what a reuse within the interval brings: the grandparent tells the newest token from the same pair."""
    if grand is None:
        return kind
    if _row(card, "grandparent.newest").said == "always":
        return "live"
    return "same" if _row(card, "grandparent.same").said == "always" else "sibling"


def _race(card: Card) -> Iterator[Setting]:
    """Yield what uses at once get."""
    counts = card.spread.get(BURST, [])
    more, several = _row(card, f"at-once-{BURST}.more"), _row(card, f"at-once-{BURST}.several")
    lives, rotates = _row(card, f"at-once-{BURST}.lives"), _row(card, "rotates")
    if not counts or rotates.said == "never":
        if rotates.said != "never":
            yield Setting("", comment="not observed: losers_get, what uses at once get")
        return
    seen = f"{more.yes} of {more.of} rounds: more than one of five accepted"
    if several.yes * 2 >= max(several.of, 1) and several.of:
        losers = "sibling"
    elif more.yes * 2 >= more.of:
        losers = "same"
    else:
        losers = "refusal" if lives.yes * 2 > lives.of else "as_reuse"
    yield Setting("losers_get", losers, seen)
    if losers != "as_reuse":
        yield Setting("", comment="transaction = 0.005 makes them meet where their last bytes are not held back")
    if any(row.said == "sometimes" for row in (more, several, lives)) or len(counts) > 1:
        said = "; ".join(f"{a} accepted, {s} new, {alive} alive in {n}" for a, s, alive, n in counts)
        yield Setting("", comment=f"no setting says how often: {said}")


def _ends(card: Card) -> Iterator[Setting]:
    """Yield what a refused reuse, a refresh and a sign-out end."""
    lives = next((row for name in ("second", "used", "grandparent") if (row := _row(card, f"{name}.lives")).of), None)
    late = next((_outlives(each) for each in card.intervals if each.lives is not None), None)
    other = _row(card, "second.other")
    if lives is None and late is None:
        yield Setting("", comment="not observed: on_reuse, what a refused reuse ends (none was refused)")
    else:
        spared = late if lives is None else lives.yes * 2 > lives.of
        others = next((each.others for each in card.intervals if each.others is not None), None)
        everywhere = other.said == "never" or (not other.of and others is False)
        ends = "refuse" if spared else "delete_all" if everywhere else "revoke"
        seen = "beyond the interval" if lives is None else _counted(lives)
        yield Setting("on_reuse", ends, f"the session stayed valid: {seen}" if lives else f"seen {seen}")
        if not other.of and others is None and not spared:
            yield Setting("", comment="not observed: whether it ends other sessions of the user, too")
    after, later = _row(card, "access.after-refresh"), _row(card, "access.after-use")
    if after.of:
        ends = "at_once" if after.said == "never" else "at_first_use" if later.said == "never" else "no"
        yield _setting("refresh_ends_access_tokens", ends, after)
        dead = _row(card, "sign-out.access")
        if dead.of:
            yield _setting("check_session", dead.said == "never" and ends == "no", dead)
        else:
            yield Setting("", comment="not observed: check_session, whether an API asks for the session")
    else:
        yield Setting("", comment="not observed: refresh_ends_access_tokens, check_session, unauthorized_status")
    consumed = _row(card, "sign-out.consumed")
    if consumed.of:
        alone = consumed.yes * 2 > consumed.of
        yield _setting("revoke_ends", "token" if alone else "family", consumed)
        if alone and "always" == after.said == later.said and _row(card, "sign-out.access").said == "never":
            yield Setting(
                "", comment="no setting says that sign-out ends its access token, where a refresh ends none"
            )
    else:
        yield Setting("", comment="not observed: revoke_ends, what revoking a consumed token ends")


def _outlives(each: Interval) -> bool:
    """Whether a session lives on after a late use: at once, and as far as it was seen an interval later."""
    return bool(each.lives) and each.later is not False


def _outside(card: Card) -> Iterator[Setting]:
    """Yield how refusals and tokens look from outside."""
    if card.refusals:
        status, _, error = next(iter(card.refusals)).partition(" ")
        if int(status) in STATUSES:
            yield Setting("refusal_status", int(status), "the most frequent refusal of the token endpoint")
        else:
            yield Setting("", comment=f"no setting says a refusal by {status}")
        if error:
            yield Setting("refusal_body", "oauth", f"its error: {error}")
    if card.api_refusals:
        code = int(next(iter(card.api_refusals)).partition(" ")[0])
        if code in API_STATUSES:
            yield Setting("unauthorized_status", code, "the API's")
    if "access_format" in card.facts:
        yield Setting("access_format", card.facts["access_format"], "by its three parts, or not")
    if card.facts.get("lifetime", 0) >= 1:
        yield Setting("lifetime", float(card.facts["lifetime"]), "as answers say")


def _interval_of(seen: Interval) -> Setting:
    assert seen.refused is not None
    between = f"accepted after {seen.accepted:.2f} s, refused after {seen.refused:.2f} s"
    return Setting("reuse_interval", _nice(seen.accepted, seen.refused), between)


def _nice(least: float, most: float) -> float:
    """Return the roundest number of seconds in between."""
    for step in (30.0, 10.0, 5.0, 1.0, 0.5, 0.1):
        if (number := math.ceil(least / step) * step) <= most and number > 0:
            return round(number, 1)
    return round((least + most) / 2, 3)


def _setting(name: str, value: Any, row: Row) -> Setting:
    return Setting(name, value, f"{row.text}: {_counted(row)}" if row.of else f"not observed ({row.why or row.said})")


def _counted(row: Row) -> str:
    return f"{row.said}, {row.yes} of {row.of}"


def _row(card: Card, name: str) -> Row:
    return card.row(name)


def _interval(card: Card, sequence: str) -> Interval | None:
    return next((each for each in card.intervals if each.sequence == sequence), None)


def name_of(stem: str) -> str:
    """Return a name that a world may have, from a file's."""
    name = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")
    return name or "probed"


def toml(name: str, card: Card) -> str:
    """Return the world as a world file."""
    lines = [
        f"# What race401 probe saw at {card.server}: {card.sessions} sessions.",
        "# Each setting is followed by what it rests on. A world cannot show everything: see the comments below.",
        f"[{name}]",
        f'like = "{LIKE}"',
    ]
    for each in settings(card):
        if each.name:
            lines.append(f"{each.name} = {_literal(each.value)}  # {_plain(each.comment)}")
        else:
            lines.append(f"# {_plain(each.comment)}")
    return "\n".join([*lines, ""])


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _plain(comment: str) -> str:
    """Return it on one line: what a server said may hold anything."""
    return "".join(letter if letter.isprintable() else " " for letter in comment)
