"""`race401 judge` of several recordings: each by itself, since each has its own clock and its own numbers."""

import json
from pathlib import Path

import msgspec
import pytest
from wires import Wire

from race401.harness.__main__ import main


def recording(path: Path, *, key: str, sound: bool) -> str:
    """Keep a ledger of one refresh, or of a token that is refreshed twice."""
    wire = Wire()
    wire.sign_in("a1", "r1", key=key)
    wire.exchange("r1", "a2", "r2", key=key)
    wire.get("a2", key=key)
    if not sound:
        wire.exchange("r1", key=key)
    path.write_bytes(b"".join(msgspec.json.encode(e) + b"\n" for e in wire.entries))
    return str(path)


@pytest.mark.parametrize(("sound", "code"), [((True, True), 0), ((True, False), 1), ((False, True), 1)])
def test_each_is_judged_and_the_worst_decides(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], sound: tuple[bool, bool], code: int
) -> None:
    """Their equal numbers are no damage."""
    paths = [recording(tmp_path / f"{n}.jsonl", key=f"key {n}", sound=each) for n, each in enumerate(sound)]
    assert main(["judge", *paths]) == code
    told = capsys.readouterr()
    assert [line for line in told.out.splitlines() if line.endswith(".jsonl:")] == [f"{path}:" for path in paths]
    assert (told.out.count("PASS:"), told.out.count("FAIL:"), told.err) == (sum(sound), 2 - sum(sound), "")


def test_recordings_under_one_key_are_pointed_to_what_reads_them_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They may be two origins of one system; what one lacks the other may have."""
    paths = [recording(tmp_path / name, key="one", sound=True) for name in ("api.jsonl", "auth.jsonl")]
    main(["judge", *paths])
    assert f"diagnose {' '.join(paths)} reads them together" in capsys.readouterr().err


def test_as_json_they_are_a_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One alone is its verdict, as ever; a job's forms have a suite for each."""
    paths = [recording(tmp_path / f"{n}.jsonl", key="one", sound=not n) for n in range(2)]
    main(["judge", "--json", "--junit", str(tmp_path / "all.xml"), *paths])
    assert [each["verdict"] for each in json.loads(capsys.readouterr().out)] == ["PASS", "FAIL"]
    assert (tmp_path / "all.xml").read_text().count("<testsuite ") == 2
    main(["judge", "--json", paths[0]])
    assert json.loads(capsys.readouterr().out)["verdict"] == "PASS"


def test_one_that_is_none_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", recording(tmp_path / "a.jsonl", key="one", sound=True), str(tmp_path / "none")]) == 2
    assert "none: No such file or directory" in capsys.readouterr().err
