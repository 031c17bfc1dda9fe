"""The kinds of things that can be wrong in a schedule, and what each means to an app."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. What no client can cure is shown, and is no fault of the policy; a cost is shown and not judged."""

    weight: Literal["violation", "incurable", "cost"]
    short: str  # in a table
    sentence: str


TWO = "one refresh token has two successors: the server keeps the one written last, and forgets the other"
INCURABLE = "no client can cure this: the server rotated, and its answer was lost"
LATER = "the first answer was lost, and a retry after it is written would be a reuse"
KINDS = {
    "caller-401": Kind("violation", "401s in the app", "the app sees a 401"),
    "session-lost": Kind("violation", "lost sessions", "the auth server refuses the refresh: the session is lost"),
    "exchanged-again": Kind(
        "violation", "used refresh tokens sent again", "a refresh token that was used before is sent again"
    ),
    "sent-after-sign-out": Kind(
        "violation",
        "requests with the old session after sign-out",
        "a request that began after the sign-out carries the old session",
    ),
    "resurrected": Kind(
        "violation", "sessions that outlive their sign-out", "the session is still valid after the sign-out"
    ),
    "wrong-account": Kind(
        "violation", "requests with another account's token", "a request of one account carries another's token"
    ),
    "stranded": Kind("violation", "endless waits", "a call or a refresh waits forever"),
    "refresh-abandoned": Kind(
        "violation", "refreshes given up", "a refresh is given up half-way: nobody stores the tokens that it returns"
    ),
    "two-successors": Kind("violation", "two successors of one token", TWO),
    "session-lost, incurably": Kind(
        "incurable", "lost sessions", f"the auth server refuses the refresh ({INCURABLE})"
    ),
    "caller-401, incurably": Kind("incurable", "401s in the app", f"the app sees a 401 ({INCURABLE})"),
    "two-successors, incurably": Kind("incurable", "two successors of one token", f"{TWO} ({LATER})"),
    "needless-exchange": Kind(
        "cost",
        "needless refreshes",
        "a token with more than half of its life left, which nobody refused, is refreshed",
    ),
    "refused-again": Kind(
        "cost",
        "refused tokens sent again",
        "a token is sent again after this tab has received a 401 for it, although the store has a newer one",
    ),
    "put-back": Kind(
        "cost", "outdated tokens in the cache", "the cache is filled with a pair that is no longer in the store"
    ),
    "hammered": Kind(
        "cost",
        "immediate retries at a failing auth server",
        "the token endpoint has just failed, and is called again at once",
    ),
    "read-again": Kind("cost", "needless store reads", "the store is read again for a pair that was just read"),
    "waits-needlessly": Kind(
        "cost", "needless waits", "a caller waits for a refresh, although it has a token that is still valid"
    ),
}
