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
    Whether the entry's session is over once this was answered: a sign-out that was granted.

    The mock ends the session whichever of its tokens a client gives to `/oauth/revoke`. It answers 200 to a token
    that it does not know, too (RFC 7009 s.2.2), and then names no session: none has ended.
    """
    return session is not None and 200 <= entry.status < 300 and is_sign_out(entry)  # noqa: PLR2004
