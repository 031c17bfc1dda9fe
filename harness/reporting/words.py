"""What a cause, an outcome or a role is called where people read it, in one place for every report."""

from collections.abc import Iterable, Mapping
from typing import Any

from race401.ledger.entry import Entry
from race401.ledger.outcomes import GRANTED

ROLES = {"control": "before", "subject": "after"}

CAUSES = {
    "missing_token": "sent without a token",
    "?": "the server does not say why",
    "expired": "the token had expired",
    "not_yet_valid": "the token is not valid yet",
    "session_revoked": "the session was revoked",
    "bad_signature": "the token's signature is wrong",
    "malformed": "not a token",
    "wrong_audience": "a token for another audience",
    "generation_refused": "the API no longer accepts the token",
    "stale_copy": "a stale copy: the token's successor had been issued",
    "ended_by_refresh": "ended by a refresh, before its own end",
    "header_lost": "the token was lost at a redirect",
    "store_lost": "the mock lost its store",
    "fault": "a planted fault",
}

OUTCOMES = {
    "rotated": "exchanged for a new pair",
    "reuse_tolerated": "the same refresh token again: forgiven",
    "forked": "the same refresh token again: a second new pair",
    "reused": "the same refresh token again: taken for theft, the family is revoked",
    "revoked": "refused: the family is revoked",
    "not_found": "refused: not a refresh token that the server knows",
    "rate_limited": "refused: too many requests",
    "conflict": "refused: another exchange was under way",
    "lost": "exchanged, and the answer was lost",
}

IN_SHORT = {
    "rotated": "a new pair",
    "reuse_tolerated": "reuse, forgiven",
    "forked": "reuse, a second new pair",
    "reused": "reuse: the family is revoked",
    "revoked": "refused: revoked",
    "not_found": "refused: unknown",
    "rate_limited": "refused: too many",
    "conflict": "refused: under way already",
    "lost": "answer lost",
}


NOT_THEFT = {  # what the reuse of a refresh token is where it ended no session
    None: ("the same refresh token again: refused", "reuse: refused"),
    "none": ("the same refresh token again: refused, and the session stays valid", "reuse: refused"),
}


def took_for_theft(e: Entry) -> bool:
    """Whether a refused reuse ended something; an older ledger does not say, and is told as if it had."""
    return e.grant_outcome == "reused" and (e.kind is None or e.ended not in NOT_THEFT)


def became(e: Entry) -> str:
    """Say what became of an exchange."""
    outcome = "lost" if e.grant_outcome in GRANTED and not e.status else str(e.grant_outcome)
    return NOT_THEFT[e.ended][0] if outcome == "reused" and not took_for_theft(e) else OUTCOMES.get(outcome, outcome)


def in_short(e: Entry) -> str | None:
    """Say it in a few words; None: there are none."""
    outcome = "lost" if e.grant_outcome in GRANTED and not e.status else str(e.grant_outcome)
    return NOT_THEFT[e.ended][1] if outcome == "reused" and not took_for_theft(e) else IN_SHORT.get(outcome)


def called(policies: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return what each role of a manifest is called: before, after, ... beside a control; alone, by its policy."""
    if "control" in policies:
        return {role: ROLES.get(role, role) for role in policies}
    return {role: policy["name"] for role, policy in policies.items()}


NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def number(n: int) -> str:
    """Return a small number as a word."""
    return NUMBERS[n] if 0 <= n < len(NUMBERS) else str(n)


def count(n: int, what: str) -> str:
    """Return `3 requests`, `1 request`, `no requests`."""
    return f"{number(n)} {what}{'' if n == 1 else 's'}"


def listed(parts: Iterable[str]) -> str:
    """Return `a, b and c`."""
    *most, last = [part for part in parts if part] or [""]
    return f"{', '.join(most)} and {last}" if most else last
