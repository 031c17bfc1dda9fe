"""What a forgiving server lets pass and a claim does not: each planted, its clean twin, and a near miss."""

from typing import Any

import pytest
from ledgers import Run as Seen

from race401.harness.card.calls import Call
from race401.harness.card.course import Run
from race401.harness.card.judging import RaceOutcome, Result, judge
from race401.harness.card.races import RACES
from race401.harness.card.record import Card, Introduction

ME = "me"
BY_NAME = {race.name: race for race in RACES}
AT_ONCE: dict[str, Any] = {"received_at": 1.0, "answered_at": 2.0, "presented": "a" * 16}


def judged(seen: Seen, *claims: str, race: str = "concurrent-expiry", **more: Any) -> Result:
    """What a race with one call says, whose answer was a success."""
    seen.entry(ME, "/contacts?limit=1&caller=1", 200, generation=1)
    call = Call("/contacts?limit=1&caller=1", must=True, signed_out=False)
    given: dict[str, Any] = {"sign_ins": 1, "bursts": [seen.entries[1:]]} | more
    return judge(Run(BY_NAME[race], "rfc9700", entries=seen.entries, calls=[call], **given), claims)


def signed_in() -> Seen:
    """A session that we asked for."""
    seen = Seen()
    seen.entry(ME, "/oauth/token", 200, method="POST", received_at=0.0, answered_at=0.1)
    return seen


def test_several_exchanges_of_one_token_at_once_are_not_one_shared_refresh() -> None:
    """The race is survived, and the card is not clean."""
    seen = signed_in()
    for _ in range(3):
        seen.exchange(ME, "reuse_tolerated", **AT_ONCE)
    result = judged(seen, "single_flight")
    assert result.outcome is RaceOutcome.WASTEFUL
    assert result.disproved == ["single_flight: 3 exchanges of one refresh token at once are not one shared refresh"]
    assert result.entries, "the evidence is kept"
    assert Card(Introduction("x"), "x", "0", [result], 1.0).exit_code == 1
    assert judged(seen).disproved == [], "who claims nothing is not disproved"


@pytest.mark.parametrize(
    "second",
    [
        {"received_at": 2.5, "answered_at": 3.0},
        {"presented": "b" * 16},
        {"hung_up": True},
        {"fault": "cut"},
    ],
    ids=["after the first", "another token", "given up by its client", "struck by a fault"],
)
def test_a_second_exchange_that_may_have_its_reason_disproves_nothing(second: dict[str, Any]) -> None:
    seen = signed_in()
    seen.exchange(ME, "reuse_tolerated", **AT_ONCE)
    seen.exchange(ME, "reuse_tolerated", **(AT_ONCE | second))
    assert judged(seen, "single_flight").disproved == []


def test_clients_over_one_storage_are_held_to_what_they_claim_together() -> None:
    seen = signed_in()
    for _ in range(2):
        seen.exchange(ME, "reuse_tolerated", **AT_ONCE)
    assert judged(seen, "single_flight", race="three-tabs").disproved == []
    (claim,) = judged(seen, "shared_flight", race="three-tabs").disproved
    assert claim.startswith("shared_flight: 2 exchanges")


def test_a_client_that_signs_in_anew_beside_its_refresh_does_not_share_it() -> None:
    seen = signed_in()
    seen.exchange(ME, **AT_ONCE)
    for _ in range(4):
        seen.entry(ME, "/oauth/token", 200, method="POST", family="another")
    (claim,) = judged(seen, "single_flight").disproved
    assert claim == "single_flight: 4 sign-ins of its own in one burst are not one shared refresh"


@pytest.mark.parametrize("why", ["refused for good", "refused after the refresh", "so, by a 403"])
def test_one_sign_in_that_was_called_for_disproves_nothing(why: str) -> None:
    seen = signed_in()
    if why == "refused for good":
        seen.exchange(ME, "not_found")
    else:
        seen.exchange(ME, **AT_ONCE)
        status = 403 if why == "so, by a 403" else 401
        seen.entry(ME, "/contacts?limit=1&caller=1", status, cause="session_revoked", refusal=status == 403)
    seen.entry(ME, "/oauth/token", 200, method="POST", family="another")
    assert judged(seen, "single_flight").disproved == []


def test_a_sign_in_of_each_burst_is_one_each() -> None:
    seen = signed_in()
    for n in (1, 2):
        seen.exchange(ME, "not_found", family=f"session {n}")
        seen.entry(ME, "/oauth/token", 200, method="POST", family=f"session {n + 1}")
    assert judged(seen, "single_flight", bursts=[seen.entries[1:3], seen.entries[3:]]).disproved == []
