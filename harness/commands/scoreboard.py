"""
`race401 scoreboard`: clients by races, from stored score cards; `--servers`: servers by behaviours, from stored
probes. `--run` makes them anew first.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from race401.harness.commands.errors import CommandError
from race401.harness.reporting import terminal

CARDS = Path("reports/cards")
SERVERS = Path("servers/servers.toml")
PROBES = Path("reports/servers")


def add(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--run", action="store_true", help="run all of the list, and keep the cards, or the probes")
    parser.add_argument(
        "--servers",
        action="store_true",
        help=f"servers by behaviours instead, those of {SERVERS} (after make servers)",
    )
    parser.add_argument(
        "--only",
        action="append",
        metavar="NAME",
        help="with --run: this server, or the clients with this in their command; may be repeated",
    )
    parser.add_argument(
        "--race", action="append", metavar="NAME", help="of clients, with --run: only this one; likewise"
    )
    parser.add_argument(
        "--clients", type=Path, default=Path("drivers/clients.txt"), help="the list: a command a line"
    )
    parser.add_argument("--cards", type=Path, help=f"where cards are kept ({CARDS}; of servers {PROBES})")
    parser.add_argument("--markdown", type=Path, help="docs/scoreboard.md, or docs/servers.md, between its markers")
    parser.add_argument("--html", type=Path, help="docs/scoreboard.html, or docs/servers.html")


def run(given: Namespace) -> int:
    """Write both pages. A loss is the client's, and what a server does is its own: the exit code is 0."""
    if given.only and not given.run:
        raise CommandError("--only: expected with --run")
    if given.race and (given.servers or not given.run):
        raise CommandError("--race: expected with --run, and of clients")
    return _servers(given) if given.servers else _clients(given)


def _clients(given: Namespace) -> int:
    # with httpx and what draws pages: wrong usage should not wait for them
    from race401.harness.card import scoreboard
    from race401.harness.commands.boards import Board, made_board, stored_board
    from race401.harness.commands.card import chosen

    try:
        commands = [line for line in given.clients.read_text().splitlines() if line and not line.startswith("#")]
    except OSError as error:
        raise CommandError(f"{given.clients}: {error.strerror}") from None
    folder = given.cards or CARDS
    only = [each for each in commands if not given.only or any(name in each for name in given.only)]
    if not only:
        raise CommandError(f"--only {given.only[0]}: no command of {given.clients} has this in it")
    races = chosen(given.race)
    made = made_board(only, folder, races) if given.run else Board([], [])
    whole = made.cards and len(only) == len(commands) and given.race is None
    board = made if whole else stored_board(commands, folder)
    if not whole:
        board.missing.extend(made.missing)
    if not board.cards:
        raise CommandError(f"{folder} holds no card; --run makes them")
    _place(given.markdown or Path("docs/scoreboard.md"), "clients", scoreboard.markdown(board.cards, board.missing))
    _write(given.html or Path("docs/scoreboard.html"), scoreboard.page(board.cards, board.missing))
    for name in board.missing:
        print(terminal.fit(f"not run: {name}"))
    return 0


def _servers(given: Namespace) -> int:
    from race401.harness.commands.server_board import made, stored_probes
    from race401.harness.probe import scoreboard
    from race401.harness.probe.servers import ListError, load

    try:
        servers = load(SERVERS)
    except OSError as error:
        raise CommandError(f"{SERVERS}: {error.strerror}; the list is in a clone, and so is what it starts") from None
    except ListError as error:
        raise CommandError(str(error)) from None
    if unknown := sorted(set(given.only or ()) - servers.keys()):
        raise CommandError(f"--only {unknown[0]}: expected one of {', '.join(servers)}")
    folder = given.cards or PROBES
    missing = {}
    if given.run:
        missing = made({name: servers[name] for name in given.only or servers}, SERVERS.parent, folder)
    known = scoreboard.entries(servers, stored_probes(servers, folder))
    if not known:
        raise CommandError(f"{folder} holds no probe; --run makes them, after make servers")
    names = {entry.evidence.name for entry in known}
    lacking = [f"{name}: {missing.get(name, 'there is no probe of it')}" for name in servers if name not in names]
    _place(given.markdown or Path("docs/servers.md"), "servers", scoreboard.markdown(known, lacking))
    _write(given.html or Path("docs/servers.html"), scoreboard.page(known, lacking))
    for name, why in missing.items():
        print(f"not probed: {name}: {why}")
    return 0


def _place(path: Path, what: str, part: str) -> None:
    from race401.harness.reporting.placed import placed

    _write(path, placed(path.read_text() if path.exists() else "", what, part))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    print(f"written: {path}")
