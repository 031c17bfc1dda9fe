"""Sound clients of every common design survive, and one flaw in each is found by the race that is for it."""

import sys

import pytest
from cards import ROOT

from race401.harness.card.judging import RaceOutcome
from race401.harness.card.making import make
from race401.harness.card.races import RACES
from race401.harness.card.record import Card
from race401.mock_api.rules.worlds import WORLDS

DRIVER = ROOT / "tests/helpers/designs.py"
LOST, WASTEFUL, SURVIVED = RaceOutcome.LOST, RaceOutcome.WASTEFUL, RaceOutcome.SURVIVED
TELLING = "concurrent-expiry slow-refresh concurrent-401s late-401 old-token-dies refresh-fails rate-limited sign-out"
ONLY_OVER = {"refresh-fails", "sign-out"}  # who refreshes only what is over has none that could fail or be under way


def card(does: str, races: str) -> Card:
    """The card of the client of this design, or with this flaw, which claims all that one can."""
    chosen = [race for race in RACES if race.name in races.split()]
    return make([sys.executable, str(DRIVER), *does.split()], chosen, None, WORLDS)


@pytest.mark.slow
@pytest.mark.parametrize("design", ["lock", "memo", "actor", "backoff", "on401", "timer"])
def test_a_sound_client_of_any_design_loses_nothing(design: str) -> None:
    made = card(design, TELLING + " third-refresh refused-with-401 post-after-401")
    others = {result.race: result.sentence for result in made.results if result.outcome is not SURVIVED}
    assert others.keys() <= (ONLY_OVER if design in ("on401", "timer") else set()), others
    assert others.keys() == ONLY_OVER or design != "on401", "a timer may be due on a slow machine, and is met then"
    assert made.exit_code == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("does", "race", "outcome"),
    [
        ("memo blind", "late-401", WASTEFUL),
        ("memo blind", "old-token-dies", LOST),
        ("memo stuck", "third-refresh", LOST),
        ("actor blind", "slow-refresh", WASTEFUL),
        ("lock stale", "concurrent-401s", LOST),
        ("lock once", "concurrent-401s", LOST),
        ("lock keeps", "third-refresh", LOST),
        ("lock drops", "rate-limited", LOST),
        ("lock gives-up", "refresh-fails", LOST),
        ("lock unfenced", "sign-out", LOST),
    ],
)
def test_one_flaw_is_found_by_the_race_that_is_for_it(does: str, race: str, outcome: RaceOutcome) -> None:
    (result,) = card(does, race).results
    assert result.outcome is outcome, result.sentence
