"""`race401 burst [OPTIONS]`: the main job, before and after the fix. Every option goes to locust; see `--help`."""

import os
import signal
import sys
from argparse import REMAINDER, ArgumentParser, Namespace
from importlib.util import find_spec
from typing import NoReturn

from race401.harness.commands.errors import CommandError

OF_A_SYSTEM = ("-u", "12", "-r", "12")  # of browsers: a system of your own is not loaded
WEB = "--web"  # locust's web UI, on this machine alone; its form offers a load that runs
IN_THE_WEB = ("--web-host", "127.0.0.1", "--transport", "fasthttp")
DEFAULTS = ("--headless", "--skip-log-setup", "-u", "324", "-r", "100", "-t", "20s", "--transport", "fasthttp")


def add(parser: ArgumentParser) -> None:
    """Take every word as it is."""
    parser.prefix_chars = ""  # no word is an option here, `--help` included
    parser.add_argument("options", nargs=REMAINDER)


def run(given: Namespace) -> NoReturn:
    """Become locust: its exit code is the run's, and a signal has one process to reach. A later option overrides."""
    scenario = find_spec("race401.scenarios.burst")  # found, not imported: it would patch this process
    if scenario is None or scenario.origin is None:
        raise CommandError("the scenario is missing from this installation; install race401 again")
    sys.stdout.flush()
    few = OF_A_SYSTEM if any(word.partition("=")[0] == "--system" for word in given.options) else ()
    before = IN_THE_WEB if WEB in given.options else (*DEFAULTS, *few)
    words = [word for word in given.options if word != WEB]
    locust = [sys.executable, "-m", "race401.harness.load", "-f", scenario.origin, *before, *words]
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # it waits until there is somebody to hear it
    os.execv(sys.executable, locust)  # noqa: S606 - our own module, and no shell
