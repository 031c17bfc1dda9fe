"""`python -m race401.harness.proxy`, a recorder for its parent: it ends with it, without a word, whenever that is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "race401.harness.proxy"]
HEARD = {"before it asked": 0, "before it was answered": 0, "before a later answer": 1, "at rest": 2}  # answers


@pytest.mark.parametrize("when", HEARD)
def test_the_end_of_its_parent_is_its_own(tmp_path: Path, when: str) -> None:
    asked = {"targets": ["http://127.0.0.1:9"], "ledger": str(tmp_path / "ledger.jsonl"), "dialects": []}
    hearing, told = os.pipe()
    with (
        subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=told, stderr=subprocess.PIPE) as recorder,
        os.fdopen(hearing) as answers,
    ):
        os.close(told)
        assert recorder.stdin is not None
        assert recorder.stderr is not None
        if when == "before it asked":
            recorder.stdin.close()
        else:
            recorder.stdin.write(json.dumps(asked).encode() + b"\nstanding\n")
            recorder.stdin.flush()
        for _ in range(HEARD[when]):
            assert json.loads(answers.readline())
        answers.close()
        recorder.stdin.close()
        assert recorder.stderr.read() == b""
    assert recorder.returncode == 0
