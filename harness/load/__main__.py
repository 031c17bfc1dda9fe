"""`python -m race401.harness.load`: locust, which Ctrl-C ends without a word before there is a run to show."""

import gc
import signal
import sys

from race401.harness.load import help  # noqa: A004 - it is what the word says
from race401.harness.load.interrupt import end_at_once
from race401.harness.reporting.streams import mend, print_to

UNKNOWN = 3  # exit code


def main() -> None:
    """Become locust."""
    signal.signal(signal.SIGINT, end_at_once)  # until `preparing` has a better one
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # the command blocked it while Python started
    sys.argv[0] = "race401 burst"
    if help.asked(sys.argv):
        mend()
        shown = help.text(sys.argv[sys.argv.index("-f") + 1]).removesuffix("\n")
        why = print_to(shown, sys.stdout)
        if why is not None and not isinstance(why, BrokenPipeError):  # `| head`: whoever read has seen enough
            print_to(f"race401: standard output: {why.strerror}")
            sys.exit(UNKNOWN)
        return
    sys.argv = help.spelled(sys.argv)
    gc.disable()  # nothing of locust is garbage, and looking for some is a fifth of its import
    from locust.main import main as locust

    gc.freeze()
    gc.enable()
    locust()


if __name__ == "__main__":
    main()
