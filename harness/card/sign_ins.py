"""Where a session begins, in a race's ledger."""

from race401.ledger.dialects import reading
from race401.ledger.dialects.entries import asks_for_refresh
from race401.ledger.dialects.presets import USUAL
from race401.ledger.entry import Entry


def is_sign_in(entry: Entry) -> bool:
    """Whether a session began here: a sign-in that was granted, or in an older ledger what can be no refresh."""
    if entry.status != 200:  # noqa: PLR2004
        return False
    if entry.kind is not None:
        return entry.kind == "sign_in"
    _, role = reading.role(USUAL, entry.method, entry.target.partition("?")[0])
    return role in ("token", "sign_in") and entry.grant_outcome is None and not asks_for_refresh(entry)
