"""What every test can ask for."""

import inspect
import signal

import httpx
from bounds import HANG

pytest_plugins = ["pytester", "race401.harness.pytest_plugin", "unskipped"]

# A shell starts `make test &` with Ctrl-C ignored, and children inherit that; the tests of Ctrl-C need it heard.
signal.signal(signal.SIGINT, signal.default_int_handler)

# httpx gives up after 5 s where nothing else is said; a busy machine may take longer to answer.
PATIENT = inspect.signature(httpx.Client).parameters["timeout"].default
PATIENT.connect = PATIENT.read = PATIENT.write = PATIENT.pool = HANG
