"""
`race401`: the command line, and the one place that puts the two sides together.

Exit codes: 0 PASS, 1 FAIL, 3 UNKNOWN, 2 wrong usage, 4 internal error.
"""

import atexit
import errno
import gc
import importlib
import sys
import traceback
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from typing import NoReturn

from race401.harness.commands import COMMANDS
from race401.harness.commands.errors import CommandError

ABOUT = "Make the 401 race happen, prove where it can and cannot happen, and judge runs, ledgers and clients."
CODES = "Exit codes: 0 PASS, 1 FAIL, 3 UNKNOWN, 2 wrong usage, 4 internal error."
NO_ROOM = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EIO, errno.EBADF})  # for what is printed
USAGE, UNKNOWN, INTERNAL = 2, 3, 4  # exit codes
SELDOM = 20_000  # new objects between two looks for garbage; Python's own 700 cost a quarter of a start


class Parser(ArgumentParser):
    """Answers wrong usage with one line instead of all that would have been right."""

    def error(self, message: str) -> NoReturn:
        """Exit with 2."""
        from race401.harness.reporting.terminal import fit

        word = message.removeprefix("unrecognized arguments: ").partition(" ")[0].partition("=")[0]
        meant = _near(word, self._option_string_actions) if word.startswith("--") else ""
        self.exit(USAGE, fit(f"{self.prog}: {message}; {meant}see {self.prog} --help\n", sys.stderr))


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code. Without `arguments` they are this process's, which ends with it."""
    from race401.harness.reporting.streams import mend, print_to, silence

    if arguments is None:
        gc.set_threshold(SELDOM)
        atexit.register(gc.freeze)  # all goes with the process: nobody looks through it once more
    mend()
    words = sys.argv[1:] if arguments is None else arguments
    try:
        code = _command(*words) if words and not words[0].startswith("-") else _about(words)
        sys.stdout.flush()
    except CommandError as error:
        print_to(f"race401: {error}")
        return USAGE
    except KeyboardInterrupt:
        print_to("race401: interrupted")
        return UNKNOWN
    except BrokenPipeError:  # `| head`: whoever read has seen enough
        silence(sys.stdout)
        return UNKNOWN
    except Exception as error:  # noqa: BLE001 - the last line of defence
        if isinstance(error, OSError) and error.filename is None and error.errno in NO_ROOM:
            silence(sys.stdout)
            print_to(f"race401: standard output: {error.strerror}")
            return UNKNOWN
        print_to(f"{traceback.format_exc()}race401: internal error: please report it, with what was asked for")
        return INTERNAL
    return code


def _command(name: str, *words: str) -> int:
    """Run the command of that name; nothing of any other is imported."""
    if name not in COMMANDS:
        raise CommandError(f"there is no command {name!r}; {_nearest(name)}")
    module = importlib.import_module(f"race401.harness.commands.{name}")
    parser = Parser(f"race401 {name}", description=module.__doc__)
    module.add(parser)
    code: int = module.run(parser.parse_args(words))
    return code


def _about(words: list[str]) -> int:
    """Tell the commands, or the version, and import none. No word at all asks for nothing, so it is no PASS."""
    parser = Parser("race401", description=ABOUT, epilog=CODES)
    parser.add_argument("--version", action="store_true", help="show the version and exit")
    commands = parser.add_subparsers(metavar="COMMAND")
    for name, about in COMMANDS.items():
        commands.add_parser(name, help=about)
    given: Namespace = parser.parse_args(words)
    if given.version:
        from importlib.metadata import version

        print(f"race401 {version('race401')}")
        return 0
    parser.print_help()
    return USAGE


def _nearest(name: str) -> str:
    """Return which command may have been meant, or all of them."""
    return _near(name, COMMANDS).rstrip() or f"there are {', '.join(COMMANDS)}"


def _near(word: str, known: Iterable[str]) -> str:
    """Return which known word may have been meant, with a space behind it; empty: none."""
    from difflib import get_close_matches

    near = get_close_matches(word.lower(), known, n=1)
    return f"did you mean {near[0]}? " if near else ""


if __name__ == "__main__":
    sys.exit(main())
