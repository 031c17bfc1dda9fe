"""
What the wire tells of a request and its answer, as the facts of an entry; nothing is concluded here.

Tokens are known by fingerprint alone. What was said is read in the server's dialect (`ledger/dialects`).
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from race401.ledger.dialects.reading import Tokens, number
from race401.ledger.entry import SCHEMA, Entry
from race401.ledger.fingerprints import Fingerprints
from race401.ledger.outcomes import Outcome

SESSION_CLAIMS = ("session_id", "sid")
REMEMBERED = 100_000  # tokens whose end is known, and redirects; the oldest are forgotten
REDIRECTION = range(300, 400)


@dataclass(slots=True)
class Wire:
    """What is remembered between two requests: when tokens end, and where redirects led. No I/O, no clock."""

    fingerprints: Fingerprints = field(default_factory=Fingerprints)
    ends: dict[str, float] = field(default_factory=dict)  # s since the epoch, by fingerprint
    redirects: dict[str, None] = field(default_factory=dict)

    def asked(self, entry: Entry, access: str | None, peer: str) -> None:
        """Note what a request says of itself. `access`: its access token; `peer`: who sent it."""
        fingerprint = self.fingerprints.fingerprint
        entry.schema, entry.key, entry.peer = SCHEMA, self.fingerprints.key_id, fingerprint(peer)
        if access is not None:
            told = claims(access)
            entry.sent, entry.family = fingerprint(access), self._session(told)
            end = number(told["exp"]) if "exp" in told else self.ends.get(entry.sent)
            entry.token_left_s = None if end is None else end - entry.received_at
        here = fingerprint(entry.target)
        if here in self.redirects:
            entry.redirect = here

    def exchanged(self, entry: Entry, presented: str, outcome: Outcome | None, brought: Tokens) -> None:
        """Note that a refresh token was presented, and what came back."""
        entry.kind, entry.presented = "exchange", self.fingerprints.fingerprint(presented)
        entry.sent, entry.family = None, None
        end = self.ends.get(entry.presented)
        entry.token_left_s = None if end is None else end - entry.received_at
        entry.grant_outcome = outcome
        if outcome == Outcome.SEEN_GRANTED:
            self._bring(entry, brought, entry.presented)

    def signed_in(self, entry: Entry, brought: Tokens, credentials: str | None = None) -> None:
        """Note the tokens of a new session. `credentials`: those of a client that signs in as itself."""
        entry.kind, entry.sent, entry.family = "sign_in", None, None
        entry.credentials = None if credentials is None else self.fingerprints.fingerprint(credentials)
        self._bring(entry, brought, None)

    def signed_out(self, entry: Entry, token: str | None) -> None:
        """Note the token whose session is to end, where a request names one beside its own."""
        entry.kind = "sign_out"
        if token is not None:
            entry.presented = self.fingerprints.fingerprint(token)

    def redirected(self, entry: Entry, status: int, location: str | None) -> None:
        """Note where an answer sends its client; only path and query, since hosts differ beyond a proxy."""
        if location is not None and status in REDIRECTION:
            entry.redirect = self.fingerprints.fingerprint(_path_and_query(location))
            _remember(self.redirects, entry.redirect, None)

    def _bring(self, entry: Entry, brought: Tokens, presented: str | None) -> None:
        fingerprint = self.fingerprints.fingerprint
        told = claims(brought.access or "")
        entry.family = self._session(told)
        entry.brought_access = None if brought.access is None else fingerprint(brought.access)
        entry.brought_refresh = None if brought.refresh is None else fingerprint(brought.refresh)
        end = None if brought.lifetime is None else entry.received_at + brought.lifetime
        if "exp" in told:
            end = number(told["exp"])
        if end is not None:
            for token in (entry.brought_access, entry.brought_refresh or presented):
                if token is not None:
                    _remember(self.ends, token, end)

    def _session(self, told: Mapping[str, Any]) -> str | None:
        name = next((told[claim] for claim in SESSION_CLAIMS if told.get(claim)), None)
        return None if name is None else self.fingerprints.fingerprint(f"session {name}")


def claims(token: str) -> dict[str, Any]:
    """Return what a JWT says, unverified; of anything else, nothing."""
    try:
        body = token.split(".")[1]
        told = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (ValueError, IndexError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _remember(kept: dict[str, Any], key: str, value: object) -> None:
    kept.pop(key, None)
    kept[key] = value
    if len(kept) > REMEMBERED:
        del kept[next(iter(kept))]


def _path_and_query(location: str) -> str:
    try:
        parts = urlsplit(location)
    except ValueError:  # `http://[`: no client goes there
        return location
    return parts.path + (f"?{parts.query}" if parts.query else "")
