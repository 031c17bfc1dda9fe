"""What an entry says of the wire: the kind of a request, who sent it, and its tokens as fingerprints."""

from typing import Any

from fastapi import Request

from race401.ledger.dialects.entries import kind_by_path
from race401.ledger.entry import SCHEMA, Entry, Kind
from race401.ledger.fingerprints import Fingerprints
from race401.mock_api.races.matching import RESOURCES

Headers = list[tuple[bytes, bytes]]
NO_BODY = frozenset({"GET", "HEAD", "OPTIONS"})  # methods whose requests have none that anybody waits for


def note(entry: Entry, path: str, token: str | None, scope: Any, fingerprints: Fingerprints) -> None:
    """Write down what can be known before anything is decided. An auth server's route says more of it later."""
    entry.schema, entry.key = SCHEMA, fingerprints.key_id
    entry.kind = "api" if path in RESOURCES and entry.method != "OPTIONS" else kind_by_path(entry.method, path)
    if token is not None:
        entry.sent = fingerprints.fingerprint(token)
    agent, length = b"", None
    for name, value in scope["headers"]:
        if name == b"user-agent":
            agent = value
        elif name == b"content-length":
            length = value
        elif name == b"transfer-encoding":
            length = b"?"  # nobody knows before the end
    peer = scope.get("client")
    entry.peer = fingerprints.fingerprint(f"{peer[0] if peer else ''} {agent.decode('latin-1')}")
    if entry.method not in NO_BODY:
        entry.body_length = 0 if length is None else int(length) if length.isdigit() else None


def of_session(request: Request, kind: Kind, refresh: str | None = None) -> None:
    """Note what a request of the auth server is about, and the refresh token that it presents."""
    entry = request.scope.get("race401.entry")
    if entry is not None:
        entry.kind = kind
        if refresh is not None:
            entry.presented = request.scope["race401.ledger"].fingerprints.fingerprint(refresh)


def brought(request: Request, access: str, refresh: str | None) -> None:
    """Note the tokens that the answer brings, or would bring: it may be lost."""
    entry = request.scope.get("race401.entry")
    if entry is not None:
        fingerprint = request.scope["race401.ledger"].fingerprints.fingerprint
        entry.brought_access = fingerprint(access)
        entry.brought_refresh = None if refresh is None else fingerprint(refresh)
