"""Worlds as data: what `race401 worlds` says of each, and worlds from a file."""

import asyncio
import json
from dataclasses import fields
from pathlib import Path

import pytest

from race401.harness.__main__ import main
from race401.harness.commands.reuses import describe
from race401.mock_api.rules.world_files import WorldFileError, load
from race401.mock_api.rules.worlds import WORLDS, World

AGAIN, LOST, ON = "the token that it brought before", "the session is lost", "the session lives on"
SAID = {
    "supabase": (AGAIN, f"refused; {LOST} unless refreshed within 10 s", f"1 x a new token, 4 x {AGAIN}"),
    "supabase-v2": (AGAIN, f"refused; {LOST}", f"1 x a new token, 4 x {AGAIN}"),
    "rotate-strict": (f"refused; {ON}", f"refused; {ON}", f"1 x a new token, 4 x refused; {ON}"),
    "rfc9700": (
        f"refused; {LOST}",
        f"refused; {LOST}",
        f"1 x a new token, 1 x refused, 3 x refused, as revoked; {LOST}",
    ),
    "overlap-same-pair": (AGAIN, f"refused; {LOST}", f"1 x a new token, 4 x {AGAIN}"),
    "overlap-new-sibling": ("a second new token", f"refused; {LOST}", "1 x a new token, 4 x a second new token"),
    "retire-on-acknowledge": (AGAIN, f"refused; {LOST}", f"1 x a new token, 4 x {AGAIN}"),
    "no-rotation": ("the same token stays", "the same token stays", "5 x the same token stays"),
    "toctou": (f"refused; {LOST}", f"refused; {LOST}", "1 x a new token, 4 x a second new token"),
}


@pytest.mark.parametrize("name", WORLDS)
def test_what_a_world_does(name: str) -> None:
    assert tuple(asyncio.run(describe(WORLDS[name])).values()) == SAID[name]


def test_the_command_lists_them(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    mine = written(tmp_path, '[mine]\nlike = "rotate-strict"\nparent_of_active = true\n')
    assert main(["worlds"]) == 0
    table = capsys.readouterr().out
    assert all(name in table for name in WORLDS)
    assert main(["worlds", "--json", "--worlds", str(mine)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert list(told) == [*WORLDS, "mine"]
    assert told["mine"]["second"] == AGAIN


def test_the_page_has_the_table_word_for_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["worlds", "--markdown"]) == 0
    page = Path(__file__).parents[3].joinpath("docs", "worlds.md").read_text()
    assert capsys.readouterr().out in page


def test_a_world_from_a_file(tmp_path: Path) -> None:
    """A table names what differs; whole numbers will do for seconds; a later world may be like an earlier one."""
    text = '[a]\nlike = "rfc9700"\nlifetime = 90\n[b]\nlike = "a"\nsummary = "mine"\non_reuse = "delete"\n'
    worlds = load(written(tmp_path, text))
    a, b = worlds["a"], worlds["b"]
    assert (a.name, a.lifetime, type(a.lifetime), a.parent_of_active) == ("a", 90.0, float, False)
    assert (b.name, b.summary, b.lifetime, b.on_reuse) == ("b", "mine", 90.0, "delete")
    assert {name: worlds[name] for name in WORLDS} == WORLDS


def test_without_like_a_world_is_like_the_default(tmp_path: Path) -> None:
    assert load(written(tmp_path, "[mine]\nleeway = 30\n"))["mine"].parent_of_active


WRONG = {
    "an unknown key, near a known one": (
        "[w]\nreuse_intervall = 2",
        "[w] reuse_intervall: no such setting; did you mean reuse_interval?",
    ),
    "a key unlike any": ("[w]\nzzz = 2", "[w] zzz: no such setting; known: like, summary, rotates"),
    "an unknown world": ('[w]\nlike = "mars"', "[w] like = 'mars': no such world; known: supabase"),
    "a world that is no text": ("[w]\nlike = [1]", "[w] like = [1]: no such world"),
    "a text for a number": ('[w]\nlifetime = "1h"', "[w] lifetime = '1h': must be a number of seconds, 1 or more"),
    "too small": ("[w]\nlifetime = 0.5", "[w] lifetime = 0.5: must be a number of seconds, 1 or more"),
    "negative": ("[w]\nleeway = -1", "[w] leeway = -1: must be a number of seconds, 0 or more"),
    "infinite": ("[w]\ntimebox = inf", "[w] timebox = inf: must be a number of seconds, 0 or more"),
    "not a number": ("[w]\ntimebox = nan", "[w] timebox = nan: must be a number of seconds, 0 or more"),
    "a truth for a number": ("[w]\nleeway = true", "[w] leeway = True: must be a number of seconds, 0 or more"),
    "a number for a truth": ("[w]\nrotates = 1", "[w] rotates = 1: must be true or false"),
    "a fraction for a count": ("[w]\nshortest_password = 6.5", "must be a whole number, 0 or more"),
    "a number for a text": ("[w]\nsummary = 1", "[w] summary = 1: must be a text in quotes"),
    "an unknown choice": ('[w]\non_reuse = "forgive"', "must be one of 'refuse', 'revoke', 'delete'"),
    "a setting of before": (
        "[w]\natomic = false",
        '[w] atomic: no such setting any more; for atomic = false write losers_get = "overwrite"',
    ),
    "another one": ("[w]\natomic = true", "[w] atomic: no such setting any more; leave it out: atomic = true"),
    "a name that no path has": ('["my world"]\nleeway = 1', "[my world] cannot be a world's name"),
    "a route's name": ("[contacts]\nleeway = 1", "[contacts] cannot be a world's name"),
    "no table": ("leeway = 1", "[leeway] is not a table"),
    "nothing": ("", "no world in it"),
    "no TOML": ("[w", "not TOML: "),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_says_what_would_be_right(tmp_path: Path, case: str) -> None:
    text, told = WRONG[case]
    with pytest.raises(WorldFileError) as caught:
        load(written(tmp_path, text))
    assert told in str(caught.value)
    assert "worlds.toml" in str(caught.value)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(WorldFileError) as caught:
        load(written(tmp_path, '[a]\nleeway = -1\nzzz = 1\n[b]\nlike = "a"\n'))
    assert [word in str(caught.value) for word in ("[a] leeway", "[a] zzz", "[b] like")] == [True] * 3


def test_a_missing_file_is_the_users_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["worlds", "--worlds", "no.toml"]) == 2
    assert capsys.readouterr().err == "race401: no.toml: No such file or directory\n"


def test_every_setting_says_what_it_is() -> None:
    """A setting without its sentence is one that nobody can choose."""
    source = Path(load.__code__.co_filename).with_name("worlds.py").read_text()
    for field in fields(World):
        if field.name not in ("name", "summary"):
            after = source.split(f"    {field.name}: ", 1)[1].splitlines()[1]
            assert after.strip().startswith('"""'), field.name


def written(folder: Path, text: str) -> Path:
    """A file of worlds."""
    path = folder / "worlds.toml"
    path.write_text(text)
    return path
