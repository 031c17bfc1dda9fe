"""
What an entry asked for. Whoever wrote it says so; of an older one, or one that was refused before anybody looked, its
path and query do, in the dialects of the mock's two faces.
"""

from functools import lru_cache
from urllib.parse import parse_qs

from race401.ledger.dialects import reading
from race401.ledger.dialects.presets import USUAL
from race401.ledger.entry import Entry, Kind


def kind_of(entry: Entry) -> Kind:
    """Return it."""
    return kind_by_path(entry.method, entry.target.partition("?")[0]) if entry.kind is None else entry.kind


def asks_for_refresh(entry: Entry) -> bool:
    """Whether it is an exchange, or would have been one; where its body has the grant, an older one does not say."""
    return entry.kind == "exchange" or _refreshes(entry.target)


def spares_its_own(entry: Entry) -> bool:
    """Whether a sign-out asks for the end of other sessions than its own, as `scope=others` does."""
    return parse_qs(entry.target.partition("?")[2]).get("scope", [""])[-1] == "others"


@lru_cache(4_096)
def kind_by_path(method: str, path: str) -> Kind:
    """Return what a path says of a request; at a token endpoint, its grant says more."""
    if method == "OPTIONS":
        return "preflight"
    _, role = reading.role(USUAL, method, path)
    return "api" if role is None else "sign_out" if role == "sign_out" else "other"


@lru_cache(4_096)
def _refreshes(target: str) -> bool:
    path, _, query = target.partition("?")
    if not query:
        return False
    dialect, role = reading.role(USUAL, "POST", path)
    asked = reading.fields(query.encode("latin-1", "replace"))
    return dialect is not None and role == "token" and reading.first(asked, dialect.grant) in dialect.refresh_grants
