"""A client that throws its session away, told from one whose session was refused: planted, twin and near misses."""

from typing import Any

import pytest
from ledgers import Run as Seen

from race401.harness.card.calls import Call
from race401.harness.card.course import Run
from race401.harness.card.judging import RaceOutcome, Result, judge
from race401.harness.card.races import RACES

ME = "me"
GAVE_UP = "the client gave up a session that is still valid at the server"
REFUSED = "the session was lost: the server refused its refresh token for good"
BY_NAME = {race.name: race for race in RACES}


def path(n: int) -> str:
    """Of the n-th call."""
    return f"/contacts?limit=1&caller={n}"


def judged(
    *, ended: str = "none", next_call: bool, claims: tuple[str, ...] = ("keeps_session",), **grant: Any
) -> Result:
    """Two refresh with one token, one is refused; then comes one more call, which is sent or not."""
    seen = Seen()
    common: dict[str, Any] = {"kind": "exchange", "schema": 1, "key": "k", "presented": "a" * 16}
    common |= {"received_at": 0.1, "answered_at": 0.2}
    api: dict[str, Any] = {"kind": "api", "schema": 1, "key": "k", "sent": "c" * 16, "generation": 1}
    tokens = {"brought_refresh": "b" * 16, "brought_access": "c" * 16}
    seen.exchange(ME, "rotated", **(common | tokens | {"ended": "none"} | grant))
    seen.exchange(ME, "reused", **common, ended=ended)
    for n in (1, 2):
        seen.entry(ME, path(n), 200, **api, received_at=0.3, answered_at=0.3)
    bursts = [list(seen.entries)]
    after = len(seen.entries)
    if next_call:
        seen.entry(ME, path(3), 200, **api, received_at=1.0, answered_at=1.0)
    calls = [Call(path(n), must=True, signed_out=False) for n in (1, 2)]
    calls.append(Call(path(3), must=True, signed_out=False, after=after))
    run = Run(BY_NAME["concurrent-expiry"], "rotate-strict", entries=seen.entries, calls=calls, bursts=bursts)
    for entry in seen.entries:
        entry.world = "rotate-strict"
    return judge(run, claims)


def test_the_loser_that_deletes_what_the_winner_stored_has_lost_by_its_own_doing() -> None:
    """Who claims to keep its session is blamed, although it does not claim that callers share one refresh."""
    result = judged(next_call=False)
    assert result.outcome is RaceOutcome.LOST
    assert result.sentence == f"1 of 3 calls failed, 1 without being sent; {GAVE_UP}"
    assert judged(next_call=False, claims=()).outcome is RaceOutcome.NOT_CLAIMED


def test_the_loser_that_reads_again_what_the_winner_stored_survives() -> None:
    result = judged(next_call=True)
    assert (result.outcome, result.sentence) == (RaceOutcome.WASTEFUL, "2 exchanges where 1 would do")


def test_a_session_that_the_refusal_ended_was_not_given_up() -> None:
    result = judged(next_call=False, ended="family")
    assert REFUSED in result.sentence
    assert GAVE_UP not in result.sentence


@pytest.mark.parametrize("grant", [{"fault": "cut"}, {"hung_up": True}], ids=["lost", "hung up"])
def test_a_session_whose_new_tokens_never_came_was_not_given_up(grant: dict[str, Any]) -> None:
    assert GAVE_UP not in judged(next_call=False, **grant).sentence
