"""Evidence that somebody or something altered, and that has no digest: what cannot be is no PASS, and no crash."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from damaging import FILES, caller_401, judged, sealed
from ledgers import reproduced
from runfolders import run_in, stored, worse
from wires import Wire, verdict

from race401.harness.__main__ import main
from race401.harness.judge import manifest
from race401.harness.judge.verdict import Verdict

Row = dict[str, Any]
BAD = {"FAIL", "UNKNOWN", "refused"}
AT = 1_800_000_000.0  # s since the epoch


def clean() -> Wire:
    """Two lifetimes of a sound client."""
    wire = Wire()
    wire.sign_in("a1", "r1", at=AT)
    wire.get("a1", at=AT + 1)
    wire.get("a1", 401, at=AT + 2, token_left_s=-1.0, cause="expired")
    wire.exchange("r1", "a2", "r2", at=AT + 3)
    wire.get("a2", at=AT + 3.5)
    wire.exchange("r2", "a3", "r3", at=AT + 9)
    wire.get("a3", target="/y", at=AT + 10)
    return wire


def sentences(result: Verdict) -> str:
    """All that it says."""
    return "\n".join(finding.sentence for finding in result.findings)


def test_the_twin_passes() -> None:
    assert verdict(clean()).value == "PASS"


IMPOSSIBLE: dict[str, tuple[str, Any, str]] = {
    "a newer schema": ("schema", 99, "7 entries of a newer race401; this one reads schema 1, e.g. #1"),
    "four digits": ("status", 2000, "7 entries with a status that no answer has"),
    "a negative status": ("status", -200, "7 entries with a status that no answer has"),
    "received in ms": ("received_at", AT * 1000, "7 entries at instants that are no s since the epoch"),
    "answered in ms": ("answered_at", AT * 1000, "7 entries at instants that are no s since the epoch"),
    "answered never": ("answered_at", 0.0, "7 entries at instants that are no s since the epoch"),
    "before the epoch": ("received_at", -AT, "7 entries at instants that are no s since the epoch"),
    "an outcome of another kind": ("kind", "other", "2 entries with the outcome of an exchange, and of another kind"),
    "answered first": ("answered_at", AT - 60, "the recorder's clock went back by"),
}


@pytest.mark.parametrize("altered", IMPOSSIBLE)
def test_what_no_recorder_writes(altered: str) -> None:
    field, value, sentence = IMPOSSIBLE[altered]
    wire = clean()
    for entry in wire.entries:
        setattr(entry, field, value)
    result = verdict(wire)
    assert result.value == "UNKNOWN"
    assert sentence in sentences(result)


def test_one_alone_is_enough() -> None:
    wire = clean()
    wire.entries[1].status = 4010
    assert "1 entry with a status that no answer has, e.g. #2" in sentences(verdict(wire))


def test_what_was_cut_off_has_no_instant_of_an_answer() -> None:
    """Near miss: so the mock writes it."""
    wire = clean()
    wire.get("a3", 0, target="/z", at=AT + 11).answered_at = 0.0
    assert verdict(wire).value == "PASS"


@pytest.mark.parametrize("never", [{"hung_up": True}, {"status": 0}])
def test_exchanges_that_nobody_was_answered_show_nothing(never: Row) -> None:
    """A client that hears nothing does nothing wrong, and nothing right."""
    wire = clean()
    for entry in wire.entries:
        for field, value in never.items():
            setattr(entry, field, value)
    assert verdict(wire).value == "UNKNOWN"
    wire = clean()
    wire.exchange("r3", "a4", "r4", at=AT + 20, **never)  # near miss: one answer of three is lost
    assert verdict(wire).value == "PASS"


def _fails() -> bytes:
    """A ledger that fails: one token is exchanged twice."""
    wire = clean()
    wire.exchange("r1", at=AT + 3.1)
    return b"".join(msgspec.json.encode(entry) + b"\n" for entry in wire.entries)


RAW: dict[str, Callable[[bytes], bytes]] = {
    "CRLF": lambda told: told.replace(b"\n", b"\r\n"),
    "CR": lambda told: told.replace(b"\n", b"\r"),
    "a byte order mark": lambda told: b"\xef\xbb\xbf" + told,
    "UTF-16": lambda told: told.decode().encode("utf-16"),
    "Latin-1": lambda told: told.replace(b"GET", b"G\xc9T"),
    "gzip": gzip.compress,
    "a torn gzip": lambda told: gzip.compress(told)[:-9],
    "zeros behind": lambda told: told + bytes(400),
    "zeros within": lambda told: told.replace(b"\n", b"\n" + bytes(400) + b"\n", 1),
    "two lines in one": lambda told: told.replace(b"\n", b"", 1),
    "one line": lambda told: told.replace(b"\n", b"") + b"\n",
    "an array": lambda told: b"[" + b",".join(told.splitlines()) + b"]",
    "pretty": lambda told: b"".join(
        json.dumps(json.loads(line), indent=1).encode() + b"\n" for line in told.splitlines()
    ),
    "twice": lambda told: told + told,
    "backwards": lambda told: b"".join(told.splitlines(keepends=True)[::-1]),
    "NaN": lambda told: told.replace(b'"token_left_s":null', b'"token_left_s":NaN'),
    "infinity": lambda told: told.replace(b'"token_left_s":null', b'"token_left_s":1e999'),
    "numbers as strings": lambda told: told.replace(b'"status":200', b'"status":"200"'),
    "an unknown kind": lambda told: told.replace(b'"kind":"exchange"', b'"kind":"sneeze"'),
    "empty": lambda _: b"",
    "no line": lambda _: b"\n" * 9,
}


@pytest.mark.parametrize("altered", RAW)
def test_written_otherwise(tmp_path: Path, altered: str) -> None:
    """A ledger alone, and a run's: it fails as it did, or is UNKNOWN, or is refused."""
    alone = tmp_path / "alone.jsonl"
    alone.write_bytes(_fails())
    assert judged(alone) == "FAIL"
    alone.write_bytes(RAW[altered](_fails()))
    assert judged(alone, page=True) in BAD
    for name in FILES if altered != "pretty" else FILES[1:]:  # a manifest is so
        folder = sealed(tmp_path / "run", worse())
        (folder / name).write_bytes(RAW[altered]((folder / name).read_bytes()))
        assert judged(folder) in BAD, name
        (tmp_path / "older").mkdir(exist_ok=True)
        older = stored(tmp_path / "older", worse())
        (older / name).write_bytes(RAW[altered]((older / name).read_bytes()))
        assert judged(older) in BAD, name


def test_a_manifest_of_another_format(tmp_path: Path) -> None:
    """Its seal is right; what its words mean is not known. The same run in ours passes."""
    folder = sealed(tmp_path / "run", reproduced())
    assert judged(folder) == "PASS"
    told = json.loads((folder / FILES[0]).read_text())
    del told[manifest.SEAL]
    told["format"] = 2
    told[manifest.SEAL] = manifest._digest(told)
    (folder / FILES[0]).write_text(json.dumps(told))
    assert judged(folder, page=True) == "UNKNOWN"


def _without_a_row(told: Row) -> None:
    told["rows"].pop()


def _of_another_condition(told: Row) -> None:
    told["rows"][0]["condition"] = "x"


BASELINES: dict[str, Callable[[Row], object]] = {
    "a row is gone": _without_a_row,
    "no rows": lambda told: told["rows"].clear(),
    "a row of another condition": _of_another_condition,
    "a row twice": lambda told: told["rows"].append(told["rows"][0]),
    "a count is gone": lambda told: told["rows"][0].pop("sessions"),
    "a count in words": lambda told: told["rows"][0].update(sessions="1"),
    "a verdict that is none": lambda told: told.update(verdict="GREEN"),
}


@pytest.mark.parametrize("altered", BASELINES)
def test_an_altered_baseline_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], altered: str
) -> None:
    monkeypatch.chdir(tmp_path)
    good, bad, path = run_in("a"), run_in("b", worse()), Path("base.json")
    assert main(["bless", good, "--yes", "--baseline", str(path)]) == 0
    assert (main(["compare", str(path), good]), main(["compare", str(path), bad])) == (0, 1)
    told = json.loads(path.read_text())
    BASELINES[altered](told)
    for raw in (json.dumps(told).encode(), b"\xff" + json.dumps(told).encode(), b'{"verdict": "P\xff"}'):
        path.write_bytes(raw)
        capsys.readouterr()
        assert main(["compare", str(path), good]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_an_alteration_in_which_all_fits_is_told_by_the_digest(tmp_path: Path) -> None:
    """The app's 401 is made a 200 in both files; of a manifest without digests it would be believed."""
    run = sealed(tmp_path / "run", caller_401())
    assert judged(run) == "FAIL"
    for name in FILES[1:]:
        lines = (run / name).read_text().splitlines(keepends=True)
        refused, never = '"status":401', ('"cause":"expired"', '"cause":null')
        mended = [x.replace(refused, '"status":200').replace(*never) if "/subject/" in x else x for x in lines]
        (run / name).write_text("".join(mended))
    assert judged(run) == "UNKNOWN"
    without = json.loads((run / FILES[0]).read_text())
    for key in ("format", "files", "sha256"):
        del without[key]
    (run / FILES[0]).write_text(json.dumps(without))
    assert judged(run) == "PASS"
