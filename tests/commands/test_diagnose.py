"""`race401 diagnose`: what it prints of each kind of file, what it masks, and how it refuses."""

import json
from pathlib import Path

import pytest
from actions import ROOT

from race401.harness.__main__ import main

REFUSED = "A refresh token was used twice; the second was refused"
REVOKED = "One refresh token was used twice; that ended the session"
ANSWERS = {  # of files that say enough
    "auth0": REVOKED,
    "auth0-stream": REVOKED,
    **dict.fromkeys(("chrome", "keycloak-events", "keycloak", "supabase-auth"), REFUSED),
}
SAMPLES = ROOT / "tests" / "incident" / "samples"


def ran(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str, str]:
    """The exit code, and what was printed."""
    code = main(["diagnose", *map(str, words)])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.[!t]*")), ids=lambda path: path.name)
def test_each_sample_is_told(path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its kind, what happened, what is missing, in 80 columns; unless the file needs a mapping."""
    monkeypatch.setenv("COLUMNS", "80")
    words = [path, "--mapping", SAMPLES / "others.toml"] if path.name == "others.jsonl" else [path]
    code, out, err = ran(capsys, *words)
    answer = ANSWERS.get(path.stem)
    assert (code, err) == (3 if answer is None else 1, "")
    assert out.startswith(answer or "Nothing is shown; ")
    assert "What happened, 202" in out
    assert all(len(line) <= 80 or str(SAMPLES) in line for line in out.splitlines())


def test_a_mistake_gets_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is not there, of no kind, or a folder; a key that is not there; a dialect that is none."""
    (tmp_path / "x").write_text("hello\n")
    nginx = SAMPLES / "nginx.log"
    for words, says in (
        ([tmp_path / "no"], "No such file"),
        ([tmp_path], "Is a directory"),
        ([tmp_path / "x"], "of no known kind; expected a HAR"),
        ([nginx, "--key-file", tmp_path / "key"], "--key-file"),
        ([nginx, "--dialect", "supabas"], "did you mean supabase?"),
        ([nginx, "--format", "hello"], "--format: 'hello' names no field"),
        ([nginx, "--mapping", tmp_path / "x"], "not TOML"),
    ):
        code, out, err = ran(capsys, *words)
        assert (code, out) == (2, "")
        assert says in err
        assert err.count("\n") == 1
    assert not (tmp_path / "key").exists()


def test_people_and_queries_are_masked_unless_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Equal values stay equal; tokens are never shown."""
    start = '203.0.113.9 - - [02/Apr/2026:19:30:01 +0000] "GET /people'
    lines = [
        f'{start}/ada@example.org?q=red HTTP/1.1" 401 1',
        f'{start}/ADA%40example.org?q=red&token=s3cr3t01 HTTP/1.1" 401 1',
        f'{start}?q=blue HTTP/1.1" 401 1',
    ]
    (tmp_path / "a.log").write_text("\n".join(lines) + "\n")
    _, masked, _ = ran(capsys, tmp_path / "a.log")
    assert "/people/*1@*?q=*1: 401" in masked
    assert "/people/*1@*?q=*1&token=*1: 401" in masked
    assert "/people?q=*2: 401" in masked
    _, shown, _ = ran(capsys, tmp_path / "a.log", "--unmasked")
    assert "/people/ada@example.org?q=red: 401" in shown
    assert "s3cr3t" not in shown


def test_judge_points_to_it(capsys: pytest.CaptureFixture[str]) -> None:
    """For a file that it reads; a file of no kind gets what it got."""
    for name, called in (
        ("nginx.log", "an access log"),
        ("auth0.json", "an Auth0 tenant log"),
        ("keycloak-events.json", "Keycloak events"),
    ):
        assert main(["judge", str(SAMPLES / name)]) == 2
        assert f"no ledger, but {called}; read it by" in capsys.readouterr().err
    assert main(["judge", str(SAMPLES / "others.toml")]) == 2
    assert "expected a run's folder, or a ledger" in capsys.readouterr().err


def test_a_dialect_that_is_named_is_the_one_that_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "d.toml").write_text('[mine]\nexchange_paths = ["/rest/v1/messages"]\n')
    _, out, _ = ran(capsys, SAMPLES / "nginx.log", "--dialect", tmp_path / "d.toml")
    assert "read in the dialect mine" in out


def test_a_har_and_a_ledger_join_by_tokens_with_the_ledgers_key_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And without it that is said to be missing."""
    from race401.ledger.fingerprints import from_key_file

    key = from_key_file(tmp_path / "key")
    entry = {
        "seq": 1, "world": "app.example.org", "client": None, "attempt": None, "family": None, "generation": None,
        "method": "GET", "target": "/rest/v1/contacts", "received_at": 1775158201.5, "answered_at": 1775158201.6,
        "status": 401, "cause": None, "token_left_s": None, "grant_outcome": None, "fault": None, "schema": 1,
        "kind": "api", "key": key.key_id, "sent": key.fingerprint("at1"),
    }  # fmt: skip
    (tmp_path / "ledger.jsonl").write_text(json.dumps(entry) + "\n")
    har = ROOT / "tests" / "incident" / "samples" / "chrome.har"
    _, with_key, _ = ran(capsys, har, tmp_path / "ledger.jsonl", "--key-file", tmp_path / "key")
    assert with_key.count("with A2: ") == 2
    _, without, _ = ran(capsys, har, tmp_path / "ledger.jsonl")
    assert without.count("with A2: ") == 1
    assert "--key-file" in without
