"""`race401 burst --help`: our own options first. locust prints its help before it has read the locustfile."""

import runpy
from argparse import Action, ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from typing import Any

from race401.harness.load.options import add_options

ALL = "--help-all"
FORMS = {"--json": ("json", "as JSON"), "--quiet": ("line", "in one line")}  # as our other commands say it
LOCUSTS = frozenset({"include_in_web_ui", "is_secret", "env_var"})  # what only locust's parser takes of an option
MORE = """\
of locust's options: -u N browsers, -r N of them started a second, -t 20s,
--processes N, --master, --worker; all of them: race401 burst --help-all
of another scenario, or with locust's own words: locust -f scenarios/burst.py"""


class Options(ArgumentParser):
    """Takes options as they are declared to locust."""

    def add_argument(self, *names: Any, **how: Any) -> Action:
        """See argparse."""
        return super().add_argument(*names, **{name: value for name, value in how.items() if name not in LOCUSTS})


def asked(words: Sequence[str]) -> bool:
    """Whether somebody wants our help, and not all of locust's."""
    return bool({"--help", "-h"}.intersection(words)) and ALL not in words


def spelled(words: Sequence[str]) -> list[str]:
    """Return the words as locust takes them; its own `--json` is another."""
    forms = {word: f"--verdict-as={form[0]}" for word, form in FORMS.items()} | {ALL: "--help"}
    return [forms.get(word, word) for word in words]


def text(locustfile: str) -> str:
    """Return the help of a scenario's options; it is read as data."""
    parser = Options(
        usage="race401 burst [OPTIONS]",
        add_help=False,
        epilog=MORE,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("-h", "--help", action="store_true", help="show this")
    for word, form in FORMS.items():
        parser.add_argument(word, action="store_true", help=f"print the verdict {form[1]}, and nothing else")
    parser.add_argument("--web", action="store_true", help="in locust's web UI; its form offers a load that runs")
    parser.add_argument(ALL, action="store_true", help="show all of locust's options")
    add_options(parser, runpy.run_path(locustfile)["SCENARIO"])
    return parser.format_help()
