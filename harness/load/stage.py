"""The last line of a scenario's file: for locust it makes browsers and a run's life of it; for others it is data."""

import sys
from typing import Any

from race401.harness.load.scenario import Scenario


def stage(scenario: Scenario, locustfile: dict[str, Any]) -> None:
    """Put the scenario's browsers into the locustfile's names, and have its runs begun, judged and ended.

    Nothing happens in a process without locust, such as a test's: it reads the scenario, and must not be patched.
    """
    if "locust" in sys.modules:
        from race401.harness.load.listeners import listen

        listen(scenario, locustfile)
