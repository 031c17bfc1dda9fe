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
        "violation", "spent refresh tokens sent again", "a refresh token that was judged before is sent again"
    ),
    "sent-after-sign-out": Kind(
        "violation",
        "requests with the old session after sign-out",
        "a request that began after the sign-out carries the old session",
    ),
    "resurrected": Kind(
        "violation", "sessions that outlive their sign-out", "the session is alive after the sign-out"
    ),
    "wrong-account": Kind(
        "violation", "requests with another account's token", "a request of one account carries another's token"
    ),
    "stranded": Kind("violation", "endless waits", "somebody waits for ever"),
    "refresh-abandoned": Kind(
        "violation", "refreshes given up", "a refresh is given up half-way: nobody stores what it brings"
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
        "a token is sent again whose 401 this tab has heard of, although the store holds a newer one",
    ),
    "put-back": Kind(
        "cost", "outdated tokens in the cache", "the cache is filled with a pair that the store no longer holds"
    ),
    "hammered": Kind(
        "cost",
        "haste at a failing auth server",
        "the token endpoint, which has just failed, is asked again at once",
    ),
    "read-again": Kind("cost", "needless readings", "the store is read again for a pair that a caller has just read"),
    "waits-needlessly": Kind(
        "cost", "needless waits", "a caller waits for a refresh with a token in hand that still serves"
    ),
}
