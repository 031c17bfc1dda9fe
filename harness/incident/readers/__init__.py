"""The kinds of files that can be read, told apart by what they hold."""

from pathlib import Path

from race401.harness.incident.readers import (
    access_logs,
    auth0_logs,
    har,
    json_access_logs,
    keycloak_events,
    mapping,
    narrated,
    own_ledgers,
    supabase_auth,
)
from race401.harness.incident.readers.opening import Opened
from race401.harness.incident.readers.reader import How, Kind, ReadingError
from race401.harness.incident.readers.records import first

KINDS: tuple[Kind, ...] = (  # the first that fits, from the most to the least particular
    har.KIND,
    own_ledgers.KIND,
    keycloak_events.KIND,
    auth0_logs.KIND,
    json_access_logs.CADDY,
    json_access_logs.CLOUDFLARE,
    supabase_auth.KIND,
    keycloak_events.LOG,
    narrated.KIND,
    access_logs.KIND,
)
NAMES = (
    "a HAR, a race401 ledger or log, an access log (nginx, Apache, Caddy, Cloudflare; others: --format), "
    "a Supabase auth log, Keycloak events, an Auth0 tenant log (other JSON lines: --mapping)"
)


def recognised(path: Path) -> Kind | None:
    """Return what kind a file is of, if it is one and of any."""
    try:
        return kind_of(Opened(path), How()) if path.is_file() else None
    except (ReadingError, OSError):
        return None


def kind_of(opened: Opened, how: How) -> Kind:
    """Return what kind a file is of. Raises ReadingError, which names the kinds."""
    text = opened.beginning
    if not text.strip():
        raise ReadingError(f"{opened.path}: it is empty; expected {NAMES}")
    for kind in KINDS:
        if kind.fits(text):
            return kind
    if how.mapping is not None and first(text):
        return mapping.KIND
    if how.format is not None and not text.lstrip().startswith(("{", "[")):
        return access_logs.KIND
    raise ReadingError(f"{opened.path}: of no known kind; expected {NAMES}")
