"""The races of a score card, each a piece of data: the world, what server and client are told, and what shows it."""

from typing import Any

from race401.harness.card.race import (
    CALLERS,
    SURELY_OVER,
    Arm,
    Burst,
    Pause,
    Race,
    Release,
    RevokeElsewhere,
    SetClock,
    SignIn,
    SignOutDuring,
    Tabs,
)

ALMOST_OVER = 3.0  # left of a token that is due: within most margins, soon waited for, and time to send a burst
STILL_GOOD = 8.0  # within every margin in use (the shortest that is one: supabase_auth's 10 s), and no hurry
COOLED_DOWN = 6.0  # after which a client that waits for a while after a failure should have tried again
SHORT = 4.0  # of a token's life: less than most margins
SKEW = 300.0  # more than every margin in use (the longest: google-auth's 225 s)
SOON = 2.0  # in which the callers of one burst come after each other, on a slow machine too
PATIENT = 12.0  # longer than locks last and requests wait, of clients that give both 10 s


def _fails(status: int, for_s: float, **more: Any) -> dict[str, Any]:
    exchange = {"request": "exchange"}
    return {"fault": [{"kind": "status", "status": status, "which": exchange, "for_s": for_s, **more}]}


def _slow(seconds: float) -> dict[str, Any]:
    """For so long, or until every caller has sent a refresh of its own: then the same ones lose each time.

    Nobody else's answer comes before that either, as long as another caller follows soon.
    """
    first, all_of_them = {"request": "exchange", "nth": 1}, {"request": "exchange", "at": "answer", "count": CALLERS}
    return {
        "hold": [
            {"which": first, "until": all_of_them, "or_after_s": seconds},
            {"which": {"request": "exchange"}, "until": all_of_them, "or_after_s": min(seconds, SOON)},
        ],
        "within_s": seconds + COOLED_DOWN,
    }


LOSERS_HEAR_LAST = {  # all refreshes arrive before any is decided, and who is refused hears of it after the winner
    "hold": [
        {
            "which": {"request": "exchange"},
            "at": "arrive",
            "until": {"request": "exchange", "at": "arrive", "count": CALLERS},
            "or_after_s": 2.0,
        },
        {
            "which": {"request": "exchange", "grant_outcome": "reused"},
            "until": {"request": "exchange", "grant_outcome": "rotated"},
            "settle_s": 0.2,
            "or_after_s": 0.5,  # the winner's answer has left before
        },
    ]
}
BESIDE_A_REFRESH = {  # two calls with one token: one is refused and makes a refresh, and then the other is decided
    "fault": [{"kind": "refuse", "times": 1}],
    "hold": [
        {  # the first call waits until the other has left with the same token
            "which": {"request": "resource", "nth": 1},
            "at": "arrive",
            "until": {"request": "resource", "at": "arrive", "count": 2},
            "or_after_s": 4.0,
        },
        {
            "which": {"request": "resource", "nth": 2},
            "at": "arrive",
            "until": {"request": "resource", "at": "arrive", "count": 2},  # this one, and the other's retry
            "or_after_s": 4.0,  # a client that does not try again; less than any waits for an answer
        },
        {  # the first retry waits for the other's: of two refreshes the second has ended the token of the first
            "which": {"request": "resource", "nth": 3},
            "at": "arrive",
            "until": {"request": "resource", "status": 200},
            "or_after_s": 4.0,
        },
    ],
    "within_s": 10.0,
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
        "the token expires while a burst of calls is sent",
        (SignIn(ALMOST_OVER), Arm("concurrent-expiry"), Burst(due=True), Burst(1)),
        covers="refresh",
        claim="single_flight",
    ),
    Race(
        "slow-refresh",
        "the same, and the answer to the refresh takes 2 s",
        (SignIn(ALMOST_OVER), Arm("slow-refresh", _slow(2.0)), Burst(due=True), Burst(1)),
        covers="refresh",
        claim="single_flight",
    ),
    Race(
        "slower-than-locks",
        "the same, and the answer takes 12 s, longer than many locks last; the next call comes after that",
        (
            SignIn(ALMOST_OVER),
            Arm("slow-refresh", _slow(PATIENT)),
            Burst(due=True, must=False),
            Release(),
            Burst(1),
        ),
        covers="refresh",
        claim="single_flight",
    ),
    Race(
        "losers-clean-up",
        "several may refresh at once; who is refused hears of it after the winner, whose session stays valid",
        (SignIn(ALMOST_OVER), Arm("concurrent-expiry", LOSERS_HEAR_LAST), Burst(due=True, must=False), Burst(1)),
        covers="refresh",
        claim="keeps_session",
        world="rotate-strict",
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
        (SignIn(), Arm("late-401", {"within_s": 4.0}), Burst(2)),
        covers="late-401",
        claim="retry_on_401",
    ),
    Race(
        "old-token-dies",
        "a refresh ends the access token that another call has just sent",
        (SignIn(), Arm("late-401", BESIDE_A_REFRESH), Burst(2)),
        covers="ended-token",
        claim="retry_on_401",
        world="oauth2-server",
    ),
    Race(
        "refresh-fails",
        "the auth server is down for 2 s, and the token is still valid",
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
        "the auth server answers 429, Retry-After 2, for 1.5 s; the token has expired; the next call comes 6 s later",
        (
            SignIn(ALMOST_OVER),
            Arm("rate-limited", _fails(429, 1.5, retry_after_s=2)),
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
            Arm("sign-out-during-refresh", {"within_s": 4.0}),
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
        "the client's clock is 5 minutes ahead, and tokens are valid for 4",
        (SetClock(-SKEW), SignIn(), Burst(1), Burst(1), Burst(1)),
        covers="condition",
        settings=("--lifetime", "240"),
        ideal=0,
    ),
    Race(
        "short-lifetime",
        "tokens are valid for 4 s, less than most margins; of three bursts the last comes after that",
        (SignIn(), Burst(fresh=SHORT / 2), Burst(fresh=SHORT / 2), Pause(SHORT + SURELY_OVER), Burst()),
        covers="refresh",
        claim="single_flight",
        settings=("--lifetime", f"{SHORT:g}"),
    ),
    Race(
        "third-refresh",
        "tokens are valid for 4 s, and three calls come one by one, each after the last token has expired",
        THRICE,
        covers="third-refresh",
        settings=("--lifetime", f"{SHORT:g}"),
        ideal=3,
    ),
    Race(
        "beyond-reuse",
        "the same where tokens rotate, and a used refresh token is accepted again for only 1 s",
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
        "a POST is refused with 401: the retry sends the whole body, or the app gets an error",
        (SignIn(), Arm("concurrent-401s"), Burst(1, must=False, post=True)),
        covers="refusal",
        ability="post",
    ),
    Race(
        "three-tabs",
        "the token expires while three clients that share a storage send a burst",
        (Tabs(), SignIn(ALMOST_OVER), Arm("concurrent-expiry"), Burst(6, due=True)),
        covers="refresh",
        claim="shared_flight",
        ability="tabs",
    ),
    Race(
        "slow-tabs",
        "the same, and the answer to the refresh takes 12 s, longer than many locks last",
        (
            Tabs(),
            SignIn(ALMOST_OVER),
            Arm("slow-refresh", _slow(PATIENT)),
            Burst(6, due=True, must=False),
            Release(),
            Burst(3),
        ),
        covers="refresh",
        claim="shared_flight",
        ability="tabs",
    ),
)
