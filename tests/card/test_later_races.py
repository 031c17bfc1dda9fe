"""What shows only later than the first refresh, or in a body: each planted, its clean twin, and a near miss."""

import json
from typing import Any

import pytest
from ledgers import Run as Seen

from race401.harness.card.calls import Call, CameTo
from race401.harness.card.course import MESSAGE, Run
from race401.harness.card.judging import RaceOutcome, Result, judge
from race401.harness.card.race import CLAIMS
from race401.harness.card.races import RACES
from race401.mock_api.rules.worlds import WORLDS

ME = "me"
BY_NAME = {race.name: race for race in RACES}
WHOLE = 40


def judged(race: str, seen: Seen, *calls: Call) -> Result:
    """What the race says."""
    run = Run(BY_NAME[race], "rfc9700", entries=seen.entries, calls=list(calls), sign_ins=1, bursts=[seen.entries])
    return judge(run, tuple(CLAIMS))


def test_a_race_in_a_world_of_its_own_names_one_that_there_is() -> None:
    assert [race.name for race in RACES if race.world is not None and race.world not in WORLDS] == []


# --- a third refresh ---


def refreshed(*outcomes: str) -> tuple[Seen, list[Call]]:
    """A call for each of these refreshes, 5 s apart; each got its answer, if the refresh did."""
    seen, calls = Seen(), []
    for n, outcome in enumerate(outcomes):
        calls.append(Call(f"/contacts?limit=1&caller={n}", must=True, signed_out=False))
        at = {"received_at": 5.0 * n, "answered_at": 5.0 * n}
        seen.exchange(ME, outcome, generation=n, **at)
        if outcome == "rotated":
            seen.entry(ME, calls[-1].path, 200, generation=n + 1, **at)
    return seen, calls


def test_a_client_that_keeps_what_a_refresh_brings_refreshes_again_and_again() -> None:
    seen, calls = refreshed("rotated", "rotated", "rotated")
    result = judged("third-refresh", seen, *calls)
    assert (result.outcome, result.sentence) == (RaceOutcome.SURVIVED, "3 exchanges")


def test_a_client_that_drops_the_rotated_token_loses_its_second_refresh() -> None:
    seen, calls = refreshed("rotated", "reused", "revoked")
    result = judged("third-refresh", seen, *calls)
    assert result.outcome is RaceOutcome.LOST
    assert result.sentence.startswith("2 of 3 calls failed, 2 without being sent; the session was lost")


def test_two_refreshes_prove_nothing_about_a_third() -> None:
    seen, calls = refreshed("rotated", "rotated")
    result = judged("third-refresh", seen, *calls)
    assert (result.outcome, result.sentence) == (RaceOutcome.NOT_EXERCISED, "no third refresh was seen")


# --- a POST ---


def posted(*answers: tuple[int, int | None], app: dict[str, Any] | None = None) -> Result:
    """A POST, each of its tries with its status and the length of its body; what the app was handed."""
    path = "/messages?caller=1"
    seen = Seen()
    for status, length in answers:
        cause = "generation_refused" if status == 401 else None
        seen.entry(ME, path, status, method="POST", body_length=length, cause=cause)
    came_to = None if app is None else CameTo(path, **app)
    return judged("post-after-401", seen, Call(path, must=False, signed_out=False, came_to=came_to, body=MESSAGE))


@pytest.mark.parametrize(
    ("answers", "app", "sentence"),
    [
        ([(401, WHOLE), (400, 0)], {"status": 400}, "a retry was sent without the whole body"),
        ([(401, WHOLE), (201, 2)], {"status": 201}, "a retry was sent without the whole body"),
        ([(401, WHOLE), (201, WHOLE), (201, WHOLE)], {"status": 201}, "one POST arrived 2 times"),
        (
            [(401, WHOLE), (201, WHOLE)],
            {"error": "401"},
            "the app got a failure, although the POST had arrived",
        ),
        ([(401, WHOLE)], {"status": 200}, "the app got a success, although the POST never arrived"),
    ],
    ids=["no body", "half a body", "twice", "refused to the app alone", "never sent again"],
)
def test_a_body_that_does_not_arrive_whole_and_once_is_lost(
    answers: list[tuple[int, int | None]], app: dict[str, Any], sentence: str
) -> None:
    result = posted(*answers, app=app)
    assert (result.outcome, result.sentence) == (RaceOutcome.LOST, sentence)


@pytest.mark.parametrize(
    ("answers", "app"),
    [
        ([(401, WHOLE), (201, WHOLE)], {"status": 201}),
        ([(401, WHOLE)], {"status": 401}),
        ([(401, WHOLE)], {"error": "a POST is not sent twice"}),
        ([(401, None), (201, None)], {"status": 201}),
    ],
    ids=["whole", "refused plainly", "refused by an error", "in chunks, so that nobody knows its length"],
)
def test_a_body_that_arrives_whole_or_is_refused_plainly_is_no_loss(
    answers: list[tuple[int, int | None]], app: dict[str, Any]
) -> None:
    assert posted(*answers, app=app).outcome is RaceOutcome.SURVIVED


def test_a_post_that_met_no_refusal_proves_nothing() -> None:
    assert posted((201, WHOLE), app={"status": 201}).outcome is RaceOutcome.NOT_EXERCISED


def test_a_call_with_a_body_is_one_word_of_begin() -> None:
    word = str(Call("/messages?caller=1", must=True, signed_out=False, body=MESSAGE))
    assert json.loads(word) == {"method": "POST", "path": "/messages?caller=1", "body": MESSAGE}
    assert len(word.split()) == 1
