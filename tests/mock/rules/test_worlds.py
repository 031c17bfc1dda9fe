"""Worlds as data: what `race401 worlds` says of each, and worlds from a file."""

import asyncio
import json
from dataclasses import fields
from pathlib import Path

import pytest

from race401.harness.__main__ import main
from race401.harness.commands.reuses import describe
from race401.mock_api.rules.real_servers import REAL_SERVERS
from race401.mock_api.rules.world_files import WorldFileError, load, wanted
from race401.mock_api.rules.worlds import WORLDS, World

AGAIN, LOST, ON = "the same successor token as before", "the session is lost", "the session stays valid"
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


NEW, LIVES, DIES = "a second new token", f"refused; {ON}", f"refused; {LOST}"
FIRST = "1 x a new token, 4 x"
ONE, ALL, SHARED = f"{FIRST} refused; {ON}", f"{FIRST} {NEW}", f"{FIRST} {AGAIN}"
NONE = f"1 x a new token, 1 x refused, 3 x refused, as revoked; {LOST}"
WORKS, ENDS, SURVIVES = "stays valid", "ends at once", "its successor stays valid"
MEASURED = {  # on real servers: as `describe` has it
    "oidc-provider": (DIES, DIES, NONE, WORKS, LOST),
    "oidc-provider-database": (DIES, DIES, ALL, WORKS, LOST),  # or fewer, where some came later: then none lives
    "django-oauth-toolkit": (DIES, DIES, SHARED, ENDS, SURVIVES),
    "django-oauth-toolkit-grace": (AGAIN, DIES, SHARED, ENDS, SURVIVES),
    "django-oauth-toolkit-unprotected": (LIVES, LIVES, SHARED, ENDS, SURVIVES),
    "authlib": (LIVES, LIVES, ALL, ENDS, SURVIVES),
    "simplejwt": (LIVES, LIVES, ALL, WORKS, SURVIVES),
    "oauth2-server": (LIVES, LIVES, ONE, ENDS, LOST),
    "better-auth": (DIES, DIES, ONE, WORKS, LOST),
    "better-auth-interval": (AGAIN, DIES, ONE, WORKS, LOST),
    "doorkeeper": (NEW, NEW, ALL, "ends when the new one is used", SURVIVES),
}
DOCUMENTED = {
    "keycloak": (DIES, DIES, NONE, WORKS, LOST),
    "auth0": (DIES, DIES, NONE, WORKS, LOST),
    "okta": (NEW, DIES, ALL, WORKS, LOST),
    "cognito": (NEW, LIVES, ALL, WORKS, LOST),
    "workos": (AGAIN, DIES, SHARED, WORKS, LOST),
    "duende": (LIVES, LIVES, ONE, WORKS, LOST),
}


@pytest.mark.parametrize("name", WORLDS)
def test_what_a_world_does(name: str) -> None:
    """Of a real server: what was measured on it, or what its documentation or source says, where it was read."""
    own = {world: (*said, WORKS, LOST) for world, said in SAID.items()}
    assert tuple(asyncio.run(describe(WORLDS[name])).values()) == (own | MEASURED | DOCUMENTED)[name]


def test_a_real_server_says_how_it_is_known() -> None:
    for name, server in REAL_SERVERS.items():
        assert server.summary.endswith("; measured" if name in MEASURED else "; documented"), name


def test_every_setting_of_a_real_server_is_one_that_a_file_could_give() -> None:
    """And is told from a wrong one."""
    given = [(key, value) for server in REAL_SERVERS.values() for key, value in server.settings.items()]
    assert [wanted(key, value) for key, value in given] == [None] * len(given)
    assert wanted("losers_get", "siblings") is not None


def test_the_command_lists_them(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    mine = written(tmp_path, '[mine]\nlike = "rotate-strict"\nunacknowledged_brings = "live"\n')
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
    assert (a.name, a.lifetime, type(a.lifetime), a.unacknowledged_brings) == ("a", 90.0, float, "as_reuse")
    assert (b.name, b.summary, b.lifetime, b.on_reuse) == ("b", "mine", 90.0, "delete")
    assert {name: worlds[name] for name in WORLDS} == WORLDS


def test_without_like_a_world_is_like_the_default(tmp_path: Path) -> None:
    assert load(written(tmp_path, "[mine]\nleeway = 30\n"))["mine"].unacknowledged_brings == "live"


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
    "an unknown choice": ('[w]\non_reuse = "forgive"', "must be one of 'refuse', 'revoke', 'delete', 'delete_all'"),
    "a setting of before": (
        "[w]\natomic = false",
        '[w] atomic: no such setting any more; for atomic = false write losers_get = "overwrite"',
    ),
    "one more": ("[w]\nparent_of_active = false", 'write unacknowledged_brings = "as_reuse"'),
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
    assert capsys.readouterr().err == "race401: --worlds no.toml: No such file or directory\n"


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
