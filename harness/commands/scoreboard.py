"""`race401 scoreboard`: clients by races, from stored score cards; `--run` makes the cards anew first."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from race401.harness.commands.errors import CommandError
from race401.harness.reporting import terminal

CARDS = Path("reports/cards")


def add(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--run", action="store_true", help="run every client of the list, and keep its card")
    parser.add_argument(
        "--clients", type=Path, default=Path("drivers/clients.txt"), help="the list: a command a line"
    )
    parser.add_argument("--cards", type=Path, default=CARDS, help=f"where cards are kept ({CARDS})")
    parser.add_argument("--markdown", type=Path, default=Path("docs/scoreboard.md"))
    parser.add_argument("--html", type=Path, default=Path("docs/scoreboard.html"))


def run(given: Namespace) -> int:
    """Write both pages. A loss is the client's, so that the exit code is 0."""
    # with httpx and what draws pages: wrong usage should not wait for them
    from race401.harness.card import scoreboard
    from race401.harness.commands.boards import made_board, stored_board

    try:
        commands = [line for line in given.clients.read_text().splitlines() if line and not line.startswith("#")]
    except OSError as error:
        raise CommandError(f"{given.clients}: {error.strerror}") from None
    board = made_board(commands, given.cards) if given.run else stored_board(commands, given.cards)
    if not board.cards:
        raise CommandError(f"{given.cards} holds no card; --run makes them")
    for path, text in ((given.markdown, scoreboard.markdown), (given.html, scoreboard.page)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(board.cards, board.missing))
        print(f"written: {path}")
    for name in board.missing:
        print(terminal.fit(f"not run: {name}"))
    return 0
