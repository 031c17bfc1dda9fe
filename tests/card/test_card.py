"""Score cards of real programs: what a card says, how it is shown, kept and run again."""

import sys
from pathlib import Path

import msgspec
import pytest
from cards import DRIVERS, a_card

from race401.harness.__main__ import main
from race401.harness.card import show
from race401.harness.card.judging import RaceOutcome
from race401.harness.card.races import RACES
from race401.harness.card.record import Card, keep, load, slug


def test_wrong_usage_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["card"]) == 2
    assert main(["card", "--race", "mars", "--", "true"]) == 2
    assert "unknown race 'mars'; known: concurrent-expiry, slow-refresh" in capsys.readouterr().err


def outcomes(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, tuple[str, str]]:
    """The card's essence, from the command line."""
    main(["card", "--json", *arguments])
    return msgspec.json.decode(capsys.readouterr().out, type=Card).essence()


def test_a_naive_client(capsys: pytest.CaptureFixture[str]) -> None:
    """The template loses the burst and survives the late 401, at twice the price."""
    races = ["--race", "concurrent-401s", "--race", "late-401"]
    naive = outcomes(capsys, *races, "--", sys.executable, str(DRIVERS / "template.py"))
    assert naive["concurrent-401s"][0] == RaceOutcome.NOT_CLAIMED
    assert naive["concurrent-401s"][1].startswith("4 of 5 calls failed; the session was lost")
    assert naive["late-401"] == (RaceOutcome.WASTEFUL, "2 exchanges where 1 would do, 2 401s on the wire")


@pytest.mark.slow
def test_a_whole_card(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Our fix as reported survives all that it claims but the sign-out, and a refresh that ends the old token."""
    driver = [sys.executable, str(DRIVERS / "python/race401_policy.py"), "fixed"]
    card = outcomes(capsys, "--keep", str(tmp_path), "--", *driver)
    lost = {"sign-out", "old-token-dies"}
    unclaimed, wasteful = {"refresh-fails", "three-tabs", "slow-tabs"}, {"late-401", "clock-ahead", "short-lifetime"}
    assert {race for race, (outcome, _) in card.items() if outcome == RaceOutcome.LOST} == lost
    assert {race for race, (outcome, _) in card.items() if outcome == RaceOutcome.NOT_CLAIMED} == unclaimed
    assert {race for race, (outcome, _) in card.items() if outcome == RaceOutcome.WASTEFUL} == wasteful
    assert {race for race, (outcome, _) in card.items() if outcome == RaceOutcome.SURVIVED} == (
        {race.name for race in RACES} - unclaimed - wasteful - lost
    )


@pytest.mark.slow
def test_the_hardened_policy_survives_every_race(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    driver = [sys.executable, str(DRIVERS / "python/race401_policy.py"), "hardened"]
    card = outcomes(capsys, "--keep", str(tmp_path), "--", *driver)
    assert {race for race, (outcome, _) in card.items() if outcome == RaceOutcome.SURVIVED} == {r.name for r in RACES}


@pytest.mark.slow
@pytest.mark.parametrize("driver", [["template.py"], ["python/race401_policy.py", "fixed"]], ids=lambda d: d[-1])
def test_the_same_card_twenty_times(driver: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    command = [sys.executable, str(DRIVERS / driver[0]), *driver[1:]]
    cards = [outcomes(capsys, "--keep", str(tmp_path), "--", *command) for _ in range(20)]
    assert [card for card in cards if card != cards[0]] == []


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ([RaceOutcome.SURVIVED, RaceOutcome.NOT_CLAIMED], 0),
        ([RaceOutcome.SURVIVED, RaceOutcome.LOST, RaceOutcome.BROKE], 1),
        ([RaceOutcome.SURVIVED, RaceOutcome.BROKE], 3),
        ([RaceOutcome.SURVIVED, RaceOutcome.SILENT], 3),
        ([RaceOutcome.WASTEFUL, RaceOutcome.NOT_ASKED], 0),
        ([RaceOutcome.NOT_EXERCISED], 3),
    ],
)
def test_the_exit_code(found: list[RaceOutcome], code: int) -> None:
    assert a_card(**{f"race_{n}": outcome for n, outcome in enumerate(found)}).exit_code == code


def test_the_terminal_tells_the_story_of_what_was_lost() -> None:
    card = a_card(late_401=RaceOutcome.LOST, sign_out=RaceOutcome.SURVIVED)
    card.results[0].story = ["0.000 s  GET /contacts"]
    text = show.card(card)
    assert "late-401: a 401 arrives after its token was replaced\n  0.000 s  GET /contacts\n" in text
    assert "  why: lib.py:1 `a < b`: because\n  again: race401 card --race late-401 -- python driver.py" in text
    assert text.endswith("a client: of 2 races 1 survived, 1 lost; it took 1 s")


def test_what_to_run_again_works_as_it_stands() -> None:
    """It calls race401 as the reader did, and races in the same world."""
    card = a_card(late_401=RaceOutcome.LOST)
    assert "  again: .venv/bin/race401 card --race late-401 -- " in show.card(card, called=".venv/bin/race401")
    card.results[0].world = "supabase"
    assert "  again: race401 card --race late-401 --world supabase -- python driver.py" in show.card(card)
    card.results[0].race = "lost-answer"  # which has a world of its own
    assert "  again: race401 card --race lost-answer -- python driver.py" in show.card(card)


def test_a_card_is_kept_and_read_again(tmp_path: Path) -> None:
    card = a_card("A client (async)", late_401=RaceOutcome.LOST)
    path = tmp_path / "cards" / f"{slug(card)}.json"
    keep(card, path)
    assert path.name == "a-client-async.json"
    assert load(path) == card
