"""The kinds of things that can be wrong in a schedule, and what each means to an app."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. What no client can cure is shown, and is no fault of the policy; a cost is shown and not judged."""

    weight: Literal["violation", "incurable", "cost"]
    sentence: str


TWO = "one refresh token has two successors: the server keeps the one written last, and forgets the other"
INCURABLE = "no client can cure this: the server rotated, and its answer was lost"
LATER = "the first answer was lost, and a retry after it is written would be a reuse"
KINDS = {
    "caller-401": Kind("violation", "the app sees a 401"),
    "session-lost": Kind("violation", "the auth server refuses the refresh: the session is lost"),
    "exchanged-again": Kind("violation", "a refresh token that was judged before is sent again"),
    "sent-after-sign-out": Kind("violation", "a request that began after the sign-out carries the old session"),
    "resurrected": Kind("violation", "the session is alive after the sign-out"),
    "wrong-account": Kind("violation", "a request of one account carries another's token"),
    "stranded": Kind("violation", "somebody waits for ever"),
    "refresh-abandoned": Kind("violation", "a refresh is given up half-way: nobody stores what it brings"),
    "two-successors": Kind("violation", TWO),
    "session-lost, incurably": Kind("incurable", f"the auth server refuses the refresh ({INCURABLE})"),
    "caller-401, incurably": Kind("incurable", f"the app sees a 401 ({INCURABLE})"),
    "two-successors, incurably": Kind("incurable", f"{TWO} ({LATER})"),
    "needless-exchange": Kind(
        "cost", "a token with more than half of its life left, which nobody refused, is refreshed"
    ),
    "put-back": Kind("cost", "the cache is filled with a pair that the store no longer holds"),
    "hammered": Kind("cost", "the token endpoint, which has just failed, is asked again at once"),
    "read-again": Kind("cost", "the store is read again for a pair that a caller has just read"),
    "waits-needlessly": Kind("cost", "a caller waits for a refresh with a token in hand that still serves"),
}
