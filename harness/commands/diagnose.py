"""`race401 diagnose FILE...`: read what is left of an incident (HARs, logs, ledgers) and say what it shows."""

import contextlib
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from race401.harness.commands.errors import CommandError
from race401.harness.commands.outputs import keep
from race401.harness.judge.findings import Finding, Value
from race401.harness.judge.verdict import EXIT_CODES
from race401.harness.reporting import answer, terminal
from race401.harness.reporting import progress as bar
from race401.harness.reporting.answer import Answer
from race401.harness.reporting.streams import print_line, print_to
from race401.ledger.dialects.files import DialectError, named
from race401.ledger.fingerprints import Fingerprints, KeyFileError, from_key_file

if TYPE_CHECKING:
    from race401.harness.incident.diagnosis import Diagnosis
    from race401.harness.incident.evidence import Evidence
    from race401.harness.incident.hand_over import Source
    from race401.harness.incident.mechanisms.mechanism import Mechanism
    from race401.harness.incident.readers.reader import How
    from race401.ledger.dialects.dialect import Dialect

LARGE = 16_777_216  # bytes of a file that takes long enough to be told of
STEP = 10  # percent, where no terminal can show a line again
LEDGER = "ledger.jsonl"


def add(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "files",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="a HAR, a ledger, an access log, the auth server's events, ...; several are joined on one clock",
    )
    parser.add_argument(
        "--dialect",
        action="append",
        metavar="NAME|FILE",
        help="how the system says things: see race401 dialects, or a TOML file (default: recognised by its words)",
    )
    parser.add_argument(
        "--token-path", action="append", metavar="PATH", help="a token endpoint that no dialect names"
    )
    parser.add_argument(
        "--key-file", type=Path, metavar="FILE", help="the key of a ledger, so that a HAR joins it by its tokens"
    )
    parser.add_argument(
        "--format", metavar="STRING", help="of access logs: nginx's log_format or Apache's LogFormat, as configured"
    )
    parser.add_argument(
        "--mapping", type=Path, metavar="FILE", help="of JSON lines of no known kind: which field says what, in TOML"
    )
    parser.add_argument(
        "--unmasked", action="store_true", help="show e-mail addresses and the values of queries (never tokens)"
    )
    answer.add(parser)
    outputs = parser.add_argument_group("what to write, besides")
    outputs.add_argument("--page", type=Path, metavar="FILE", help="one HTML page, with the worst moment drawn")
    outputs.add_argument(
        "--guard",
        type=Path,
        metavar="DIR",
        help="pytest files there that keep out what is shown; they run as they are",
    )
    outputs.add_argument(
        "--scenario", type=Path, metavar="DIR", help="files there that play it with race401's clients"
    )


def run(given: Namespace) -> int:
    """Read the files, and say what they show."""
    from race401.harness.incident.answering import lines
    from race401.harness.incident.diagnosis import diagnose

    found = diagnose(read(given))
    width, colour = terminal.width(), terminal.has_colour()
    value = Value.FAIL if found.standing("shown") else Value.UNKNOWN
    if given.form == "text":
        for line, look in lines(found):
            for part in terminal.fitted(line, width):
                print_line(terminal.painted(part, look, on=colour))
    else:
        signs = {mechanism.name: asdict(sign) for mechanism, sign in found.ordered()}
        reply = Answer("diagnose", value, found.answer, _findings(found), {"mechanisms": signs})
        print_line(answer.render(reply, given.form, str))
    with contextlib.nullcontext() if given.form == "text" else contextlib.redirect_stdout(sys.stderr):
        write(given, found)
    return EXIT_CODES[value]


def _findings(found: "Diagnosis") -> list[Finding]:
    """Return what is shown, and what fits, each as a finding."""
    values = {"shown": Value.FAIL, "consistent": Value.UNKNOWN}
    return [
        Finding(mechanism.name, values[sign.standing], sign.says, rows=list(sign.rows))
        for mechanism, sign in found.standing("shown", "consistent")
    ]


def write(given: Namespace, found: "Diagnosis") -> None:
    """Write what was asked for, and say where it is."""
    if given.page is not None:
        from race401.harness.incident import page

        keep(given.page, page.render(found))
        print_line(f"\npage: {given.page}")
    if given.guard is not None:
        from race401.harness.incident import guard

        hand_over(found, "guard", given.guard, guard.source, "test_", lambda _: f"pytest {given.guard}")
    if given.scenario is not None:
        from race401.harness.incident import scenario

        hand_over(found, "scenario", given.scenario, scenario.source, "", scenario.runs)


def hand_over(
    found: "Diagnosis", what: str, folder: Path, source: "Source", prefix: str, runs: "Callable[[Mechanism], str]"
) -> None:
    """Write a file for each mechanism into the folder, beside what is there, and say what runs each."""
    from race401.harness.incident import hand_over

    handed = hand_over.hand_over(found, source, prefix)
    if there := next((folder / name for name in handed if (folder / name).exists()), None):
        raise CommandError(f"{there}: it is there already, and is kept; remove it, or name another folder")
    print_line("")
    by_command: dict[str, list[Path]] = {}
    for name, (mechanism, text) in handed.items():
        keep(folder / name, text)
        by_command.setdefault(runs(mechanism), []).append(folder / name)
    for command, files in by_command.items():
        for file in files:
            print_line(f"{what}: {file}")
        print_line(f"run it: {command}")
    if not handed:
        print_line(f"{what}: none, since nothing is shown and nothing fits")


def read(given: Namespace) -> "Evidence":
    """Return all that the files tell."""
    from race401.harness.incident.gathering import gather
    from race401.harness.incident.readers.reader import ReadingError

    paths = [path / LEDGER if (path / LEDGER).is_file() else path for path in given.files]
    try:
        return gather(paths, how(given), unmasked=given.unmasked, progress=progress)
    except ReadingError as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}") from None


def how(given: Namespace) -> "How":
    """Return how they are to be read."""
    from race401.harness.incident.readers import mapping
    from race401.harness.incident.readers.reader import How, ReadingError

    try:
        key = Fingerprints() if given.key_file is None else _key(given.key_file)
        told = None if given.mapping is None else mapping.load(given.mapping)
    except ReadingError as error:
        raise CommandError(str(error)) from None
    return How(fingerprints=key, dialects=_dialects(given), format=given.format, mapping=told)


def progress(path: Path) -> Callable[[int, int], None]:
    """Return what tells how far a large file is read, on standard error."""
    shown = -1

    def show(done: int, size: int) -> None:
        nonlocal shown
        percent = 100 if not size else min(100, done * 100 // size)
        if size < LARGE or percent == shown or (not sys.stderr.isatty() and percent % STEP):
            return
        shown = percent
        line = f"reading {path}: {percent} % of {size // 1_000_000} MB"
        if not sys.stderr.isatty():
            print_to(line)
        elif percent < 100:  # noqa: PLR2004 - of a hundred
            bar.show(line)
        else:
            bar.clear()

    return show


def _key(path: Path) -> Fingerprints:
    if not path.exists():
        raise CommandError(
            f"--key-file {path}: there is no such file; name the one that the ledger was recorded with"
        )
    try:
        return from_key_file(path)
    except KeyFileError as error:
        raise CommandError(f"--key-file {error}") from None
    except OSError as error:
        raise CommandError(f"--key-file {path}: {error.strerror}") from None


def _dialects(given: Namespace) -> "list[Dialect] | None":
    from race401.harness.commands.proxy import spoken

    if given.dialect is None and given.token_path is None:
        return None
    try:
        for name in given.dialect or []:
            named(name)
    except DialectError as error:
        raise CommandError(f"--dialect {error}") from None
    return spoken(given.dialect, given.token_path)
