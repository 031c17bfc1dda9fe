"""What every test can ask for."""

import functools
import gc
import inspect
import signal
import ssl
from collections.abc import Generator

import httpx
import pytest
from bounds import HANG
from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester", "race401.harness.pytest_plugin", "unskipped"]

# A shell starts `make test &` with Ctrl-C ignored, and `nohup` what it starts with HUP; children inherit that, and
# the tests of these two need them heard.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

gc.disable()  # until all is collected: nothing of it is garbage

# httpx gives up after 5 s where nothing else is said; a busy machine may take longer to answer.
PATIENT = inspect.signature(httpx.Client).parameters["timeout"].default
PATIENT.connect = PATIENT.read = PATIENT.write = PATIENT.pool = HANG

# A client of httpx reads the authorities of the world anew, 30 ms that one in plain text has no use for.
ssl.create_default_context = functools.cache(ssl.create_default_context)  # type: ignore[assignment]  # as it is called

# Hypothesis fails an example that takes 0.2 s, and data that is slow to draw; a busy machine is slow with any.
settings.register_profile("patient", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> Generator[None, int, int]:
    """`-n auto` is three workers for each CPU: many tests wait, for a process to start or for a clock."""
    cpus = yield
    return 3 * cpus if config.option.numprocesses == "auto" else cpus


def pytest_collection_finish() -> None:
    """Let the garbage collector look at what tests make, not at libraries again and again: a quarter of the CPU."""
    gc.freeze()
    gc.set_threshold(20_000)
    gc.enable()


def pytest_unconfigure() -> None:
    """Hear of what is left open, once; pytest would look five times more, and Python again at the end."""
    gc.collect()
    gc.freeze()
