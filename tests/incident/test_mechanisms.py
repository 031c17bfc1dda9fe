"""What each mechanism says: shown of what has it, never of its clean twin or of what is nearly it."""

from pathlib import Path

import pytest
from diagnosing import diagnosed, standing_as
from incidents import ALONGSIDE, ALSO_NEAR, BUILDERS
from recording import bodiless, sanitized

from race401.harness.incident.mechanisms import MECHANISMS

UNSEEN = {"sign-in-stampede"}  # without its body nothing tells what a sign-in is
every = pytest.mark.parametrize("name", BUILDERS)


@every
def test_what_has_it_shows_it_and_nothing_that_it_has_not(tmp_path: Path, name: str) -> None:
    """Planted."""
    found = diagnosed(tmp_path, BUILDERS[name]("planted"))
    assert standing_as(found, "shown") == {name} | ALONGSIDE.get(name, set())
    (sign,) = (sign for mechanism, sign in found.signs if mechanism.name == name)
    assert sign.rows


@every
def test_its_clean_twin_shows_nothing(tmp_path: Path, name: str) -> None:
    """Clean twin."""
    assert standing_as(diagnosed(tmp_path, BUILDERS[name]("clean")), "shown") == set()


@every
def test_what_is_nearly_it_does_not_show_it(tmp_path: Path, name: str) -> None:
    """Near miss."""
    assert standing_as(diagnosed(tmp_path, BUILDERS[name]("near")), "shown") - ALSO_NEAR.get(name, set()) == set()


@every
def test_of_a_sanitized_file_nothing_is_shown_and_what_it_was_is_consistent(tmp_path: Path, name: str) -> None:
    """What was there before its headers were taken out is still said to be possible."""
    found = diagnosed(tmp_path, sanitized(BUILDERS[name]("planted")))
    assert standing_as(found, "shown") == set()
    assert name in standing_as(found, "consistent")


@every
def test_of_a_file_without_bodies_what_it_was_is_not_excluded(tmp_path: Path, name: str) -> None:
    """The requests and their statuses alone."""
    found = diagnosed(tmp_path, sanitized(bodiless(BUILDERS[name]("planted"))))
    assert standing_as(found, "shown") == set()
    assert name in standing_as(found, "consistent") | (standing_as(found, "not seen") if name in UNSEEN else set())


def test_an_answer_has_ten_words_at_most() -> None:
    """Of each, and each says what it is about in one line."""
    assert [m.name for m in MECHANISMS if len(m.answer.split()) > 10] == []
    assert [m.name for m in MECHANISMS if len(m.title) > 60] == []
