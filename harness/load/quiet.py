"""
What locust logs, such that nothing buries the verdict.

No line for every request, no table of every name each other second, and its warning of a busy CPU, of 280
characters, in one row of a terminal.
"""

import logging

BUSY = "CPU usage above "  # how the warning begins; locust logs it at the root, and says it again at the end
IN_SHORT = "locust's process is short of CPU: waits are its own, in part"
UNSAID = ("All users spawned", "CPU usage was too high")


def keep() -> None:
    """Keep locust's loggers quiet in this process."""
    for name in ("httpx", "locust.stats_logger"):  # locust's tables are in --csv and --html, and in its web UI
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("", "locust.runners"):
        logging.getLogger(name).addFilter(_shorten)


def _shorten(line: logging.LogRecord) -> bool:
    text = str(line.msg)
    if text.startswith(BUSY):
        line.msg, line.args = IN_SHORT, ()
    return not text.startswith(UNSAID)
