"""What locust logs while a run lasts fits a row of a terminal; its warning of a busy machine had 280 characters."""

import subprocess
import sys

from bounds import HANG

LOGGED = """
import logging
from race401.harness.load import quiet
quiet.keep()
logging.warning("CPU usage above 90%! This may constrain your throughput" + " and so on" * 20)
logging.getLogger("locust.runners").warning("CPU usage was too high at some point during the test! See" + " it" * 40)
logging.getLogger("locust.runners").warning("a worker is gone")
"""


def test_a_busy_machine_is_said_once_and_in_one_row() -> None:
    """Near miss: what else is logged stays."""
    done = subprocess.run([sys.executable, "-c", LOGGED], capture_output=True, text=True, timeout=HANG, check=True)
    busy, other = done.stderr.splitlines()
    assert "short of CPU" in busy
    assert len(busy) < 80
    assert other.endswith("a worker is gone")
