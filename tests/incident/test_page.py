"""The page of a diagnosis: it stands alone, says every row, hides what is secret, and is there at once."""

import cProfile
from pathlib import Path

import pytest
from diagnosing import diagnosed
from incidents import BUILDERS, LIFE, begun, har, refused, rotated
from pages import Page
from recording import sanitized

from race401.harness.incident import page
from race401.harness.incident.diagnosis import Diagnosis
from race401.harness.incident.mechanisms import BY_NAME
from race401.harness.incident.way_on import commands

MOST = 500_000  # bytes


def built(diagnosis: Diagnosis) -> Page:
    """The page, with what must hold of every one."""
    source = page.render(diagnosis)
    told = Page(source)
    assert told.open_tags == []
    assert len(told.ids) == len(set(told.ids)), "an id is given twice"
    assert [link for link in told.links if not link.startswith("#") or link[1:] not in told.ids] == []
    assert [load for load in told.loads if not load.startswith("data:")] == []
    assert told.headings[0] == 1
    assert len(source.encode()) < MOST
    return told


@pytest.mark.parametrize("name", BUILDERS)
def test_it_says_the_answer_and_each_row(tmp_path: Path, name: str) -> None:
    """Of each mechanism: its answer, its row's place, and a link from the picture that leads somewhere."""
    found = diagnosed(tmp_path, BUILDERS[name]("planted"))
    told = built(found)
    assert found.answer in told.text
    for _, sign in found.standing("shown"):
        assert all(page.places(e, found) in told.text for e in found.entries(sign)[:12])
    assert [command for _, command in commands(BY_NAME[name]) if command not in told.text] == []


def test_of_nothing_it_says_that_there_is_nothing_to_draw(tmp_path: Path) -> None:
    """And of a sanitized file that nothing is shown."""
    wire = begun()
    assert "None of 18 known mechanisms" in built(diagnosed(tmp_path, har(wire))).text
    assert "Nothing to draw" in built(diagnosed(tmp_path, har(wire))).text
    assert "Nothing is shown" in built(diagnosed(tmp_path, sanitized(BUILDERS["late-401"]("planted")))).text


def test_no_token_and_no_person_is_on_it(tmp_path: Path) -> None:
    """Planted: an address in a query, and tokens as the browser sent them."""
    wire = begun()
    wire.get("a0", 401, at=2.0, target="/users?email=somebody%40example.org&key=sesame", token_left_s=LIFE)
    told = har(wire)
    source = page.render(diagnosed(tmp_path, told))
    tokens = {
        h["value"] for e in told["log"]["entries"] for h in e["request"]["headers"] if h["name"] == "authorization"
    }
    assert not any(token.removeprefix("Bearer ") in source for token in tokens)
    assert "sesame" not in source
    assert "somebody" not in source


def test_markup_in_a_file_is_text_on_the_page(tmp_path: Path) -> None:
    """Planted: a path that is a script."""
    wire = begun()
    wire.get("a0", 401, at=2.0, target="/<script>alert(1)</script>", token_left_s=LIFE)
    assert "<script>alert" not in page.render(diagnosed(tmp_path, har(wire)))


def work(folder: Path, rounds: int) -> tuple[int, int]:
    """How many calls of functions a diagnosis and its page take, and how long the page is: three requests a round."""
    wire = begun()
    for n in range(rounds):
        at = 10.0 + n * 2
        wire.get(f"a{n}", at=at, token_left_s=LIFE / 2)
        rotated(wire, n, at + 0.5, took=0.2)
        refused(wire, f"r{n}", at + 0.6, took=0.2)
    told, counter = har(wire), cProfile.Profile()
    counter.enable()
    found = diagnosed(folder, told)
    source = page.render(found)
    counter.disable()
    assert found.answer in source
    return sum(each.callcount for each in counter.getstats()), len(source)


def test_twice_the_requests_take_twice_the_work_and_no_larger_page(tmp_path: Path) -> None:
    """Counted, not timed: a loaded machine does no more. 5,000 requests take about 2 s of CPU."""
    work(tmp_path, 1)  # what is done once in a process, such as reading the page's template
    (calls, size), (more, larger) = work(tmp_path, 75), work(tmp_path, 150)
    assert more < 2.2 * calls
    assert larger < 1.1 * size
