"""
What the wire tells of a request and its answer, as the facts of an entry; nothing is concluded here.

Tokens are known by fingerprint alone. A refresh is `granted` if a token came back and `refused` if its error says
that the token is no good, unless the server says more; an answer that cannot be read is `unread`.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from race401.ledger.entry import SCHEMA, Entry, Kind
from race401.ledger.fingerprints import Fingerprints

TOLD = {  # by an auth server's own error code
    "refresh_token_already_used": "reused",
    "refresh_token_not_found": "not_found",
    "session_not_found": "not_found",
    "user_banned": "banned",
}
STATUSES = {409: "conflict", 429: "rate_limited"}
NO_JUDGEMENT = frozenset(  # RFC 6749 s.5.2, all but `invalid_grant`: the refresh token was not looked at
    {"invalid_request", "invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"}
)
SIGN_OUTS = ("/auth/v1/logout", "/oauth/revoke")
OF_AUTH = ("/auth/v1/", "/oauth/")
SESSION_CLAIMS = ("session_id", "sid")
REMEMBERED = 100_000  # tokens whose end is known, and redirects; the oldest are forgotten
OK = range(200, 300)
REDIRECTION = range(300, 400)
FAILURE = 500


@dataclass(slots=True)
class Wire:
    """What is remembered between two requests: when tokens end, and where redirects led. No I/O, no clock."""

    fingerprints: Fingerprints = field(default_factory=Fingerprints)
    ends: dict[str, float] = field(default_factory=dict)  # s since the epoch, by fingerprint
    redirects: dict[str, None] = field(default_factory=dict)

    def asked(self, entry: Entry, path: str, bearer: str | None, peer: str) -> None:
        """Note what a request says of itself; `peer`: who sent it."""
        fingerprint = self.fingerprints.fingerprint
        entry.schema, entry.key, entry.peer = SCHEMA, self.fingerprints.key_id, fingerprint(peer)
        entry.kind = kind_of(entry.method, path)
        if bearer is not None:
            told = claims(bearer)
            entry.sent, entry.family = fingerprint(bearer), self._session(told)
            end = told.get("exp", self.ends.get(entry.sent))
            entry.token_left_s = end - entry.received_at if isinstance(end, int | float) else None
        here = fingerprint(entry.target)
        if here in self.redirects:
            entry.redirect = here

    def exchanged(self, entry: Entry, presented: str, status: int, answer: Mapping[str, Any]) -> None:
        """Note that a refresh token was presented, and what came back."""
        entry.kind, entry.presented = "exchange", self.fingerprints.fingerprint(presented)
        end = self.ends.get(entry.presented)
        entry.token_left_s = None if end is None else end - entry.received_at
        entry.family = None
        entry.grant_outcome = outcome(status, answer)
        if entry.grant_outcome == "granted":
            self._bring(entry, answer, entry.presented)

    def signed_in(self, entry: Entry, answer: Mapping[str, Any]) -> None:
        """Note the tokens of a new session."""
        entry.kind, entry.family = "sign_in", None
        self._bring(entry, answer, None)

    def redirected(self, entry: Entry, status: int, location: str | None) -> None:
        """Note where an answer sends its client; only path and query, since hosts differ beyond a proxy."""
        if location is not None and status in REDIRECTION:
            parts = urlsplit(location)
            entry.redirect = self.fingerprints.fingerprint(parts.path + (f"?{parts.query}" if parts.query else ""))
            _remember(self.redirects, entry.redirect, None)

    def _bring(self, entry: Entry, answer: Mapping[str, Any], presented: str | None) -> None:
        access, refresh = str(answer["access_token"]), answer.get("refresh_token")
        told = claims(access)
        entry.family = self._session(told)
        entry.brought_access = self.fingerprints.fingerprint(access)
        entry.brought_refresh = self.fingerprints.fingerprint(str(refresh)) if refresh else None
        life = answer.get("expires_in")
        end = told.get("exp", entry.received_at + life if isinstance(life, int | float) else None)
        if isinstance(end, int | float):
            _remember(self.ends, entry.brought_access, end)
            if (with_it := entry.brought_refresh or presented) is not None:
                _remember(self.ends, with_it, end)

    def _session(self, told: Mapping[str, Any]) -> str | None:
        name = next((told[claim] for claim in SESSION_CLAIMS if told.get(claim)), None)
        return None if name is None else self.fingerprints.fingerprint(f"session {name}")


def kind_of(method: str, path: str) -> Kind:
    """Return what a request is about, by its path alone; a token endpoint's body says more."""
    if method == "OPTIONS":
        return "preflight"
    if any(mark in path for mark in SIGN_OUTS):
        return "sign_out"
    return "other" if any(mark in path for mark in OF_AUTH) else "api"


def outcome(status: int, answer: Mapping[str, Any]) -> str | None:
    """Return what became of a refresh, in the server's own words where it has some; None: nobody judged it."""
    if status >= FAILURE:
        return None
    if status in OK:
        return "granted" if answer.get("access_token") else "unread"
    error = answer.get("error")
    code = str(answer.get("error_code") or answer.get("code") or "")
    if error in NO_JUDGEMENT:
        return None
    return STATUSES.get(status) or TOLD.get(code) or "refused"


def claims(token: str) -> dict[str, Any]:
    """Return what a JWT says, unverified; of anything else, nothing."""
    try:
        body = token.split(".")[1]
        told = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (ValueError, IndexError):
        return {}
    return told if isinstance(told, dict) else {}


def fields(body: bytes) -> dict[str, Any]:
    """Return the fields of a JSON object or a form; of anything else, nothing."""
    try:
        told = json.loads(body)
    except ValueError:
        return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
    return told if isinstance(told, dict) else {}


def _remember(kept: dict[str, Any], key: str, value: object) -> None:
    kept.pop(key, None)
    kept[key] = value
    if len(kept) > REMEMBERED:
        del kept[next(iter(kept))]
