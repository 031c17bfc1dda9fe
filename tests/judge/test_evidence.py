"""Stored runs: what is read, what is refused in one line, and the command that judges them again."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from ledgers import Run, manifest, reproduced
from runfolders import stored

from race401.harness.__main__ import main
from race401.harness.judge import evidence, verdict
from race401.harness.judge.evidence import EvidenceError
from race401.ledger.entry import Entry


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    run = reproduced()
    told = evidence.load(stored(tmp_path, run))
    assert (told.entries, told.samples, told.torn, told.ledger_alone) == (run.entries, run.samples, False, False)


def test_a_torn_last_line_is_recognised(tmp_path: Path) -> None:
    ledger = stored(tmp_path) / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes()[:-20])
    told = evidence.load(tmp_path)
    assert told.torn
    assert len(told.entries) == len(reproduced().entries) - 1


def segments(folder: Path, *processes: list[Entry]) -> Path:
    """Write what each of several processes did."""
    for pid, entries in enumerate(processes, 100):
        lines = b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries)
        (folder / f"ledger-{pid}.jsonl").write_bytes(lines)
    return folder


def test_segments_are_merged_in_the_order_of_decision(tmp_path: Path) -> None:
    entries = reproduced().entries
    told = evidence.load(segments(tmp_path, entries[::2], entries[1::2]))
    assert (told.entries, told.torn, told.ledger_alone) == (entries, False, True)


def test_any_segment_may_be_torn(tmp_path: Path) -> None:
    entries = reproduced().entries
    torn = segments(tmp_path, entries[::2], entries[1::2]) / "ledger-100.jsonl"
    torn.write_bytes(torn.read_bytes()[:-20])
    told = evidence.load(tmp_path)
    assert told.torn
    assert len(told.entries) == len(entries) - 1


def lost(cause: str | None, status: int) -> Run:
    """An exchange whose answer is this one, and a session that is lost after it."""
    run = Run()
    run.entry("me", "/auth/v1/token?grant_type=refresh_token", status, cause=cause)
    run.entry("me", "/auth/v1/token?grant_type=refresh_token", 400, grant_outcome="reused")
    return run


@pytest.mark.parametrize("cause", sorted(evidence.LOST))
def test_what_comes_after_the_mock_failed_is_not_judged(tmp_path: Path, cause: str) -> None:
    """The exchange may have happened: the reuse is not the client's fault. Its twin, with an honest answer, is."""
    told = evidence.load(segments(tmp_path, lost(cause, 503).entries))
    assert (told.entries, told.cut_short) == ([], True)
    result = verdict.judge(told)
    assert result.value == "UNKNOWN"
    assert "the mock lost " in result.sentence
    told = evidence.load(segments(tmp_path, lost("fault", 503).entries))
    assert (len(told.entries), verdict.judge(told).value) == (2, "FAIL")


def damaged(name: str, content: bytes | None) -> Callable[[Path], None]:
    """Replace one of the run's files, or take it away."""

    def damage(folder: Path) -> None:
        if content is None:
            (folder / name).unlink()
        else:
            (folder / name).write_bytes(content)

    return damage


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (damaged("manifest.json", b"{"), "manifest.json: "),
        (damaged("manifest.json", b"[]"), "no manifest of a run, it lacks conditions, policies, run"),
        (damaged("manifest.json", b'{"run": "x"}'), "it lacks conditions, policies"),
        (damaged("ledger.jsonl", None), "ledger.jsonl: No such file"),
        (damaged("ledger.jsonl", b'{"seq": 1}\n'), "ledger.jsonl line 1: "),
        (damaged("ledger.jsonl", b"\xff\xfe\n"), "ledger.jsonl line 1: "),
        (damaged("samples.jsonl", b"nonsense\n"), "samples.jsonl line 1: "),
    ],
    ids=["no json", "no object", "fields lack", "no ledger", "no entry", "no text", "no sample"],
)
def test_what_is_no_run_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: Callable[[Path], None], told: str
) -> None:
    damage(stored(tmp_path))
    with pytest.raises(EvidenceError, match=told):
        evidence.load(tmp_path)
    assert main(["judge", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("race401: ")
    assert said.count("\n") == 1


@pytest.mark.parametrize("content", [b"# A page\n\nof text\n", b"a word", b'{"run": "x"}\n'])
def test_a_file_that_is_no_ledger(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes) -> None:
    """It is told what would be one."""
    (tmp_path / "README.md").write_bytes(content)
    assert main(["judge", str(tmp_path / "README.md")]) == 2
    said = capsys.readouterr().err
    assert "README.md line 1: " in said
    assert said.endswith(
        "; expected a run's folder, or a ledger: JSON lines, as race401 serve --ledger FILE writes them\n"
    )


def test_a_folder_with_nothing_in_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", str(tmp_path)]) == 2
    assert "neither manifest.json nor ledger.jsonl" in capsys.readouterr().err


def test_judging_again_says_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", str(stored(tmp_path))]) == 0
    first, kept = capsys.readouterr().out, (tmp_path / "verdict.json").read_bytes()
    assert main(["judge", str(tmp_path), "--json"]) == 0
    assert "PASS: The fix holds" in first
    assert kept == (tmp_path / "verdict.json").read_bytes()
    assert msgspec.json.decode(kept).items() <= msgspec.json.decode(capsys.readouterr().out).items()


def test_a_run_that_failed_exits_with_1(tmp_path: Path) -> None:
    run = reproduced()
    run.attempt("run/rfc9700/subject/1", "2.1", "/contacts", "expired")
    assert main(["judge", str(stored(tmp_path, run))]) == 1


def test_an_unfinished_run_exits_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(manifest(finished=False, unfinished_because="stopped after 3 of 20 s"))
    assert main(["judge", str(stored(tmp_path, run))]) == 3
    assert "unfinished: stopped after 3 of 20 s" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["judge"], ["report", "--out", "page.html"]])
def test_a_run_folder_that_cannot_be_written_still_gets_its_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    """What is asked for is said; what could not be kept beside it is said too, and changes no exit code."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "run"
    (folder / "verdict.json").mkdir(parents=True)
    assert main([*command, str(stored(folder))]) == 0
    out, err = capsys.readouterr()
    assert "PASS: The fix holds" in out
    assert err == f"race401: {folder}/verdict.json is not kept: Is a directory\n"
