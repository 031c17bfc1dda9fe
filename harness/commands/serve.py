"""`race401 serve`: serve the mock, to point any client at; a line of counts as they come, Ctrl-C to end."""

import signal
import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from typing import TYPE_CHECKING

from race401.harness.commands import tls
from race401.harness.commands.errors import CommandError
from race401.harness.reporting import terminal
from race401.harness.reporting.progress import CLEAR, cut
from race401.mock_api.process.options import add_options

if TYPE_CHECKING:
    from race401.mock_api.ledger import Ledger
    from race401.mock_api.process.serving import Serving

PORT = 8401


def add(parser: ArgumentParser) -> None:
    """Declare the options."""
    add_options(parser, PORT)
    tls.add(parser)


def run(given: Namespace) -> int:
    """Serve until Ctrl-C."""
    if given.tls is not None and given.store is not None:
        raise CommandError("--tls: its certificates are in the memory of one process; leave out --store")
    with tls.spoken(given.tls, given.host) as spoken:
        return _serve(given, spoken)


def _serve(given: Namespace, spoken: "tls.Tls | None") -> int:
    from race401.mock_api.process.serving import ServingError, prepare  # wrong usage should not wait for a server

    try:
        serving = prepare(given, None if spoken is None else spoken.context)
    except ServingError as error:
        raise CommandError(str(error)) from None

    ledger = serving.ledger
    if ledger is None:
        serving.server(announcement(serving, given, spoken)).serve_until_ended()
        return 0

    async def show() -> None:
        print(f"{CLEAR}{cut(counts(ledger), terminal.columns_of(sys.stdout))}", end="", flush=True)

    live = sys.stdout.isatty()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # uvicorn sends it once more: certificates go with us
    serving.server(announcement(serving, given, spoken), show if live else None).serve_until_ended()
    print(CLEAR if live else "", end="")
    print(terminal.fit(counts(ledger)))
    return 0


def announcement(serving: "Serving", given: Namespace, spoken: "tls.Tls | None" = None) -> str:
    """Return what a newcomer needs to know."""
    lines = [
        serving.announcement,
        "",
        f"A Supabase client takes {serving.url} as its URL, and any key. Each may have a path of its own,",
        f"{serving.url}/~NAME or {serving.url}/WORLD/~NAME. {where_the_ledger_is(serving, given)}",
    ]
    lines += [f"armed: {program}" for program in given.program or ()]
    if spoken is not None:
        lines += ["", *spoken.trust_lines]
    if serving.exposed:
        steered = "whoever has the key" if given.control_key else "nobody from elsewhere"
        lines += ["", "EXPOSED: whoever reaches this address can sign up, sign in and read test accounts;"]
        lines += [f"it can be steered from this machine, and by {steered}."]
    return terminal.fit("\n".join([*lines, ""]))


def where_the_ledger_is(serving: "Serving", given: Namespace) -> str:
    """Return where what happened is to be read."""
    from race401.ledger.visible import anonymous

    if serving.ledger is not None:
        return f"What happened: {serving.url}/_race401/ledger"
    processes = f"Processes: {serving.workers}, over {anonymous(given.store)}."
    return processes + (f" What happened: race401 judge {given.ledger}" if given.ledger else " No --ledger is kept.")


def counts(ledger: "Ledger") -> str:
    """Return what the mock has seen, in one line."""
    from race401.harness.commands import traffic

    seen: Counter[traffic.Answered] = Counter()
    for (_, _, status, cause, outcome), n in ledger.counts.copy().items():
        seen[status, cause, outcome] += n
    return traffic.line(seen)
