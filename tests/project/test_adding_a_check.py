"""To add a check: one object in the registry, and it is in everything that people read or write."""

from collections.abc import Iterator

import pytest
from ledgers import PAGE, Run, reproduced

from race401.harness.fixtures import verdict as fixtures
from race401.harness.judge import checks, expectation
from race401.harness.judge.check import Check, counting
from race401.harness.judge.cohort import Cohort
from race401.harness.judge.expectation import Expectation
from race401.harness.judge.findings import Value
from race401.harness.judge.row import Row
from race401.harness.judge.verdict import judge
from race401.harness.reporting import html, table
from race401.ledger.entry import Entry

AFTER = "run/rfc9700/subject/1"


def head_requests(cohort: Cohort) -> Iterator[Entry]:
    """A HEAD, where the page sends none."""
    return (entry for entry in cohort.api if entry.method == "HEAD")


def sentence(row: Row, seqs: list[int]) -> str:
    """The number, of how many."""
    return f"{len(seqs)} of {row.sends} requests were a HEAD"


ADDED = counting("head-requests", head_requests, sentence, section="wire", brief=("HEAD", " sent"))


@pytest.fixture(autouse=True)
def added(monkeypatch: pytest.MonkeyPatch) -> Check:
    """The check, in the registry, and the words that are derived from it."""
    assert ADDED.words is not None
    monkeypatch.setitem(checks.CHECKS, ADDED.name, ADDED)
    monkeypatch.setitem(expectation.WORDS, ADDED.key, ADDED.words)
    monkeypatch.setitem(fixtures.WANTS, ADDED.key, ADDED.words)
    return ADDED


def with_a_head(word: str) -> Run:
    """The clean run, whose condition says this word, and in which the subject sends a HEAD."""
    run = reproduced()
    run.manifest["conditions"]["rfc9700"]["expects"]["subject"] = Expectation(
        "none", "one", head_requests=word
    ).plain()
    run.attempt(AFTER, "9.1", PAGE[0], None)
    run.entries[-1].method = "HEAD"
    return run


@pytest.mark.parametrize(("word", "value"), [("none", Value.FAIL), ("some", Value.PASS), ("any", Value.PASS)])
def test_a_check_that_is_added_is_judged_by_its_word(word: str, value: Value) -> None:
    run = with_a_head(word)
    found = judge(run.evidence())
    (finding,) = [f for f in found.findings if f.check == "head-requests" and f.role == "subject"]
    assert (found.value, finding.value, finding.rows) == (value, value, [len(run.entries)])
    assert finding.sentence.startswith("fixed: 1 of 6 requests were a HEAD")
    assert found.rows[1].json()["head_requests_seqs"] == finding.rows


def test_it_is_unknown_where_it_should_show_and_does_not() -> None:
    """The near miss: a GET."""
    run = with_a_head("some")
    run.entries[-1].method = "GET"
    assert judge(run.evidence()).value is Value.UNKNOWN


def test_it_is_in_the_list_of_checks_the_table_the_report_and_the_sentence() -> None:
    run = with_a_head("any")
    found = judge(run.evidence())
    assert checks.described().splitlines()[-1].split() == ["head-requests", *str(head_requests.__doc__).split()]
    (line,) = [line for line in table.lines(found.rows, run.manifest) if line.name == "head-requests"]
    assert [(cell.text, cell.bad) for cell in line.cells] == [("0", False), ("1", True)]
    assert "1 HEAD sent" in found.sentence
    page = html.render(found, run.evidence())
    assert page.count("head-requests") > 1


def test_conditions_and_fixtures_take_its_words_and_no_others() -> None:
    """A condition in which it should show is one of a race."""
    assert Expectation("none", "one", head_requests="some").is_a_race
    assert not Expectation("none", "one", head_requests="any").is_a_race
    with pytest.raises(ValueError, match="head_requests='few': may be none, some, any"):
        Expectation("none", "one", head_requests="few")
    with pytest.raises(ValueError, match=r"head_request='some': known are .*, head_requests"):
        Expectation("none", "one", head_request="some")
