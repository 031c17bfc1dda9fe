"""Ctrl-C and a hang-up: without a word before there is a run to show, and then where locust expects it."""

import itertools
import os
import signal
from collections.abc import Callable
from typing import NoReturn

UNFINISHED = 3  # exit code


def end_at_once(*_: object) -> NoReturn:
    """End the process without a word: nothing has been started. A handler of signals."""
    os._exit(UNFINISHED)


def raise_in_main(has_begun: Callable[[], bool]) -> None:
    """From now on raise Ctrl-C, and a hang-up, in locust's main greenlet. Python would raise it in any that runs.

    A second one ends the process at once; the mock ends with its standard input.
    """
    import gevent

    main, times = gevent.get_hub().parent, itertools.count()

    def interrupt() -> None:
        if next(times) or main is None:
            end_at_once()
        gevent.kill(main, KeyboardInterrupt() if has_begun() else SystemExit(UNFINISHED))

    gevent.signal_handler(signal.SIGINT, interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # a terminal that is gone is no reason for `nohup`
        gevent.signal_handler(signal.SIGHUP, interrupt)
