"""`race401 burst`'s own process: locust, which Ctrl-C ends without a word before there is a run to show."""

import os
import signal
import sys

UNFINISHED = 3  # exit code


def end(*_: object) -> None:
    """End at once; nothing has been started."""
    os._exit(UNFINISHED)


def main() -> None:
    """Become locust."""
    signal.signal(signal.SIGINT, end)  # until `preparing` has a better one
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # the command blocked it while Python started
    sys.argv[0] = "race401 burst"
    from locust.main import main as locust

    locust()


if __name__ == "__main__":
    main()
