"""
What an entry says of its session's end.

One place for both judges, of runs and of score cards: what ends a session is not for each to say.
"""

from race401.ledger.dialects.entries import kind_of, spares_its_own
from race401.ledger.entry import Entry

UNREAD = "unread"  # what a token endpoint said that nobody could read


def is_sign_out(entry: Entry) -> bool:
    """Whether this asks for the end of the session that the entry names; `scope=others` asks for that of others."""
    return kind_of(entry) == "sign_out" and (entry.kind is not None or not spares_its_own(entry))


def ends_session(entry: Entry, session: str | None) -> bool:
    """
    Whether the entry's session is over once this was answered: a sign-out that was granted, and ended something.

    A revocation is answered 200 also of a token that is not known (RFC 7009 s.2.2), which names no session; and,
    where it ends its token alone, of one that was used before: `ended` is none then, and its successor lives on.
    Of an entry that does not say what it ended, the status counts.
    """
    granted = session is not None and 200 <= entry.status < 300  # noqa: PLR2004
    return granted and entry.ended != "none" and is_sign_out(entry)
