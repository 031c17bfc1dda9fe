"""How long a worker may be silent before its master takes it for lost."""

import subprocess
import sys

from bounds import HANG

BEGUN = """
from race401.harness.load import listeners, preparing
from locust import runners
from types import SimpleNamespace

preparing.lead = lambda environment, scenario: None
listeners.Process(None).begin(SimpleNamespace(stop_timeout=0, runner=None))
print(runners.HEARTBEAT_LIVENESS)
"""


def test_a_master_waits_for_a_worker_that_gets_no_cpu() -> None:
    """Ten seconds, of which each brings a heartbeat; locust's three took workers of a busy machine for lost."""
    done = subprocess.run([sys.executable, "-c", BEGUN], capture_output=True, text=True, timeout=HANG, check=False)
    assert done.stdout == "10\n", done.stderr
