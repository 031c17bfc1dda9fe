"""What is said of real clients: their drivers, their reasons, and the cards that are committed."""

import json
import re
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from cards import DRIVERS, ROOT

from race401.harness.card.exercised import EXERCISED
from race401.harness.card.judging import RaceOutcome
from race401.harness.card.making import hello
from race401.harness.card.race import ABILITIES, CLAIMS
from race401.harness.card.races import RACES
from race401.harness.card.record import Introduction, load

MINE = [path for path in DRIVERS.glob("*/*") if path.suffix in (".py", ".mjs") and path.stem != "protocol"]


def test_every_driver_is_short_and_on_the_list() -> None:
    listed = (DRIVERS / "clients.txt").read_text()
    for path in MINE:
        assert len(path.read_text().splitlines()) < 64, path
        assert path.name in listed


def test_the_page_names_every_race_and_every_claim() -> None:
    page = (ROOT / "docs/your-client.md").read_text()
    for race in RACES:
        assert f"| `{race.name}` | {race.about} |" in page or race.name == "concurrent-expiry"
    assert all(f"| `{claim}` | {says} |" in page for claim, says in CLAIMS.items())


NUMBER = {13: "thirteen", 14: "fourteen", 15: "fifteen", 16: "sixteen", 17: "seventeen", 21: "twenty-one"}


@pytest.mark.parametrize("page", ["README.md", "docs/your-client.md"])
def test_a_page_that_numbers_the_races_says_how_many_there_are(page: str) -> None:
    assert f"{NUMBER[len(RACES)]} races" in (ROOT / page).read_text()


def test_every_race_covers_what_the_ledger_can_show() -> None:
    """And every claim and ability that it names is explained to whoever writes a driver."""
    for race in RACES:
        assert race.covers in EXERCISED
        assert race.claim is None or race.claim in CLAIMS
        assert race.ability is None or race.ability in ABILITIES


def told_by(path: Path, tmp_path: Path) -> Introduction:
    """What a driver says of its client."""
    extra = ["fixed"] if path.stem == "race401_policy" else []
    return hello(["node" if path.suffix == ".mjs" else sys.executable, str(path), *extra], tmp_path)


def source(path: str, driver: Path) -> Path:
    """A file of the library, below site-packages or node_modules; of what people copy, the driver itself."""
    if path.startswith("drivers/"):
        return ROOT / path
    if driver.suffix == ".mjs":
        return driver.parent / "node_modules" / path
    module = find_spec(path.partition("/")[0])
    assert module is not None
    assert module.submodule_search_locations
    return Path(module.submodule_search_locations[0]).parent / path


@pytest.mark.slow
@pytest.mark.elsewhere
@pytest.mark.parametrize("path", MINE, ids=lambda path: path.stem)
def test_each_reason_is_a_line_of_the_librarys_source(path: Path, tmp_path: Path) -> None:
    if path.suffix == ".mjs" and not (path.parent / "node_modules").exists():
        pytest.skip("the JavaScript clients are not installed: npm ci in drivers/node")
    told = told_by(path, tmp_path)
    assert told.docs
    assert set(told.claims) <= set(CLAIMS)
    for race, why in told.explains.items():
        assert race in {race.name for race in RACES}
        match = re.match(r"(\S+):(\d+) `([^`]+)`", why)
        assert match is not None, why
        assert match[3] in source(match[1], path).read_text().splitlines()[int(match[2]) - 1], f"{path}: {why}"


def test_the_cards_that_are_committed_are_of_the_listed_clients() -> None:
    commands = {json.loads(path.read_text())["command"] for path in (ROOT / "reports/cards").glob("*.json")}
    assert commands <= set((DRIVERS / "clients.txt").read_text().splitlines())


@pytest.mark.parametrize("path", sorted((ROOT / "reports/cards").glob("*.json")), ids=lambda path: path.stem)
def test_a_card_that_is_committed_holds_every_race_and_no_other(path: Path) -> None:
    """So that the scoreboard made from them has no empty column and leaves no race out."""
    assert [result.race for result in load(path).results] == [race.name for race in RACES]


@pytest.mark.parametrize("path", sorted((ROOT / "reports/cards").glob("*.json")), ids=lambda path: path.stem)
def test_each_mark_that_somebody_might_dispute_has_its_line(path: Path) -> None:
    """What is lost or wasteful, claimed or not, of a client that is not ours."""
    card = load(path)
    marks = {RaceOutcome.LOST, RaceOutcome.NOT_CLAIMED, RaceOutcome.WASTEFUL}
    disputed = {result.race for result in card.results if result.outcome in marks or result.disproved}
    ours = card.introduction.client.startswith("race401")
    assert ours or disputed <= card.introduction.explains.keys()
