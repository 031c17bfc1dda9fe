"""Every order of an async client's requests against the real app: found where there is a race, clean where not."""

from functools import partial

import pytest
from ledgers import Run
from scenes import burst, late_401, lost_answer, resurrection, sign_out

from race401.harness.explore.application import Scene, explore, replay
from race401.harness.explore.application.judging import by_ledger
from race401.harness.tokens import FIXED, HARDENED, PRE_FIX
from race401.mock_api import app
from race401.mock_api.rules.worlds import WORLDS

create_app = partial(app.create_app, [WORLDS["supabase"], WORLDS["rfc9700"]])  # made anew for each schedule
slow = pytest.mark.slow


@pytest.mark.parametrize("world", ["supabase", "rfc9700"])
def test_two_callers_after_the_fix_are_proven_clean(world: str) -> None:
    """One exchange, then two requests side by side: 4! / (2! 2!) orders, and all of them are tried."""
    found = explore(burst(FIXED, world, 2), create_app)
    assert (found.schedules, found.exhausted, dict(found.violating)) == (6, True, {}), found


@pytest.mark.parametrize("world", ["supabase", "rfc9700"])
def test_a_caller_cancelled_anywhere_harms_nobody(world: str) -> None:
    """Not even the one that began the shared refresh: the other gets its answer, and the token is exchanged once."""
    found = explore(burst(FIXED, world, 2), create_app, cancellations=1)
    assert (found.schedules, found.exhausted, dict(found.violating)) == (50, True, {}), found


@slow
@pytest.mark.parametrize("world", ["supabase", "rfc9700"])
def test_three_callers_after_the_fix_are_proven_clean(world: str) -> None:
    """6! / (2! 2! 2!) orders of three requests, and each of them with every cancellation of one caller."""
    found = explore(burst(FIXED, world, 3), create_app)
    assert (found.schedules, found.exhausted, dict(found.violating)) == (90, True, {}), found
    found = explore(burst(FIXED, world, 3), create_app, cancellations=1)
    assert (found.schedules, found.exhausted, dict(found.violating)) == (1386, True, {}), found


def test_two_callers_before_the_fix_lose_the_session_where_reuse_revokes_it() -> None:
    """In every order. The simplest one is first come, first served, and reads as what happened on the wire."""
    found = explore(burst(PRE_FIX, "rfc9700", 2), create_app)
    assert (found.schedules, found.exhausted) == (70, True)
    assert found.violating == {"caller-401s": 70, "exchanges-per-generation": 70, "sessions-lost": 70}
    assert str(found.counterexamples["sessions-lost"]) == (
        """\
  1   caller 1: the exchange of refresh token 0 reaches the server: rotated
  2   caller 2: the exchange of refresh token 0 reaches the server: reused
  3   caller 1: the exchange of refresh token 0 is answered: 200
  4   caller 2: the exchange of refresh token 0 is answered: 400
  5   caller 1: GET /rfc9700/contacts?limit=1 with generation 1 reaches the server: 200
  6   caller 2: GET /rfc9700/messages with no token reaches the server: missing_token
  7   caller 1: GET /rfc9700/contacts?limit=1 with generation 1 is answered: 200
  8   caller 2: GET /rfc9700/messages with no token is answered: 401
caller-401s: caller 2 saw 401 on GET /rfc9700/messages (missing_token)
exchanges-per-generation: the client: 2 exchanges of 1 refresh token, 2.00 each (1 reused); expected 1.00
sessions-lost: the client: 1 of 1 session lost; expected none
to replay it: '0.'"""
    )


def test_where_reuse_is_forgiven_the_same_burst_only_costs() -> None:
    assert set(explore(burst(PRE_FIX, "supabase", 2), create_app).violating) == {"exchanges-per-generation"}


LATE_401 = """\
  1   caller 1: GET /supabase/contacts?limit=1 with generation 0 reaches the server: expired
  2 * caller 1: GET /supabase/contacts?limit=1 with generation 0 is answered: 401
  3 * caller 1: the exchange of refresh token 0 reaches the server: rotated
  4   caller 2: GET /supabase/messages with generation 0 reaches the server: expired
  5   caller 1: the exchange of refresh token 0 is answered: 200
  6   caller 2: GET /supabase/messages with generation 0 is answered: 401
  7   caller 1: GET /supabase/contacts?limit=1 with generation 1 reaches the server: 200
  8   caller 2: the exchange of refresh token 1 reaches the server: rotated
  9   caller 1: GET /supabase/contacts?limit=1 with generation 1 is answered: 200
 10   caller 2: the exchange of refresh token 1 is answered: 200
 11   caller 2: GET /supabase/messages with generation 2 reaches the server: 200
 12   caller 2: GET /supabase/messages with generation 2 is answered: 200
needless-exchanges: the client: 1 exchange of tokens neither refused nor near their end; expected none
to replay it: '0.011'"""


@pytest.mark.parametrize(
    "scene",
    [late_401(2, careful=False), pytest.param(burst(FIXED, "supabase", 2, left=-1, skew=-130), marks=slow)],
    ids=["a naive client", "the fix, on a device whose clock is 130 s behind"],
)
def test_a_late_401_refreshes_again(scene: Scene) -> None:
    """Both refresh on a 401 without asking whether the token that was refused is still theirs: a known hole."""
    found = explore(scene, create_app)
    assert (found.schedules, found.exhausted, dict(found.violating)) == (308, True, {"needless-exchanges": 224})
    assert str(found.counterexamples["needless-exchanges"]) == LATE_401


def test_who_compares_generations_refreshes_once() -> None:
    found = explore(late_401(2, careful=True), create_app)
    assert (found.exhausted, dict(found.violating)) == (True, {}), found


def test_a_sign_out_during_a_refresh_is_undone_by_its_answer() -> None:
    """The naive client's session is alive again; with a fence it stays signed out, in every order."""
    found = explore(resurrection(careful=False), create_app)
    assert (found.exhausted, dict(found.violating)) == (True, {"assertion": 2}), found
    assert "3   sign-out begins\n  4   caller 1: the exchange of refresh token 0 reaches" in str(found)
    found = explore(resurrection(careful=True), create_app)
    assert (found.exhausted, dict(found.violating)) == (True, {}), found


@pytest.mark.parametrize("world", ["supabase", "rfc9700"])
def test_the_fix_sends_a_session_that_was_signed_out(world: str) -> None:
    """Its sign-out does not reach a refresh that is under way: a known hole, and the judge sees it in the ledger."""
    found = explore(sign_out(FIXED, world), create_app)
    assert found.exhausted
    assert found.violating["after-sign-out"] == 2
    assert "sessions-lost" not in found.violating, "a session that was signed out is not lost"


@pytest.mark.parametrize(
    ("world", "kinds"),
    [pytest.param("supabase", set(), marks=slow), ("rfc9700", {"caller-401s", "sessions-lost"})],
    ids=["supabase", "rfc9700"],
)
def test_a_lost_answer_is_the_servers_to_cure(world: str, kinds: set[str]) -> None:
    """The client can only send the old token again: forgiven in the one world, and in the other a theft, always."""
    costs = {"exchanges_per_generation": "any", "needless_exchanges": "any"}
    found = explore(lost_answer(FIXED, world), create_app, expects=costs)
    assert (found.exhausted, set(found.violating)) == (True, kinds), found
    assert all(count == found.schedules for count in found.violating.values())


@pytest.mark.parametrize(
    ("scene", "schedules"),
    [
        (burst(HARDENED, "rfc9700", 2, left=20), 6),
        pytest.param(burst(HARDENED, "supabase", 2, left=-1, skew=-130), 194, marks=slow),
        (sign_out(HARDENED, "supabase"), 35),
        (sign_out(HARDENED, "rfc9700"), 35),
    ],
    ids=["a burst", "a late 401", "a sign-out where reuse is forgiven", "a sign-out where it is theft"],
)
def test_the_hardened_policy_closes_the_holes(scene: Scene, schedules: int) -> None:
    """In every order of the very scenes that the fix fails in."""
    found = explore(scene, create_app)
    assert (found.schedules, found.exhausted, dict(found.violating)) == (schedules, True, {}), found


def test_a_sample_finds_what_four_callers_do_shrinks_it_and_replays_it() -> None:
    """There are too many orders to try them all: priorities find the late 401, and three deviations are enough."""
    scene = late_401(4, careful=False)
    found = explore(scene, create_app, sample=20)
    example = found.counterexamples["needless-exchanges"]
    assert not found.exhausted
    assert sum(choice.index > 0 for choice in example.played.choices) == 2
    again = replay(scene, create_app, example.token)
    assert (again.schedule, again.violations) == (example.played.schedule, example.played.violations)


def test_a_token_of_another_scene_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'0\.5' is of another scene"):
        replay(burst(FIXED, "supabase", 2), create_app, "0.5")
    with pytest.raises(ValueError, match="'late' is no schedule's token; one looks like"):
        replay(burst(FIXED, "supabase", 2), create_app, "late")


@pytest.mark.parametrize(
    ("refused", "left", "kinds"), [(True, 3600, []), (False, 3600, ["needless-exchanges"]), (False, 299, [])]
)
def test_an_exchange_is_needless_if_neither_a_refusal_nor_the_end_called_for_it(
    refused: bool, left: float, kinds: list[str]
) -> None:
    run = Run()
    if refused:
        run.entry(None, "/contacts", 401, cause="expired", family="f")
    run.exchange("", family="f", token_left_s=left)
    assert [violation.kind for violation in by_ledger(run.entries, {})] == kinds
