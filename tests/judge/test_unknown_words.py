"""A word in a run's folder that the judge does not know is refused, in one line."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from wires import Wire

from race401.harness.__main__ import main


def stored(folder: Path, wire: Wire, **about: Any) -> Path:
    """A run's folder with one condition."""
    manifest = {"run": "run", "policies": {"subject": {"name": "mine"}}, "conditions": {"api": about}}
    (folder / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    (folder / "ledger.jsonl").write_bytes(b"".join(msgspec.json.encode(e) + b"\n" for e in wire.entries))
    return folder


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"expects": {"subject": {"callers_401s": "none"}}}, "nothing checks 'callers_401s'; known are caller_401s"),
        ({"expects": {"subject": {"caller_401s": "nothing"}}}, "caller_401s may be none, some, any, not 'nothing'"),
        ({"expects": {"subjects": {}}}, "role subjects: known roles are control, subject"),
        ({"covers": ["the-moon"]}, "condition api covers 'the-moon'; known are refresh"),
    ],
)
def test_a_word_that_the_judge_does_not_know_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], about: dict[str, Any], said: str
) -> None:
    """In one line that names it, and those that are known; never skipped."""
    assert main(["judge", str(stored(tmp_path, Wire(), **about))]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_an_outcome_that_the_judge_does_not_know_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wire = Wire()
    wire.exchange("r1", "a2", "r2", grant_outcome="rotted")
    assert main(["judge", str(stored(tmp_path, wire))]) == 2
    assert "entry #1: grant_outcome 'rotted' is not known; known are banned" in capsys.readouterr().err


def test_words_that_the_judge_knows_are_judged(tmp_path: Path) -> None:
    """Near miss."""
    words = {"expects": {"subject": {"caller_401s": "none", "cause": None}}, "covers": ["refresh"]}
    assert main(["judge", str(stored(tmp_path, Wire(), **words))]) == 3
