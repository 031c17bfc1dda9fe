"""
The races of a score card, each a piece of data: the world, what the server is told, what the client is told, and
what to look for in the ledger.

Durations are in s. The client's clock is the machine's; a clock that is wrong is the server's, set apart from it.
"""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

CALLERS = 5  # of a burst
ALMOST_OVER = 1.0  # left of a token that is due: within the margin of whoever has one, and soon waited for
STILL_GOOD = 8.0  # within every margin in use (the shortest that is one: supabase_auth's 10 s), and no hurry
COOLED_DOWN = 6.0  # after which a client that waits for a while after a failure should have tried again
SURELY_OVER = 2.1  # after a token's last one: expiry is in whole seconds, and so is `expires_in`, one later at most
SHORT = 4.0  # of a token's life: less than most margins
SKEW = 300.0  # more than every margin in use (the longest: google-auth's 225 s)

CLAIMS = {
    "single_flight": "callers share one refresh",
    "retry_on_401": "a 401 is made good by a refresh and a second try",
    "serve_while_valid": "a token that still lives is used although its refresh failed",
    "keeps_session": "a refresh that fails for the moment does not end the session",
    "sign_out": "a sign-out ends the session for good",
    "shared_flight": "clients over one storage share one refresh",
}
ABILITIES = {
    "sign_out": "no sign-out",
    "tabs": "no storage that several clients can share",
    "post": "a driver that sends no POST",
}


@dataclass(frozen=True, slots=True)
class SignIn:
    """Sign in, with so much left of the first token's life; None: all of it."""

    remaining: float | None = None


@dataclass(frozen=True, slots=True)
class Arm:
    """Put a race program to work: a shipped one, with some of its fields changed, or one of our own."""

    program: str
    changes: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Burst:
    """So many calls at once. `due`: a refresh is due; for a client that looks only at the expiry, wait for that."""

    callers: int = CALLERS
    must: bool = True  # succeed
    due: bool = False
    post: bool = False  # a body, which only a driver that can `post` is asked to send


@dataclass(frozen=True, slots=True)
class SignOutDuring:
    """One call; and a sign-out as soon as the program holds something of it."""


@dataclass(frozen=True, slots=True)
class Tabs:
    """From now on so many clients over one storage; a burst goes round them."""

    tabs: int = 3


@dataclass(frozen=True, slots=True)
class SetClock:
    """Set the server's clock apart from the client's."""

    ahead: float


@dataclass(frozen=True, slots=True)
class RevokeElsewhere:
    """The user ends all sessions from another device."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Let time pass."""

    seconds: float


Step: TypeAlias = SignIn | Arm | Burst | SignOutDuring | Tabs | SetClock | RevokeElsewhere | Pause
Covers: TypeAlias = Literal[
    "refresh",
    "third-refresh",
    "refusal",
    "two-401s-one-token",
    "late-401",
    "refresh-during-sign-out",
    "lost-answer",
    "fault",
    "condition",
]


@dataclass(frozen=True, slots=True)
class Race:
    """One line of the card."""

    name: str
    about: str
    steps: tuple[Step, ...]
    covers: Covers  # what the ledger must show; else the race was not exercised
    claim: str | None = None  # who does not claim this is not blamed for losing
    ability: str | None = None  # who does not have this is not asked
    world: str | None = None  # None: the world that the client is made for
    settings: tuple[str, ...] = ()  # of the mock, as on its command line
    ideal: int | None = 1  # exchanges of a client that does it right; None: none is right


def _fails(status: int, for_s: float) -> dict[str, Any]:
    return {"fault": [{"kind": "status", "status": status, "which": {"request": "exchange"}, "for_s": for_s}]}


SLOW = {  # for 2 s, or until every caller has sent a refresh of its own: then the same ones lose each time
    "hold": [
        {
            "which": {"request": "exchange", "nth": 1},
            "until": {"request": "exchange", "at": "answer", "count": CALLERS},
            "or_after_s": 2.0,
        }
    ]
}
THRICE = (
    SignIn(ALMOST_OVER),
    Burst(1, due=True),
    Pause(SHORT + SURELY_OVER),
    Burst(1),
    Pause(SHORT + SURELY_OVER),
    Burst(1),
)
RACES = (
    Race(
        "concurrent-expiry",
        "the token comes to its end under a burst",
        (SignIn(ALMOST_OVER), Arm("concurrent-expiry"), Burst(due=True), Burst(1)),
        covers="refresh",
        claim="single_flight",
    ),
    Race(
        "slow-refresh",
        "the same, and the answer to the refresh takes 2 s",
        (SignIn(ALMOST_OVER), Arm("slow-refresh", SLOW), Burst(due=True), Burst(1)),
        covers="refresh",
        claim="single_flight",
    ),
    Race(
        "concurrent-401s",
        "a whole burst is refused at once, as after a change of the signing key",
        (SignIn(), Arm("concurrent-401s"), Burst()),
        covers="two-401s-one-token",
        claim="retry_on_401",
    ),
    Race(
        "late-401",
        "a 401 arrives after its token was replaced",
        (SignIn(), Arm("late-401", {"within_s": 2.0}), Burst(2)),
        covers="late-401",
        claim="retry_on_401",
    ),
    Race(
        "refresh-fails",
        "the auth server is down for 2 s, and the token still lives",
        (SignIn(STILL_GOOD), Arm("refresh-fails", _fails(503, 2.0)), Burst(1)),
        covers="fault",
        claim="serve_while_valid",
        ideal=None,
    ),
    Race(
        "lost-answer",
        "the server rotates, its answer is lost, and it forgives a second try; the next call comes 6 s later",
        (
            SignIn(ALMOST_OVER),
            Arm("lost-answer"),
            Burst(1, due=True, must=False),
            Pause(COOLED_DOWN),
            Burst(1),
        ),
        covers="lost-answer",
        claim="keeps_session",
        world="supabase",
        ideal=2,
    ),
    Race(
        "rate-limited",
        "the auth server answers 429 for 1.5 s, and the token is over; the next call comes 6 s later",
        (
            SignIn(ALMOST_OVER),
            Arm("rate-limited", _fails(429, 1.5)),
            Burst(1, due=True, must=False),
            Pause(COOLED_DOWN),
            Burst(1),
        ),
        covers="fault",
        claim="keeps_session",
        ideal=2,
    ),
    Race(
        "sign-out",
        "the user signs out while a refresh is under way",
        (
            SignIn(STILL_GOOD),
            Arm("sign-out-during-refresh", {"within_s": 2.0}),
            SignOutDuring(),
            Burst(2, must=False),
        ),
        covers="refresh-during-sign-out",
        claim="sign_out",
        ability="sign_out",
        ideal=None,
    ),
    Race(
        "revoked-elsewhere",
        "the session is ended from another device, and the user signs in again",
        (SignIn(), Burst(), RevokeElsewhere(), Burst(must=False), SignIn(), Burst()),
        covers="refusal",
        settings=("--check-session",),
        ideal=None,
    ),
    Race(
        "clock-behind",
        "the client's clock is 5 minutes behind",
        (SetClock(SKEW), SignIn(ALMOST_OVER), Burst(1, due=True)),
        covers="refresh",
        claim="retry_on_401",
    ),
    Race(
        "clock-ahead",
        "the client's clock is 5 minutes ahead, and tokens live for 4",
        (SetClock(-SKEW), SignIn(), Burst(1), Burst(1), Burst(1)),
        covers="condition",
        settings=("--lifetime", "240"),
        ideal=0,
    ),
    Race(
        "short-lifetime",
        "tokens live for 4 s, less than most margins; of three bursts the last comes after that",
        (SignIn(), Burst(), Burst(), Pause(SHORT + SURELY_OVER), Burst()),
        covers="refresh",
        claim="single_flight",
        settings=("--lifetime", f"{SHORT:g}"),
    ),
    Race(
        "third-refresh",
        "tokens live for 4 s, and three calls come one by one, each after the end of the last token",
        THRICE,
        covers="third-refresh",
        settings=("--lifetime", f"{SHORT:g}"),
        ideal=3,
    ),
    Race(
        "beyond-reuse",
        "the same where tokens rotate, and a used refresh token is forgiven for 1 s only",
        THRICE,
        covers="third-refresh",
        world="overlap-new-sibling",
        settings=("--lifetime", f"{SHORT:g}", "--reuse-interval", "1"),
        ideal=3,
    ),
    Race(
        "refused-with-401",
        "the auth server refuses refreshes with 401 for 2 s; then the user signs in again",
        (
            SignIn(ALMOST_OVER),
            Arm("refresh-fails", _fails(401, 2.0)),
            Burst(due=True, must=False),
            Pause(3.0),
            SignIn(),
            Burst(1),
        ),
        covers="fault",
        ideal=None,
    ),
    Race(
        "post-after-401",
        "a POST is refused with 401: its body arrives whole at the second try, or the app is told",
        (SignIn(), Arm("concurrent-401s"), Burst(1, must=False, post=True)),
        covers="refusal",
        ability="post",
    ),
    Race(
        "three-tabs",
        "three clients over one storage meet the end of the token at once",
        (Tabs(), SignIn(ALMOST_OVER), Arm("concurrent-expiry"), Burst(6, due=True)),
        covers="refresh",
        claim="shared_flight",
        ability="tabs",
    ),
)
