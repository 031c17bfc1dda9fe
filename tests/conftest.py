"""What every test can ask for."""

import signal

pytest_plugins = ["pytester", "race401.harness.pytest_plugin"]

# A shell starts `make test &` with Ctrl-C ignored, and children inherit that; the tests of Ctrl-C need it heard.
signal.signal(signal.SIGINT, signal.default_int_handler)
