"""Every scenario's page: its words and numbers are the verdict's, and nothing is red that was expected."""

import re
from pathlib import Path

import pytest
from ledgers import Run
from pages import Page, page
from played import played, scenario

from race401 import scenarios
from race401.harness.judge.checks import Value
from race401.harness.judge.verdict import Verdict, judge
from race401.harness.reporting import ablation, console
from race401.harness.reporting.headline import headline
from race401.harness.reporting.words import listed

NAMES = sorted(file.stem for file in Path(scenarios.__file__).parent.glob("[!_]*.py"))
NO_INSTANT = re.compile(r"-\d[\d.]* m?s\b|\d{3,} h\b")
SHOWN = {  # what a card's line shows of a row
    "401s that the app saw": lambda row: f"{row.caller_401s.total()}",
    "sessions lost": lambda row: f"{row.sessions_lost} of {row.sessions}",
    "per refresh token (ideal 1.00)": lambda row: f"{row.exchanges_per_generation:.2f}" if row.generations else "-",
    "sent after sign-out": lambda row: f"{len(row.after_sign_out_seqs)}",
    "needless exchanges": lambda row: f"{len(row.needless_seqs)}",
}


@pytest.fixture(params=NAMES, scope="module")
def run(request: pytest.FixtureRequest) -> Run:
    """A small run of each scenario."""
    return played(request.param)


@pytest.fixture(scope="module")
def looked_at(run: Run) -> tuple[Verdict, Page]:
    """Its verdict, and the page that a report makes of it."""
    evidence = run.evidence()
    return judge(evidence), page(evidence)


def test_it_passes_and_nothing_is_red(looked_at: tuple[Verdict, Page]) -> None:
    """What was expected is marked as the race, and in no other colour than it."""
    verdict, built = looked_at
    assert verdict.value is Value.PASS, verdict.sentence
    assert 'is-bad"' not in built.source
    assert "not expected" not in built.text


def test_its_cards_are_the_verdicts(looked_at: tuple[Verdict, Page]) -> None:
    """Each number of each card, and each line that its condition judges."""
    verdict, built = looked_at
    rows = {(row.condition, row.role): row for row in verdict.rows}
    assert built.figures
    for name, text in built.figures.items():
        condition, role, line = name.split("/")
        number = " ".join(text.replace("▲", "").split())
        assert number.startswith(SHOWN[line](rows[condition, role])), name


def test_a_sound_policy_has_no_mark(looked_at: tuple[Verdict, Page]) -> None:
    """Not for requests after a sign-out that are refused, nor for a session that somebody else ended."""
    _, built = looked_at
    hardened = {name: text for name, text in built.figures.items() if "/hardened/" in name}
    assert [name for name, text in hardened.items() if "▲" in text] == []


def test_the_race_is_marked_where_it_is_expected(run: Run, looked_at: tuple[Verdict, Page]) -> None:
    """Before the fix, and after it where the fix is known to be weak; there the page says so, and draws another."""
    _, built = looked_at
    weak = False
    for name, about in run.manifest["conditions"].items():
        for role, wants in about["expects"].items():
            for key, line in (("caller_401s", "401s that the app saw"), ("after_sign_out", "sent after sign-out")):
                if wants[key] == "some" and about["sound"][key] == "none":
                    assert "▲" in built.figures[f"{name}/{role}/{line}"]
            weak = weak or (role == "subject" and wants != about["sound"])
    assert ("expected to fail here" in built.text) is weak
    assert ("After the fix, expected to fail" in built.text) is ("Another policy" in built.text)


def test_no_instant_is_made_up(run: Run, looked_at: tuple[Verdict, Page]) -> None:
    """An answer that was cut off has none: it is drawn as lost."""
    _, built = looked_at
    assert NO_INSTANT.findall(built.text + built.source) == []
    cut = any(not e.status for e in run.entries)
    assert ("answer lost" in built.text) is cut


def test_its_headline_is_short_and_the_result(run: Run, looked_at: tuple[Verdict, Page]) -> None:
    """At most ten words beside the numbers, on the page as in the terminal; what bounds it stands below."""
    verdict, built = looked_at
    said = headline(verdict, run.manifest)
    assert len([word for word in said.split() if re.search("[a-z]", word)]) <= 10
    assert said in built.text
    assert f"\nPASS: {said}\n" in console.render(verdict, run.manifest)


def test_its_findings_say_what_each_policy_showed(run: Run, looked_at: tuple[Verdict, Page]) -> None:
    """From the data: who was expected to show the race and where, and who was not."""
    _, built = looked_at
    text = " ".join(built.text.split())
    assert "Every check found what was expected: " in text
    for role, knobs in run.manifest["policies"].items():
        raced = [
            name
            for name, about in run.manifest["conditions"].items()
            if any(about["expects"][role][key] in {"some", "several"} for key in about["sound"])
            and about["expects"][role] != about["sound"]
        ]
        assert f"{knobs['name']} showed {f'the race in {listed(raced)}' if raced else 'no race'}" in text


@pytest.mark.parametrize("name", [name for name in NAMES if name not in {"soak", "revoked", "sign_out", "late_401"}])
def test_what_was_not_expected_is_red(name: str) -> None:
    """The client before the fix, judged alone as if it were sound: FAIL, in red, and the headline says of what."""
    run = played(name, subject="pre-fix")
    evidence = run.evidence()
    verdict, built = judge(evidence), page(evidence)
    assert verdict.value is Value.FAIL
    assert 'is-bad"' in built.source
    assert headline(verdict, run.manifest).startswith("pre-fix fails: ")
    (first, *_) = [f for f in verdict.findings if f.value is Value.FAIL]
    assert "; expected " in first.sentence


SAID = re.compile(r"\b(?:[1-9]\d*|a|one|two|three|four|five|answered|with) (?:401s?|200)\b")


def test_it_names_the_statuses_that_were_answered(run: Run) -> None:
    """Refusals that are no 401, successes that are no 200: nobody says that they were, and the legend names them."""
    for entry in run.entries:
        if entry.unauthorized:
            entry.status, entry.refusal = 403, True
        elif entry.status == 200 and entry.attempt is not None:
            entry.status = 206
    for sample in run.samples:
        sample.status = {401: 403, 200: 206}.get(sample.status or 0, sample.status)
    evidence = run.evidence()
    verdict, built = judge(evidence), page(evidence)
    text = built.text.split(ablation.TITLE)[0].replace(evidence.manifest["scenario"]["name"], "")
    abouts = [about["about"] for about in run.manifest["conditions"].values()]
    for about in abouts:
        text = text.replace(about, "")
    assert SAID.findall(text) == []
    assert SAID.findall(headline(verdict, run.manifest)) == []
    drawn = {e.status for e in run.entries if e.attempt} & {403, 206}
    assert ("refused, with 403" in text) or 403 not in drawn or "k-bad" not in built.source
    assert "answered 206" in text


def test_the_legend_has_what_is_drawn_and_nothing_else(looked_at: tuple[Verdict, Page]) -> None:
    """Each kind of bar of the pictures, once."""
    _, built = looked_at
    legend = re.search(r'<ul class="legend".*?</ul>', built.source, re.DOTALL)
    assert legend is not None
    explained = re.findall(r'class="k-([a-z]+)"', legend[0])
    lanes = "".join(re.findall(r'<div class="scene">.*?<details>', built.source, re.DOTALL))
    assert sorted(explained) == sorted(set(re.findall(r'class="k-([a-z]+)"', lanes)))


def test_lanes_say_which_tab() -> None:
    """Requests go round the tabs; with one tab nobody speaks of it."""
    assert "· tab 3" in page(played("tabs").evidence()).text
    assert "· tab" not in page(played("burst").evidence()).text


def test_every_scenario_is_here() -> None:
    """Near miss: a new one is found by its file."""
    assert {scenario(name).name.replace("-", "_") for name in NAMES} == set(NAMES)
