"""`race401 probe`: what it refuses in one line, what it keeps of a server that goes away, and what it never shows."""

import json
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from probed import sign_in

from race401.harness.__main__ import main
from race401.harness.card.mock import Mock
from race401.harness.probe.card import Card, load
from race401.mock_api.rules.world_files import load as load_worlds

WORLD = "rotate-strict"


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    """All worlds."""
    with Mock(()) as running:
        yield running


def ran(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str, str]:
    """The exit code, and what was printed."""
    try:
        code = main(["probe", *map(str, words)])
    except SystemExit as wrong:
        code = int(str(wrong.code))
    out, err = capsys.readouterr()
    return code, out, err


def python(script: str) -> str:
    """A command that runs this script, and alone: it prints tokens, as a user's sign-in does."""
    return shlex.join([sys.executable, "-I", "-c", script])


def test_a_mistake_gets_one_line(mock: Mock, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of usage, of the token endpoint, and of the sign-in; a secret in it is not shown."""
    url, asks = f"{mock.url}/{WORLD}/oauth/token", sign_in(mock, WORLD)
    same = python("""print('{"refresh_token": "s3cr3t-refresh", "access_token": "a"}')""")
    for words, says in (
        (["nowhere", "--sign-in", "true"], "TOKEN_URL nowhere: expected an address"),
        ([url, "--sign-in", asks, "--rounds", "1"], "--rounds 1: at least 2"),
        ([url, "--sign-in", asks, "--header", "x"], "--header 'x': expected NAME:VALUE"),
        ([url, "--sign-in", asks, "--dialect", "oaut"], "did you mean oauth?"),
        ([url, "--sign-in", asks, "--toml", tmp_path / "no" / "x.toml"], "expected a file in a folder that is there"),
        (
            ["http://x:s3cr3t@127.0.0.1:9/token?key=s3cr3t", "--sign-in", asks],
            "http://127.0.0.1:9/token cannot be reached",
        ),
        ([url, "--sign-in", f"POST {mock.url}/x s3cr3t"], "expected NAME=VALUE"),
        ([url, "--sign-in", "POST s3cr3t"], "expected an address after POST"),
        ([url, "--sign-in", f"{python('raise SystemExit(2)')} s3cr3t"], "exit 2: it says nothing"),
        ([url, "--sign-in", "POST"], "expected an address after POST"),
        ([url, "--sign-in", "no-such-program"], "--sign-in no-such-program: No such file"),
        ([url, "--sign-in", python("import sys; sys.exit('no account')")], "exit 1: no account"),
        ([url, "--sign-in", python("import sys; sys.exit('refresh_token=s3cr3t')")], "exit 1: refresh_token=..."),
        ([url, "--sign-in", python("print('hello')")], "prints no JSON; expected a token answer"),
        ([url, "--sign-in", python("print('{}')")], "there is no refresh token in its answer"),
        ([url, "--sign-in", f"POST {mock.url}/{WORLD}/oauth/token grant_type=password"], "answered 400"),
        ([url, "--sign-in", same], "answered 400 invalid_grant to a new session's refresh token"),
        ([f"{mock.url}/{WORLD}/contacts", "--sign-in", asks], "not a token endpoint, or not the dialect oauth"),
        ([url, "--sign-in", asks, "--me", f"{mock.url}/{WORLD}/nothing"], "answered 404 to a new session's access"),
        (["http://127.0.0.1:9/token", "--sign-in", asks], "cannot be reached"),
    ):
        code, out, err = ran(capsys, *words)
        assert (code, out, err.count("\n")) == (2, "", 1), (words, err)
        assert says in err
        assert "s3cr3t" not in err


def test_the_same_session_twice_is_refused(mock: Mock, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sign-in that brings what it brought before began no session: all later rows would be of a used token."""
    kept = mock.signed_in(WORLD, None, "ada@race401.test")
    (tmp_path / "tokens.json").write_text(json.dumps(kept))
    script = f"print(open({str(tmp_path / 'tokens.json')!r}).read())"
    code, out, err = ran(capsys, f"{mock.url}/{WORLD}/oauth/token", "--sign-in", python(script))
    assert (code, out) == (2, "")
    assert "the same refresh token twice; each call must begin a new session" in err
    assert kept["refresh_token"] not in err


@pytest.mark.parametrize("options", [["TOKEN_URL"], ["--me"], ["--revoke"], ["sign-in"]])
def test_another_host_is_named_by_hand(mock: Mock, options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """And told before what comes over it: wherever it stands."""
    there, here = "https://auth.example.com/token", f"{mock.url}/{WORLD}/oauth/token"
    words = [here, "--sign-in", sign_in(mock, WORLD)]
    if options == ["TOKEN_URL"]:
        words[0] = there
    elif options == ["sign-in"]:
        words[2] = f"POST {there} a=b"
    else:
        words += [*options, there]
    code, out, err = ran(capsys, *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert re.search(r"auth.example.com is not this machine: a probe makes \d+ sessions or more, \d+ at most,", err)
    assert "may end all sessions of the account and may lock it" in err
    assert err.rstrip().endswith("--yes-probe auth.example.com")


def test_a_card_in_every_form(mock: Mock, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Printed in 80 columns, as JSON, as a page that loads nothing, and as a world; no token is in any of them."""
    base, made = f"{mock.url}/{WORLD}", [tmp_path / name for name in ("card.json", "card.html", "Mine 1.toml")]
    told = tmp_path / "seen"
    script = f"""
import urllib.request, json
ask = urllib.request.Request({mock.url + "/_race401/sessions"!r}, headers={{"content-type": "application/json"}},
    data=json.dumps({{"email": "ada@race401.test", "password": "correct horse", "world": {WORLD!r}}}).encode())
answer = urllib.request.urlopen(ask).read().decode()
open({str(told)!r}, "a").write(answer + "\\n")
print(answer)
"""
    words = [f"{base}/oauth/token", "--sign-in", python(script), "--rounds", "2", "--revoke", f"{base}/oauth/revoke"]
    code, out, err = ran(capsys, *words, "--keep", made[0], "--page", made[1], "--toml", made[2])
    assert code == 0
    assert all(len(line) <= 100 for line in out.splitlines())
    assert "not asked    access tokens: no --me" in out
    assert "the world mine-1: " in err
    card = load(made[0])
    assert card.row("second.accepted").said == "never"
    assert card.row("access.after-refresh").said == "not asked"
    assert not [mark for mark in ("src=", '="http', "<script") if mark in made[1].read_text()]
    assert load_worlds(made[2])["mine-1"].on_reuse == "refuse"
    tokens = [json.loads(line) for line in told.read_text().splitlines()]
    texts = [out, err, *(path.read_text() for path in made)]
    assert not [
        pair for pair in tokens for text in texts if pair["refresh_token"] in text or pair["access_token"] in text
    ]


def test_what_was_learnt_of_a_server_that_goes_away_is_kept(
    mock: Mock, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The card says so, as does its exit code; rows that were not reached are unknown."""
    count = tmp_path / "count"
    script = f"""
import urllib.request, json, sys
open({str(count)!r}, "a").write(".")
if len(open({str(count)!r}).read()) > 12:
    sys.exit("the account is locked")
ask = urllib.request.Request({mock.url + "/_race401/sessions"!r}, headers={{"content-type": "application/json"}},
    data=json.dumps({{"email": "ada@race401.test", "password": "correct horse", "world": {WORLD!r}}}).encode())
print(urllib.request.urlopen(ask).read().decode())
"""
    url = f"{mock.url}/{WORLD}/oauth/token"
    code, out, err = ran(capsys, url, "--sign-in", python(script), "--json", "--keep", tmp_path / "card.json")
    assert code == 3
    assert "sign-in 13 failed" in err
    assert "the account is locked; what was seen until then is kept" in err
    card = msgspec.json.decode(out, type=Card)
    assert card == load(tmp_path / "card.json")
    assert card.row("second.accepted").said == "never"
    assert card.row("at-once-5.more").said == "unknown"
