"""
What an entry says of its session's end.

One place for both judges, of runs and of score cards: what ends a session is not for each to say.
"""

from urllib.parse import parse_qsl

from race401.ledger.entry import Entry

SIGN_OUT = ("/auth/v1/logout", "/oauth/revoke")


UNREAD = "unread"  # what a token endpoint said that nobody could read


def is_sign_out(entry: Entry) -> bool:
    """Whether this asks for the end of the session that the entry names; `scope=others` asks for that of others."""
    if entry.kind is not None:
        return entry.kind == "sign_out"
    if not entry.target.startswith(SIGN_OUT):  # most are not, and this is quick
        return False
    _, _, query = entry.target.partition("?")
    return dict(parse_qsl(query)).get("scope") != "others"


def ends_session(entry: Entry, session: str | None) -> bool:
    """
    Whether the entry's session is over once this was answered: a sign-out that was granted, and ended something.

    `/oauth/revoke` answers 200 also to a token that is not known (RFC 7009 s.2.2), which names no session; and, where
    a revocation ends its token alone, to one that was used before: `ended` is none then, and its successor lives on.
    Of an entry that does not say what it ended, the status counts.
    """
    granted = session is not None and 200 <= entry.status < 300  # noqa: PLR2004
    return granted and entry.ended != "none" and is_sign_out(entry)
