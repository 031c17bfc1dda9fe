"""Where a session begins, in a race's ledger."""

from race401.ledger.entry import Entry


def is_sign_in(entry: Entry) -> bool:
    """Whether a session began here: a token endpoint that answered, and no refresh token was spent."""
    path = entry.target.partition("&")[0]
    at_token = path in ("/oauth/token", "/auth/v1/token?grant_type=password")
    return at_token and entry.grant_outcome is None and entry.status == 200  # noqa: PLR2004
