"""
What the wire tells of sessions: which family and generation a token is of, and what became of a refresh.

Tokens are known by fingerprint alone. What is not seen is not
guessed: a token that was issued before we looked has no generation, and a refusal without a reason is `refused`.
"""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from race401.ledger.fingerprints import Fingerprints

TOLD = {  # by an auth server's own error code
    "refresh_token_already_used": "reused",
    "refresh_token_not_found": "not_found",
    "session_not_found": "not_found",
    "user_banned": "banned",
}
STATUSES = {409: "conflict", 429: "rate_limited"}


@dataclass(frozen=True, slots=True)
class Place:
    """Whose token this is, as far as is known."""

    family: str | None = None
    generation: int | None = None


@dataclass(slots=True)
class Sessions:
    """Every token that was seen, by fingerprint. Pure but for its own memory: no I/O, no clock."""

    fingerprints: Fingerprints = field(default_factory=Fingerprints)
    access: dict[str, Place] = field(default_factory=dict)
    refresh: dict[str, Place] = field(default_factory=dict)
    newest: dict[str, int] = field(default_factory=dict)  # generation of a family
    spent: set[str] = field(default_factory=set)  # refresh tokens that brought a successor

    def of(self, bearer: str) -> Place:
        """Return whose access token this is: from its own issue, else from the session that it names."""
        known = self.access.get(self.fingerprints.of(bearer))
        if known is not None:
            return known
        told = claims(bearer)
        return Place(self.fingerprints.of(str(told.get("session_id") or told.get("sid") or bearer)))

    def signed_in(self, pair: dict[str, Any]) -> Place:
        """Begin a family with the answer to a sign-in."""
        access, refresh = str(pair.get("access_token", "")), str(pair.get("refresh_token", ""))
        place = Place(self.of(access).family, 0)
        assert place.family is not None
        self.newest[place.family] = 0
        self.access[self.fingerprints.of(access)] = self.refresh[self.fingerprints.of(refresh)] = place
        return place

    def exchanged(self, presented: str, status: int, answer: dict[str, Any]) -> tuple[Place, str | None]:
        """Return whose refresh token it was and what became of it; None: nobody judged it."""
        token, access = self.fingerprints.of(presented), answer.get("access_token")
        place = self.refresh.setdefault(token, self.of(str(access)) if access else Place(token))
        if status >= 500:  # noqa: PLR2004
            return place, None
        if not 200 <= status < 300:  # noqa: PLR2004
            code = str(answer.get("error_code") or answer.get("code") or "")
            spent = "reused" if token in self.spent else "refused"
            return place, STATUSES.get(status) or TOLD.get(code) or spent
        return place, self._granted(token, place, answer)

    def _granted(self, token: str, place: Place, answer: dict[str, Any]) -> str:
        assert place.family is not None
        access = self.fingerprints.of(str(answer.get("access_token", "")))
        fresh = self.fingerprints.of(str(answer.get("refresh_token") or ""))
        if not answer.get("refresh_token") or fresh == token:
            self.access[access] = place
            return "kept"
        if fresh in self.refresh:
            self.access[access] = self.refresh[fresh]
            return "reuse_tolerated"
        last = self.newest.get(place.family, place.generation)
        born = Place(place.family, None if last is None else last + 1)
        if born.generation is not None:
            self.newest[place.family] = born.generation
        self.access[access] = self.refresh[fresh] = born
        outcome = "forked" if token in self.spent else "rotated"
        self.spent.add(token)
        return outcome


def claims(token: str) -> dict[str, Any]:
    """Return what a JWT says, unverified; of anything else, nothing."""
    try:
        body = token.split(".")[1]
        told = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (ValueError, IndexError):
        return {}
    return told if isinstance(told, dict) else {}
