"""A word in a run's folder that the judge does not know is UNKNOWN, and named; never skipped, never a traceback."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import msgspec
import pytest
from ledgers import reproduced
from runfolders import stored
from wires import Wire

from race401.harness.__main__ import main


def a_run(folder: Path, wire: Wire, **about: Any) -> Path:
    """A run's folder with one condition."""
    manifest = {"run": "run", "policies": {"subject": {"name": "mine"}}, "conditions": {"api": about}}
    (folder / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    (folder / "ledger.jsonl").write_bytes(b"".join(msgspec.json.encode(e) + b"\n" for e in wire.entries))
    return folder


def said(capsys: pytest.CaptureFixture[str], path: Path) -> str:
    """What judging it says, which is UNKNOWN, without its line breaks."""
    assert main(["judge", str(path)]) == 3
    out, err = capsys.readouterr()
    assert err == ""
    return " ".join(out.split())


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"expects": {"subject": {"callers_401s": "none"}}}, "nothing checks 'callers_401s', which is expected of"),
        ({"expects": {"subject": {"caller_401s": "nothing"}}}, "may be none, some, any, not 'nothing'"),
        (
            {"expects": {"subjects": {}}},
            "subjects, who is not in this run: its roles are subject",
        ),
        ({"covers": ["the-moon"]}, "the condition covers 'the-moon', which is not known; known are refresh"),
    ],
)
def test_a_word_that_the_judge_does_not_know_is_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], about: dict[str, Any], words: str
) -> None:
    """With its name, and those that are known."""
    assert words in said(capsys, a_run(tmp_path, Wire(), **about))


def test_an_outcome_that_the_judge_does_not_know_is_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the entries that have it."""
    wire = Wire()
    wire.exchange("r1", "a2", "r2", grant_outcome="rotted")
    text = said(capsys, a_run(tmp_path, wire))
    assert "an exchange has the outcome 'rotted', which is not known; known are banned" in text
    assert "(ledger #1)" in text


@pytest.mark.parametrize("planted", ["expects", "covers", "outcome"])
def test_an_unknown_word_beside_sound_evidence_is_no_pass(
    planted: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Clean twin: the same run, which passes without it; and its page is made in both cases."""
    run = reproduced()
    run.manifest = deepcopy(run.manifest)
    assert main(["report", str(stored(tmp_path, run))]) == 0
    (about,) = run.manifest["conditions"].values()
    if planted == "expects":
        about["expects"]["subject"]["caller_402s"] = "none"
    elif planted == "covers":
        about["covers"] = ["the-moon"]
    else:
        reuse = next(entry for entry in run.entries if entry.grant_outcome == "reused")
        reuse.grant_outcome = "rotted"
    assert main(["report", str(stored(tmp_path, run))]) == 3
    assert "Traceback" not in capsys.readouterr().err


def test_words_that_the_judge_knows_are_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Near miss: nothing is said of a word; that nobody made a request is."""
    words = {"expects": {"subject": {"caller_401s": "none", "cause": None}}, "covers": ["refresh"]}
    assert "known" not in said(capsys, a_run(tmp_path, Wire(), **words))


def test_a_run_without_a_judged_row_is_unknown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only the control took part, and showed the race: it was PASS, with an empty sentence."""
    run = reproduced()
    run.manifest = deepcopy(run.manifest)
    del run.manifest["policies"]["subject"]
    (about,) = run.manifest["conditions"].values()
    about["expects"].pop("subject")
    run.entries = [entry for entry in run.entries if "/control/" in str(entry.client)]
    run.samples = [sample for sample in run.samples if "/control/" in sample.client]
    text = said(capsys, stored(tmp_path, run))
    assert "UNKNOWN completeness: only the control took part" in text
    assert "a run needs a subject" in text
