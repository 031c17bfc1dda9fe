"""
To add a knob, a world's setting, a race, a check, a scenario, a mechanism, a command: done in a copy of the package.

It is then everywhere, and what was touched is what ARCHITECTURE.md says: at most three files, and 30 lines.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from actions import ROOT
from packagecopies import Copy

from race401.harness.fixtures.server import SETTINGS
from race401.mock_api.rules.worlds import OPTIONS

MOST_FILES, MOST_LINES = 3, 30
KNOB = '    impatient: bool = knob(False, unseen="planted")\n    """Planted."""\n'
SETTING = '    grudge: float = option(0.0, "how long it bears one, in s", least=2.0)\n    """Planted."""\n'
RACE = """    Race(
        "nothing-happens",
        "one call, and no race",
        (SignIn(), Burst(1)),
        covers="condition",
        ideal=0,
    ),
"""


CHECK = """\
from collections.abc import Iterator

from race401.harness.judge.check import counting
from race401.harness.judge.cohort import Cohort
from race401.harness.judge.row import Row
from race401.ledger.entry import Entry


def head_requests(cohort: Cohort) -> Iterator[Entry]:
    \"\"\"A HEAD, where the page sends none.\"\"\"
    return (entry for entry in cohort.api if entry.method == "HEAD")


def sentence(row: Row, seqs: list[int]) -> str:
    return f"{len(seqs)} of {row.sends} requests were a HEAD"


HEAD_REQUESTS = counting("head-requests", head_requests, sentence, section="wire")
"""
SCENARIO = """\
\"\"\"A page is loaded as its token ends. Verdicts: pre-fix FAIL, fixed PASS.\"\"\"

from race401.harness.load.conditions import NOTHING_WRONG, Condition, Expectation, by_name
from race401.harness.load.scenario import Load, Scenario
from race401.harness.load.stage import stage

SCENARIO = Scenario(
    "planted",
    conditions=by_name(
        Condition(
            "planted", "rfc9700", "a page is loaded as its token ends", Expectation("some", "several"), NOTHING_WRONG
        ),
    ),
    load=Load(users=6, seconds=10),
)

stage(SCENARIO, globals())
"""
MECHANISM = """\
from race401.harness.incident.mechanisms.case import Case
from race401.harness.incident.mechanisms.mechanism import Mechanism, Sign, shown
from race401.harness.incident.mechanisms.ways import Way, at_once


def look(case: Case) -> Sign | None:
    return shown("a GET was refused", case.refused)


MECHANISM = Mechanism(
    name="planted",
    title="planted: it is here to be found",
    answer="Somebody planted it",
    seeks="what was planted",
    look=look,
    way=Way("rfc9700", "concurrent-expiry"),
    guard=at_once("rfc9700"),
)
"""
LOG = '192.0.2.1 - - [30/Nov/2026:10:00:00 +0000] "GET /contacts HTTP/1.1" 401 12 "-" "-"\n'
COMMAND = """\
from argparse import ArgumentParser, Namespace


def add(parser: ArgumentParser) -> None:
    pass


def run(given: Namespace) -> int:
    print("planted")
    return 3
"""


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """A fresh copy."""
    return Copy(tmp_path / "src")


PAGE = (ROOT / "ARCHITECTURE.md").read_text().split("## To add")[1]


def places(what: str) -> list[str]:
    """The files and folders that ARCHITECTURE.md names for this; they are the harness's, unless it says where."""
    (row,) = (line for line in PAGE.splitlines() if line.startswith(f"| {what} |"))
    named = re.findall(r"`([a-z_.]+/[a-z_./]*)`", row.split("|")[2])
    return [path if (ROOT / path).exists() else f"harness/{path}" for path in named]


def check_table(what: str, touched: dict[str, int]) -> Iterator[str]:
    """Yield what of the change is not as the table says."""
    where = places(what)
    yield from (f"{path} is not named" for path in touched if not path.startswith(tuple(where)))
    if len(touched) > MOST_FILES:
        yield f"{len(touched)} files"
    if (lines := sum(touched.values())) > MOST_LINES:
        yield f"{lines} lines"


def test_a_table_that_leaves_a_file_out_is_found() -> None:
    """And a change that is larger than it should be; one that is as large as it may be is not."""
    policy, elsewhere = "harness/tokens/policy.py", "harness/tokens/core.py"
    assert list(check_table("a knob", {policy: MOST_LINES})) == []
    assert list(check_table("a knob", {policy: MOST_LINES + 1})) == ["31 lines"]
    assert list(check_table("a knob", {policy: 1, elsewhere: 1})) == [f"{elsewhere} is not named"]
    many = {f"scenarios/{n}.py": 1 for n in range(MOST_FILES + 1)}
    assert list(check_table("a scenario", many)) == ["4 files"]


def test_a_knob_is_one_field(copy: Copy) -> None:
    """Policies are turned by it, manifests hold it, and the ablation says why it is not seen, without exploring."""
    copy.insert("harness/tokens/policy.py", "    # --- the background auto-refresh ---", KNOB)
    shown = copy.python(
        "-c",
        "from race401.harness.tokens.named import policy; from race401.harness.tokens.policy import knobs;"
        "print(knobs(policy('fixed:impatient=true')))",
    )
    assert "'impatient': True" in shown
    assert "impatient is left out: planted" in copy.race401("ablate", "--kept")
    assert list(check_table("a knob", copy.touched())) == []


def test_a_worlds_setting_is_one_field(copy: Copy) -> None:
    """The command line of the mock has it, and world files, with one rule for what is right."""
    copy.insert("mock_api/rules/worlds.py", "    latency: float = 0.0\n", SETTING)
    copy.insert("harness/fixtures/server.py", "*FLAGS)\n", '"grudge", ')
    assert "how long it bears one, in s" in copy.race401("serve", "--help")
    wrong = "must be a number of seconds, 2 or more"
    assert f"--grudge 1: {wrong}" in copy.race401("serve", "--grudge", "1", code=2)
    file = copy.folder / "worlds.toml"
    file.write_text("[mine]\ngrudge = 1\n")
    assert f"[mine] grudge = 1: {wrong}" in copy.race401("worlds", "--worlds", str(file), code=2)
    file.write_text("[mine]\ngrudge = 2\n")
    assert "mine" in json.loads(copy.race401("worlds", "--json", "--worlds", str(file)))
    assert list(check_table("a world's setting", copy.touched())) == []


def test_a_race_is_one_value(copy: Copy) -> None:
    """A card runs it, by its name and among all, and says what it is about."""
    copy.insert("harness/card/races.py", '    Race(\n        "three-tabs",\n', RACE)
    assert "nothing-happens" in copy.race401("card", "--help")
    driver = str(ROOT / "drivers/template.py")
    card = json.loads(copy.race401("card", "--json", "--race", "nothing-happens", "--", sys.executable, driver))
    (result,) = card["results"]
    assert (result["race"], result["outcome"]) == ("nothing-happens", "survived")
    assert list(check_table("a race of the card", copy.touched())) == []


def test_a_scenario_is_one_file(copy: Copy) -> None:
    """`make scenarios` plays it with the others, and a locustfile of that name is there for locust."""
    copy.add("scenarios/planted.py", SCENARIO)
    names = (
        "from race401.scenarios.__main__ import NAMES, scenario; print(NAMES, list(scenario('planted').conditions))"
    )
    shown = copy.python("-c", names)
    assert "'planted'" in shown
    assert shown.rstrip().endswith("['planted']")
    assert list(check_table("a scenario", copy.touched())) == []


def test_a_check_is_one_file_and_its_place_in_the_list(copy: Copy) -> None:
    """The example of `judge/check.py`, as it stands there; it is described, and has a word to be expected by."""
    copy.add("harness/judge/checks/planted.py", CHECK)
    importing = "from race401.harness.judge.checks.planted import HEAD_REQUESTS\n"
    copy.insert("harness/judge/checks/__init__.py", "from race401.harness.judge.checks.retries ", importing)
    copy.insert("harness/judge/checks/__init__.py", "        SATURATION,\n", "        HEAD_REQUESTS,\n")
    assert re.search("head-requests +A HEAD, where the page sends none", copy.race401("judge", "--checks"))
    expected = "from race401.harness.judge.expectation import WORDS; print('head_requests' in WORDS)"
    assert copy.python("-c", expected) == "True\n"
    assert list(check_table("a check", copy.touched())) == []


def test_a_mechanism_is_one_file_and_its_place_in_the_list(copy: Copy) -> None:
    """It is diagnosed, and has its way on, its guard and its scenario."""
    copy.add("harness/incident/mechanisms/planted.py", MECHANISM)
    copy.insert("harness/incident/mechanisms/__init__.py", "    rate_limit_storm,\n", "    planted,\n")
    copy.insert("harness/incident/mechanisms/__init__.py", "    lost_answer.MECHANISM,\n", "    planted.MECHANISM,\n")
    log = copy.folder / "access.log"
    log.write_text(LOG)
    told = copy.race401("diagnose", str(log), "--guard", "guard", "--scenario", "scenario", code=1)
    for line in (
        "planted: it is here to be found",
        "race401 card --race concurrent-expiry --world rfc9700",
        "guard: guard/test_planted.py",
        "scenario: scenario/planted.py",
    ):
        assert line in told
    assert list(check_table("a mechanism", copy.touched())) == []


def test_a_command_is_a_module_and_a_line(copy: Copy) -> None:
    """It is in the help, runs, and has a help of its own."""
    copy.add("harness/commands/planted.py", COMMAND)
    copy.insert("harness/commands/__init__.py", '    "ablate": ', '    "planted": "say so",\n')
    assert "say so" in copy.race401("--help", code=0)
    assert copy.race401("planted", code=3) == "planted\n"
    assert list(check_table("a command", copy.touched())) == []


def test_the_fixtures_know_the_options_of_the_mock() -> None:
    """They may not import it; `worlds` names a file besides."""
    assert set(SETTINGS) == {*OPTIONS, "worlds"}
