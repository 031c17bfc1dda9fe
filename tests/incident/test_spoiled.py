"""Files in which something is not what it should be, or not there."""

import contextlib
import re
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledgers import Run

from race401.harness.incident.answering import lines
from race401.harness.incident.diagnosis import diagnose
from race401.harness.incident.gathering import gather
from race401.harness.incident.readers.mapping import load
from race401.harness.incident.readers.reader import How, ReadingError

HERE = Path(__file__).parent / "samples"
ODD = [
    b"null",
    b"1e999",
    b"-1",
    b'"x"',
    b"[]",
    b"{}",
    b"true",
    b"1" * 30,
    b'"2026-13-45T99:99:99Z"',
    b"\x00",
    b"\xff\xfe",
]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_file_that_is_spoiled_is_read_or_refused_in_a_line(data: st.DataObject, tmp_path_factory: Any) -> None:
    """Whatever stands in the place of a value, or is gone: no traceback."""
    path = data.draw(st.sampled_from(sorted(HERE.glob("*.[!t]*"))))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        values = [found.span() for found in re.finditer(rb'"[^"]*"|[\d.]+', content)] or [(0, 1)]
        begin, end = data.draw(st.sampled_from(values))
        content[begin:end] = data.draw(st.sampled_from(ODD))
    content = content[: data.draw(st.integers(1, len(content)))] if data.draw(st.booleans()) else content
    spoiled = tmp_path_factory.mktemp("odd") / path.name
    spoiled.write_bytes(content)
    with contextlib.suppress(ReadingError):
        list(lines(diagnose(gather([spoiled], How(mapping=load(HERE / "others.toml"))))))


def test_a_ledger_of_an_older_race401_tells_what_its_paths_do(tmp_path: Path) -> None:
    """It has no tokens, which is said to be missing."""
    run = Run()
    run.entry("c", "/contacts", 401, cause="expired")
    run.exchange("c", "reused")
    ledger = tmp_path / "ledger.jsonl"
    ledger.write_bytes(b"".join(msgspec.json.encode(entry) + b"\n" for entry in run.entries))
    evidence = gather([ledger], How())
    assert [e.kind for e in evidence.entries] == ["api", "exchange"]
    assert not any(evidence.without_token(e) for e in evidence.entries)
    assert "an older race401 wrote it" in evidence.missing[0].what
