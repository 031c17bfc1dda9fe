"""What the app was handed is the second witness: each disagreement planted, with its clean twin and a near miss."""

from typing import Any

import pytest
from ledgers import Run as Seen

from race401.harness.card.calls import Call, CameTo, note
from race401.harness.card.course import Run
from race401.harness.card.judging import RaceOutcome, Result, judge
from race401.harness.card.race import CLAIMS
from race401.harness.card.races import RACES

ME = "me"
BY_NAME = {race.name: race for race in RACES}
OK = {"status": 200}
ONE = '{"path": "/contacts?limit=1&caller=1", "status": 200}'


def called(n: int, came_to: dict[str, Any] | None = None, *, must: bool = True) -> Call:
    """The n-th call, and what the app saw of it."""
    path = f"/contacts?limit=1&caller={n}"
    return Call(path, must, signed_out=False, came_to=CameTo(path, **came_to) if came_to else None)


def on_the_wire(*statuses: int) -> Seen:
    """A session, a burst with these answers to its calls, and one refresh in it."""
    seen = Seen()
    seen.entry(ME, "/oauth/token", 200, method="POST")
    seen.exchange(ME)
    for n, status in enumerate(statuses, 1):
        seen.entry(ME, called(n).path, status, generation=1, cause=None if status == 200 else "expired")
    return seen


def judged(
    seen: Seen, *calls: Call, race: str = "concurrent-expiry", claims: tuple[str, ...] = tuple(CLAIMS)
) -> Result:
    """What the race says."""
    run = Run(BY_NAME[race], "rfc9700", entries=seen.entries, calls=list(calls), sign_ins=1, bursts=[seen.entries])
    return judge(run, claims)


@pytest.mark.parametrize("saw", [{"status": 401}, {"error": "401"}], ids=["status", "error"])
def test_a_retry_that_succeeded_while_the_app_was_handed_the_401_is_lost(saw: dict[str, Any]) -> None:
    result = judged(on_the_wire(200, 200), called(1, saw), called(2, OK))
    assert result.outcome is RaceOutcome.LOST
    assert result.sentence.startswith("1 of 2 calls failed, 1 although the server answered with success")
    assert result.story[-1].endswith("the app  /contacts?limit=1&caller=1  -> 401")
    assert [call.saw for call in result.calls] == ["failure", "success"]


def test_an_app_that_was_handed_what_the_server_answered_lost_nothing() -> None:
    assert judged(on_the_wire(200, 200), called(1, OK), called(2, {"status": 206})).outcome is RaceOutcome.SURVIVED


def test_an_error_of_a_call_that_need_not_succeed_is_no_loss() -> None:
    result = judged(on_the_wire(200, 200), called(1, OK), called(2, {"error": "signed out"}, must=False))
    assert result.outcome is RaceOutcome.SURVIVED


def test_a_driver_of_protocol_1_is_judged_by_the_wire() -> None:
    assert judged(on_the_wire(200, 200), called(1), called(2)).outcome is RaceOutcome.SURVIVED


def test_a_success_that_the_server_never_gave_is_none() -> None:
    """A driver that answers 200 for whatever comes back hides nothing."""
    result = judged(on_the_wire(200, 401), called(1, OK), called(2, OK))
    assert result.outcome is RaceOutcome.LOST
    assert result.sentence == "1 of 2 calls failed, 1 of which the driver calls a success"


@pytest.mark.parametrize("status", [401, 503])
def test_a_success_that_never_was_is_none_for_a_call_that_need_not_succeed(status: int) -> None:
    """An app whose session is over, and that is handed a 200, goes on as if nothing had happened."""
    calls = called(1, OK), called(2, OK, must=False)
    result = judged(on_the_wire(200, status), *calls, race="revoked-elsewhere", claims=())
    assert result.outcome is RaceOutcome.LOST
    assert result.sentence == "the app got a success for 1 call that the server never answered with one"
    said = called(2, {"error": "signed out"}, must=False)
    told = judged(on_the_wire(200, 401), called(1, OK), said, race="revoked-elsewhere", claims=())
    assert told.outcome is RaceOutcome.SURVIVED
    answered = judged(on_the_wire(401, 200), called(1, must=False), calls[1], race="revoked-elsewhere", claims=())
    assert answered.outcome is RaceOutcome.SURVIVED


@pytest.mark.parametrize("sent", ["/contacts?limit=1&caller=2&_=1", "/contacts?caller=2&limit=1", "/contacts"])
def test_a_driver_that_changes_a_path_is_at_fault_and_not_its_client(sent: str) -> None:
    """The call cannot be told from others any more: that proves nothing against anybody."""
    seen = on_the_wire(200)
    seen.entry(ME, sent, 200, generation=1)
    result = judged(seen, called(1, OK), called(2, OK))
    assert result.outcome is RaceOutcome.BROKE
    assert f"it sent {sent}, which is no call of `begin`" in result.sentence
    assert not result.disproved


def test_a_call_of_the_clients_own_is_no_changed_path() -> None:
    seen = on_the_wire(200, 200)
    seen.entry(ME, "/contacts?page=2", 200, generation=1)
    seen.entry(ME, "/me/entitlements", 200, generation=1)
    assert judged(seen, called(1, OK), called(2, OK)).outcome is RaceOutcome.SURVIVED
    unsent = on_the_wire(200)
    unsent.entry(ME, "/me/entitlements", 200, generation=1)
    assert judged(unsent, called(1, OK), called(2, {"error": "no token"})).outcome is RaceOutcome.LOST


@pytest.mark.parametrize("must", [True, False])
def test_a_call_that_never_ends_is_lost_whatever_the_client_claims(must: bool) -> None:
    result = judged(on_the_wire(200), called(1, OK), called(2, {"pending": True}, must=must), claims=())
    assert result.outcome is RaceOutcome.LOST
    assert result.sentence == "1 of 2 calls never finished, although the server had answered"
    assert result.story[-1].endswith("-> still pending")


def test_a_session_that_the_race_itself_ended_is_not_lost_by_a_call_that_never_ends() -> None:
    seen = on_the_wire(200)
    seen.exchange(ME, "not_found")
    result = judged(seen, called(1, OK), called(2, {"pending": True}, must=False), race="revoked-elsewhere")
    assert result.sentence == "1 of 2 calls never finished, although the server had answered"


def test_a_driver_of_protocol_1_that_fell_silent_blames_nobody() -> None:
    """Nor does it clear anybody: the exit code says that nothing is known."""
    run = Run(BY_NAME["concurrent-expiry"], "rfc9700", failure="no answer to `end` within 20 s", silent=True)
    result = judge(run, tuple(CLAIMS))
    assert result.outcome is RaceOutcome.SILENT
    assert "calls never ended, or the driver hung" in result.sentence


def test_what_each_call_came_to_is_noted_in_the_order_of_begin() -> None:
    calls = [called(1), called(2), called(3)]
    paths = [call.path for call in calls]
    note(
        f'[{{"path": "{paths[0]}", "status": 204}}, {{"path": "{paths[1]}", "error": "no\\nroute"}}, '
        f'{{"path": "{paths[2]}", "pending": true}}]',
        calls,
    )
    assert [str(call.came_to) for call in calls] == ["204", "no route", "still pending"]
    assert [call.pending for call in calls] == [False, False, True]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("ok", "malformed"),
        ('{"path": "/contacts?limit=1&caller=1", "status": 200}', "Expected `array`"),
        ("[]", "a list without /contacts?limit=1&caller=1, so that these are not the calls of `begin`"),
        ('[{"path": "/other", "status": 200}]', "not the calls of `begin`"),
        (f'[{ONE}, {{"path": "/other", "status": 200}}]', "a list with /other, so that"),
        (f"[{ONE}, {ONE}]", "in another order, or with a call twice"),
        ('[{"path": "/contacts?limit=1&caller=1"}]', "one of status, error and pending"),
        ('[{"path": "/contacts?limit=1&caller=1", "status": 200, "error": "x"}]', "one of status, error and pending"),
    ],
)
def test_an_answer_that_is_no_such_list_is_refused_with_what_would_be_right(answer: str, says: str) -> None:
    with pytest.raises(ValueError, match="expected one line of JSON") as refused:
        note(answer, [called(1)])
    assert says in str(refused.value)
