"""Which claim a loss is charged to: a client is not blamed for one that it kept."""

import pytest
from ledgers import Run as Seen

from race401.harness.card.calls import Call
from race401.harness.card.course import Run
from race401.harness.card.judging import RaceOutcome, judge
from race401.harness.card.race import CLAIMS
from race401.harness.card.races import RACES

ME = "me"
BY_NAME = {race.name: race for race in RACES}
A, B = "/contacts?limit=1&caller=1", "/contacts?limit=1&caller=2"


def seen(*requests: str) -> Seen:
    """What the server saw: `refresh N`, `reuse N`, or a call's path with its token's number and cause; `-` is 200."""
    run = Seen()
    run.entry(ME, "/oauth/token", 200, method="POST", kind="sign_in")
    for request in requests:
        what, number, *cause = request.split()
        if what in ("refresh", "reuse"):
            # both are decided while the other waits: they overlap
            run.exchange(
                ME, "rotated" if what == "refresh" else "reused", int(number), received_at=0.1, answered_at=9.0
            )
        else:
            path = A if what == "a" else B
            run.entry(ME, path, 401 if cause else 200, generation=int(number), cause=cause[0] if cause else None)
    return run


def charged(race: str, claims: tuple[str, ...], *requests: str) -> tuple[RaceOutcome, list[str]]:
    """The outcome, and which claims the sentence says are not made."""
    what = seen(*requests)
    calls = [Call(path, must=True, signed_out=False) for path in (A, B)]
    result = judge(Run(BY_NAME[race], "rfc9700", what.entries, calls, [what.entries], sign_ins=1), claims)
    return result.outcome, [
        claim for claim, words in CLAIMS.items() if f"does not claim that {words}" in result.sentence
    ]


LOST, APART = RaceOutcome.LOST, RaceOutcome.NOT_CLAIMED
DEAD = "generation_refused"


@pytest.mark.parametrize(
    ("requests", "charge"),
    [
        (("refresh 0", "a 1", "b 0 expired"), "retry_on_401"),
        (("refresh 0", "reuse 0", "a 1", "b 0 expired"), "single_flight"),
        (("refresh 0", "a 1"), "single_flight"),
    ],
    ids=["one refresh, and a 401 all the same", "two refreshes of one token", "one refresh, and a call not sent"],
)
def test_who_shares_one_refresh_is_not_blamed_for_a_401(requests: tuple[str, ...], charge: str) -> None:
    """A timer's refresh is slow, and the calls go on with the token that has ended meanwhile."""
    other = ({"retry_on_401", "single_flight"} - {charge}).pop()
    assert charged("concurrent-expiry", (charge,), *requests) == (LOST, [])
    assert charged("concurrent-expiry", (other,), *requests) == (APART, [charge])


@pytest.mark.parametrize(
    ("race", "requests", "charge"),
    [
        ("concurrent-401s", (f"a 0 {DEAD}", f"b 0 {DEAD}", "refresh 0", "reuse 0", "a 1"), "single_flight"),
        ("concurrent-401s", (f"a 0 {DEAD}", f"b 0 {DEAD}", "refresh 0", "a 1"), "retry_on_401"),
        (
            "old-token-dies",
            (f"a 0 {DEAD}", "refresh 0", "b 0 ended_by_refresh", "refresh 1", "b 2", "a 1 ended_by_refresh"),
            "single_flight",
        ),
        ("old-token-dies", (f"a 0 {DEAD}", "refresh 0", "b 0 ended_by_refresh", "a 1"), "retry_on_401"),
    ],
    ids=[
        "each 401 refreshes, and reuse is punished",
        "a 401 is passed on",
        "the second refresh ends what the first brought",
        "a call that a refresh ended is passed on",
    ],
)
def test_who_retries_each_401_is_not_blamed_for_refreshing_each_time(
    race: str, requests: tuple[str, ...], charge: str
) -> None:
    other = ({"retry_on_401", "single_flight"} - {charge}).pop()
    assert charged(race, (charge,), *requests) == (LOST, [])
    assert charged(race, (other,), *requests) == (APART, [charge])
