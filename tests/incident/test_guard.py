"""Guards: written from a diagnosis, run as they stand; a client that has the mechanism fails, a sound one passes."""

import ast
from pathlib import Path

import pytest
from diagnosing import diagnosed, standing_as
from incidents import BUILDERS
from naive import guarded
from recording import written
from theirs import run_here

from race401.harness.__main__ import main
from race401.harness.incident import guard
from race401.harness.incident.circumstances import USUAL, Circumstances, seen
from race401.harness.incident.diagnosis import diagnose
from race401.harness.incident.gathering import gather
from race401.harness.incident.hand_over import hand_over
from race401.harness.incident.mechanisms import BY_NAME
from race401.harness.incident.readers.reader import How

KEEPS = '''
"""Keeps each test's ledger."""

import msgspec
import pytest


@pytest.fixture(autouse=True)
def kept(request, race401_server):
    yield
    lines = [msgspec.json.encode(entry) for entry in race401_server.ledger()]
    request.path.with_suffix(".jsonl").write_bytes(b"\\n".join(lines))
'''
BY_ITS_CLIENT = {"clock-skew", "rate-limit-storm"}  # the server's ledger has no clock of a client, no `Retry-After`


def guards(folder: Path, names: list[str], client: str = "sound") -> Path:
    """Guards against these mechanisms, with such a client."""
    folder.mkdir()
    (folder / "conftest.py").write_text(KEEPS)
    for name in names:
        (folder / f"test_{name}.py").write_text(guarded(name, client))
    return folder


def told_apart(pytester: pytest.Pytester, names: list[str]) -> None:
    """A sound client passes; one that has the mechanism fails, and its ledger is diagnosed as that mechanism."""
    folder = pytester.path
    sound = run_here(pytester, str(guards(folder / "sound", names)))
    assert sound.ret == 0
    sound.assert_outcomes(passed=len(names))
    failing = run_here(pytester, str(guards(folder / "naive", names, "naive")))
    assert failing.ret == 1
    failing.assert_outcomes(failed=len(names))
    for name in set(names) - BY_ITS_CLIENT - {"two-origins"}:  # the mock is one server: see `test_scenario.py`
        found = diagnose(gather([folder / "naive" / f"test_{name}.jsonl"], How()))
        assert name in standing_as(found, "shown"), name


@pytest.mark.parametrize("first", range(4))
def test_a_guard_passes_for_a_sound_client_and_fails_for_one_that_has_the_mechanism(
    pytester: pytest.Pytester, first: int
) -> None:
    """As it stands; and what the failing client did is diagnosed as what the guard is against."""
    told_apart(pytester, list(BY_NAME)[first::4])


@pytest.mark.parametrize("name", BY_NAME)
def test_a_guard_is_python_and_has_what_was_seen(name: str) -> None:
    """Numbers of the incident; its world is one that lets the mechanism happen."""
    how = Circumstances(calls=7, lifetime=900.0, left=44.0, behind=77.0, wait=9.0)
    source = guard.source(BY_NAME[name], how, "a.har")
    ast.parse(source)
    assert "lifetime=900" in source
    used = {"CALLS": "7", "LEFT": "44", "BEHIND": "77", "WAIT": "9"}
    assert all(f"\n{word} = {number} " in source for word, number in used.items() if f"{word} =" in source)


def test_what_was_seen_is_taken_over(tmp_path: Path) -> None:
    """Calls within a second, the life of tokens, what was left at a refresh; what is not told is usual."""
    found = diagnosed(tmp_path, BUILDERS["reuse-refused"]("planted"))
    mechanism, sign = found.standing("shown")[0]
    assert mechanism.name == "reuse-refused"
    how = seen(found, sign)
    assert how.calls == 2
    assert how.behind is None
    assert how.completed().behind == USUAL.behind


def test_diagnose_writes_it_and_says_how_to_run_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is there is kept: one line, and nothing is written over."""
    har = written(tmp_path, "a.har", BUILDERS["reuse-refused"]("planted"))
    words = ["diagnose", str(har), "--guard", str(tmp_path / "guards")]
    assert main(words) == 1
    out = capsys.readouterr().out
    file = tmp_path / "guards" / "test_reuse_refused.py"
    assert f"guard: {file}" in out
    assert f"run it: pytest {file.parent}" in out
    file.write_text("mine")
    assert main(words) == 2
    assert (
        capsys.readouterr().err
        == f"race401: {file}: it is there already, and is kept; remove it, or name another folder\n"
    )
    assert file.read_text() == "mine"


def test_a_files_name_is_no_code(tmp_path: Path) -> None:
    """Planted: a name that would end the docstring."""
    har = written(tmp_path, 'x"""; raise SystemExit #.har', BUILDERS["reuse-refused"]("planted"))
    handed = hand_over(diagnose(gather([har], How())), guard.source, "test_")
    for _, source in handed.values():
        assert ast.get_docstring(ast.parse(source))
        assert "raise" not in {type(node).__name__.lower() for node in ast.walk(ast.parse(source))}
