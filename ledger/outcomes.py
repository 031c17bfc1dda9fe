"""What became of an exchange: the words of an entry's `grant_outcome`, for whoever writes them and whoever judges."""

from enum import StrEnum


class Outcome(StrEnum):
    """One word of `grant_outcome`."""

    ROTATED = "rotated"  # the presented token was live; it is consumed and has a successor
    KEPT = "kept"  # it was live and stays so: only the access token is new
    REUSE_TOLERATED = "reuse_tolerated"  # it was consumed, and brings a token that was issued before
    FORKED = "forked"  # it was consumed, and within the reuse interval brings a second successor
    REUSED = "reused"  # it was consumed: refused, and the world's punishment follows
    REVOKED = "revoked"  # the family had been revoked before
    NOT_FOUND = "not_found"  # no such token
    NOT_ISSUED = "not_issued"  # a genuine token, of a counter that the session has not reached
    TIMED_OUT = "timed_out"  # the session is older than the world's timebox
    INACTIVE = "inactive"  # nobody refreshed it for too long
    SUPERSEDED = "superseded"  # another session of the user is the one that counts
    BANNED = "banned"  # the user is
    CONFLICT = "conflict"  # others held the session for too long
    RATE_LIMITED = "rate_limited"
    # Of a recorder that is not the server, and saw no more than this:
    SEEN_GRANTED = "granted"  # a token came back
    SEEN_REFUSED = "refused"  # the error says that the refresh token is no good
    UNREAD = "unread"  # nobody could read the answer


GRANTED = frozenset({Outcome.ROTATED, Outcome.KEPT, Outcome.REUSE_TOLERATED, Outcome.FORKED})  # a pair was answered
REFUSED = frozenset(
    {
        Outcome.REUSED,
        Outcome.REVOKED,
        Outcome.NOT_FOUND,
        Outcome.NOT_ISSUED,
        Outcome.TIMED_OUT,
        Outcome.INACTIVE,
        Outcome.SUPERSEDED,
        Outcome.BANNED,
    }
)  # for good: the session is lost
TRY_AGAIN = frozenset({Outcome.CONFLICT, Outcome.RATE_LIMITED})  # nothing is lost
SEEN = frozenset({Outcome.SEEN_GRANTED, Outcome.SEEN_REFUSED})  # all of the wire together says more
REUSE = frozenset({Outcome.REUSE_TOLERATED, Outcome.FORKED, Outcome.REUSED, Outcome.REVOKED})  # of a used token
