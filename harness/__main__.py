"""
`race401`: the command line, and the one place that puts the two sides together.

Exit codes: 0 PASS, 1 FAIL, 3 UNKNOWN, 2 wrong usage, 4 an error of ours.
"""

import argparse
import importlib
import os
import sys
import traceback

from race401.harness.commands.errors import CommandError

COMMANDS = (
    *("burst", "judge", "report", "compare", "bless", "watch", "card", "scoreboard", "proxy"),
    *("serve", "worlds", "explore", "replay", "ablate"),
)
ABOUT = "Make the 401 race happen, prove where it can and cannot, judge runs, ledgers and clients by it."
CODES = "Exit codes: 0 PASS, 1 FAIL, 3 UNKNOWN, 2 wrong usage, 4 an error of ours."
USAGE, UNKNOWN, INTERNAL = 2, 3, 4  # exit codes


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        given = _parser(words).parse_args(words)
        code: int = given.run_command(given)
        sys.stdout.flush()
    except CommandError as error:
        print(f"race401: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("race401: interrupted", file=sys.stderr)
        return UNKNOWN
    except BrokenPipeError:  # `| head`: whoever read has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNKNOWN
    except Exception:  # noqa: BLE001 - the last line of defence
        traceback.print_exc()
        print("race401: this is an error of ours, not of yours", file=sys.stderr)
        return INTERNAL
    return code


def _parser(words: list[str]) -> argparse.ArgumentParser:
    """Return the parser; only the command that was asked for is imported, unless help was."""
    from importlib.metadata import version  # here, where Ctrl-C is caught: it takes longest

    parser = argparse.ArgumentParser("race401", description=ABOUT, epilog=CODES)
    parser.add_argument("--version", action="version", version=f"race401 {version('race401')}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    asked = next((word for word in words if not word.startswith("-")), None)
    for name in COMMANDS:
        if asked in COMMANDS and name != asked:
            continue
        module = importlib.import_module(f"race401.harness.commands.{name}")
        command = commands.add_parser(name, help=module.ABOUT, description=module.__doc__)
        module.add(command)
        command.set_defaults(run_command=module.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
