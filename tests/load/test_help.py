"""`race401 burst --help`: our own options, which locust's help does not have, and the way to locust's."""

import os
import subprocess
import sys

from bounds import HANG
from locustruns import ROOT

from race401.harness.load import help  # noqa: A004 - it is what the word says


def printed(*words: str) -> str:
    """What `race401 burst WORDS` prints in 80 columns, and exits with 0."""
    command = [sys.executable, "-m", "race401.harness", "burst", *words]
    env = {**os.environ, "COLUMNS": "80"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=HANG, check=True)
    return done.stdout


def test_its_own_options_come_first() -> None:
    """Each of them, whole in 80 columns; of locust's those that most people want."""
    text = printed("--help")
    assert text.startswith("usage: race401 burst")
    for option in ("--policies", "--conditions", "--arrivals", "--pages", "--seed", "--help-all", "-u N"):
        assert option in text
    assert max(map(len, text.splitlines())) <= 80


def test_all_of_locusts_options_are_one_word_away() -> None:
    assert "--spawn-rate" in printed("--help-all")


def test_who_asks_for_all_gets_all() -> None:
    """Near miss: both words."""
    assert help.asked(["-u", "3", "-h"])
    assert not help.asked(["--help", "--help-all"])
    assert not help.asked(["-u", "3"])
