"""The file that says how a system of your own is asked: what it says is done, what is wrong is one line."""

import json
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from locustruns import ROOT

from race401.harness.load import options
from race401.harness.load.plan import Refused, check_load
from race401.harness.load.system import System, SystemFileError, load
from race401.harness.probe.signing_in import ByCommand, ByRequest
from race401.ledger.dialects.reading import role
from race401.scenarios.burst import SCENARIO

GOOD = """
api = "http://127.0.0.1:8000/v1/"
page = ["/me", "/orders?open=1"]
token = "http://127.0.0.1:8001/o/token/"
sign_in = "POST http://127.0.0.1:8001/login user=ada password=${SYSTEM_PASSWORD}"
client = "app"
"""
GIVEN: dict[str, Any] = {
    "policies": "pre-fix,fixed",
    "conditions": ",".join(SCENARIO.conditions),
    "leave": "together",
    "arrivals": "",
    "transport": "httpx",
    "connections": 6,
    "seed": 401,
    "pages": 0,
    "num_users": 12,
    "spawn_rate": 12,
    "run_time": 20,
}
read = partial(options.read, scenario=SCENARIO)


def written(folder: Path, text: str = GOOD) -> Path:
    """A file that says so."""
    path = folder / "shop.toml"
    path.write_text(text)
    return path


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> System:
    """The system of GOOD."""
    monkeypatch.setenv("SYSTEM_PASSWORD", "correct horse")
    return load(written(tmp_path))


def test_it_says_where_everything_is(shop: System) -> None:
    """The API's path is the page's; the dialect knows the token endpoint and the sign-in by their paths."""
    assert (shop.name, shop.api, shop.page) == ("shop", "http://127.0.0.1:8000", ("/v1/me", "/v1/orders?open=1"))
    assert shop.origins == ["http://127.0.0.1:8000", "http://127.0.0.1:8001"]
    assert role([shop.target.dialect], "POST", "/o/token/")[1] == "token"
    assert role([shop.target.dialect], "POST", "/login")[1] == "sign_in"
    assert role([shop.target.dialect], "GET", "/v1/me")[1] is None


def test_behind_a_recorder_it_is_asked_at_other_addresses(shop: System) -> None:
    there = shop.behind(
        {"http://127.0.0.1:8000": "http://127.0.0.1:1", "http://127.0.0.1:8001": "http://127.0.0.1:2"}
    )
    assert there.addresses == ["http://127.0.0.1:1", "http://127.0.0.1:2/o/token/", "http://127.0.0.1:2/login"]
    assert there.target.dialect == shop.target.dialect


def test_a_secret_of_any_form_is_one_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a form, in JSON, and as a word of a command."""
    hostile = 'it\'s "a" b&c=d'
    monkeypatch.setenv("SYSTEM_PASSWORD", hostile)
    form = load(written(tmp_path)).signs_in
    assert isinstance(form, ByRequest)
    assert parse_qs(form.content)["password"] == [hostile]
    url = "http://127.0.0.1:8001/login"
    old = GOOD.partition("sign_in = ")[2].partition("\n")[0]
    body = load(
        written(tmp_path, GOOD.replace(old, f'\'POST {url} {{"password": "${{SYSTEM_PASSWORD}}"}}\''))
    ).signs_in
    assert isinstance(body, ByRequest)
    assert json.loads(body.content) == {"password": hostile}
    command = load(written(tmp_path, GOOD.replace(old, '"./login.sh ${SYSTEM_PASSWORD}"'))).signs_in
    assert isinstance(command, ByCommand)
    assert command.command == ("./login.sh", hostile)


def test_no_secret_is_in_what_a_run_keeps(shop: System) -> None:
    assert "correct" not in f"{shop.shown()} {shop.plain()}"


def test_the_example_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SYSTEM_PASSWORD", raising=False)
    assert load(ROOT / "examples/your-system/system.toml").name == "django"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('api = "http://127.0.0.1:8000/v1/"', "", 'api is missing: the address of the API, as in api = "http'),
        ('token = "http://127.0.0.1:8001/o/token/"', "", "token is missing: the token endpoint, as in token = "),
        ("client =", "cleint =", "cleint: no such setting; did you mean client?"),
        ('["/me"', '["me"', "page: must be a list of paths that begin with '/'"),
        ('"http://127.0.0.1:8001/o/token/"', '"o/token"', "token: expected an address, as in token = "),
        ('"POST http://127.0.0.1:8001/login user=', '"POST login user=', "sign_in expected an address after POST"),
        ("SYSTEM_PASSWORD", "NOWHERE", "sign_in: the environment has no variable NOWHERE"),
        ('client = "app"', 'dialect = "oaut"', "dialect: oaut: there is no such dialect; did you mean oauth?"),
        ('client = "app"', 'dialect = "cookie"', "dialect cookie: browsers here send access tokens as Bearer"),
        ('client = "app"', 'client_auth = "digest"', "client_auth = 'digest': must be one of basic, post"),
        ('client = "app"', "unauthorized = 403", "unauthorized: must be a list of statuses, as in unauthorized = ["),
        ('client = "app"', "lifetime = true", "lifetime = True: must be a number of seconds above 0"),
        ('client = "app"', 'name = "My shop"', "name 'My shop': use lower-case letters, digits and '-'"),
        ('client = "app"', "client", "not TOML: "),
    ],
)
def test_what_cannot_be_used_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, said: str
) -> None:
    """In one line, with the file's name, and without the secrets that it names."""
    monkeypatch.setenv("SYSTEM_PASSWORD", "correct horse")
    assert GOOD.count(old) == 1
    with pytest.raises(SystemFileError) as refused:
        load(written(tmp_path, GOOD.replace(old, new)))
    assert f"shop.toml: {said}" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "correct" not in str(refused.value)


def test_it_is_met_in_a_condition_of_its_name(tmp_path: Path, shop: System) -> None:
    plan = read(GIVEN | {"system": str(written(tmp_path))})
    check_load(plan)
    assert [(c.name, c.world, c.part) for c in plan.conditions] == [("shop", "shop", "system")]
    assert plan.page == shop.page
    (slow,) = read(GIVEN | {"system": str(written(tmp_path)), "conditions": "system-slow-clock"}).conditions
    assert (slow.name, slow.world, slow.part) == ("shop-slow-clock", "shop", "system-slow-clock")


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"system": "nowhere.toml"}, "--system nowhere.toml: No such file or directory"),
        ({"world": "gotrue"}, "and --world gotrue: give one of them; a world is the mock's"),
        ({"conditions": "supabase"}, "condition 'supabase' is the mock's; with --system: system, system-slow-clock"),
        ({"num_users": 61}, "-u 61: at most 60 browsers burst upon a system of your own"),
        ({"run_time": 601}, "-t 601s: at most 600 s against a system of your own"),
        ({"run_time": None}, "a run against a system of your own has an end: give -t"),
    ],
)
def test_what_a_system_is_not_asked_is_refused(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused) as refused:
        check_load(read(GIVEN | {"system": str(written(tmp_path))} | change))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.usefixtures("shop")
def test_a_host_beyond_this_machine_is_named_by_hand(tmp_path: Path) -> None:
    """Each of them; one that was named does not speak for another."""
    far = str(
        written(tmp_path, GOOD.replace("127.0.0.1:8001", "auth.example.com").replace("127.0.0.1:8000", "api.test"))
    )
    for named in ("", "example.com", "api.test"):
        with pytest.raises(
            Refused, match=r"is not this machine: .* may end all of the account and may lock it; .*--yes-burst"
        ):
            read(GIVEN | {"system": far, "yes_burst": named})
    assert read(GIVEN | {"system": far, "yes_burst": "auth.example.com, api.test"}).system is not None
