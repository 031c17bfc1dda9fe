"""`race401 ablate`: which part of the fix does what, by exploring every schedule with and without it."""

import signal
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from race401.harness.commands.effects import tabulate
from race401.harness.commands.errors import CommandError
from race401.harness.commands.outputs import keep
from race401.harness.explore.core.ablation import Case, Condition, Row, ablate
from race401.harness.explore.core.scenario import Scenario
from race401.harness.explore.core.search import Search
from race401.harness.explore.core.stage import Stage
from race401.harness.reporting import ablation, progress, terminal
from race401.harness.reporting.ablation import Ablation, Effect
from race401.harness.reporting.answer import Answer
from race401.mock_api.rules import issuer
from race401.mock_api.rules.worlds import WORLDS

PRINTED = Path("-")
TABLE = 124  # columns that the table of three clients needs to be read
STYLES = {"prevents": "green", "causes": "bold red", "needs": "bold", "hidden by": "bold", "not needed": "bold"}


def add(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--kept", action="store_true", help="show what was found when the package was made, without exploring"
    )
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table as Markdown")
    parser.add_argument(
        "--json",
        type=Path,
        nargs="?",
        const=PRINTED,
        metavar="FILE",
        help="print the rows as JSON instead, or write them into FILE",
    )
    parser.add_argument("--quiet", action="store_true", help="print no table: only what each part is there for")
    parser.add_argument(
        "--table", type=Path, metavar="FILE", help=f"write what reports show, as in {ablation.KEPT.name}"
    )


def run(given: Namespace) -> int:
    """Explore, and show the table; nothing is judged, so the exit code is 0."""
    console = Console(width=terminal.width(), no_color=not terminal.has_colour(), highlight=False)
    if given.kept and given.json:
        raise CommandError("--json writes rows, which only exploring finds: leave out --kept")
    rows = [] if given.kept else ablate(explore, each=in_processes)
    table = ablation.stored_table() if given.kept else tabulate(rows)
    reply = Answer("ablate", None, table.groups[0].answer[0], beside={"rows": [_plain(row) for row in rows]})
    if given.json == PRINTED:
        print(reply.json())
    elif given.quiet:
        console.print(*(line for group in table.groups for line in group.answer), sep="\n")
    else:
        show(console, table)
    if given.markdown:
        keep(given.markdown, ablation.markdown(table))
    if given.json not in (None, PRINTED):
        keep(given.json, reply.json() + "\n")
    if given.table:
        keep(given.table, ablation.to_json(table))
    return 0


def explore(condition: Condition, scenario: Scenario) -> Iterable[str]:
    """Return what is wrong in any schedule of the scenario."""
    world = WORLDS[condition.world]
    if condition.lifetime is not None:
        world = replace(world, lifetime=condition.lifetime)
    return list(Search(Stage(scenario, world, issuer)).run().found)


def in_processes(do: Callable[[Case], Iterable[str]], cases: list[Case]) -> Iterable[Iterable[str]]:
    """Do them in as many processes as there are cores; on a terminal, say how far it is."""
    with get_context("spawn").Pool(initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)) as pool:
        for n, done in enumerate(pool.imap(do, cases, chunksize=4), start=1):
            progress.show(f"explored {n} of {len(cases)}")
            yield done
        progress.clear()


def show(console: Console, table: Ablation) -> None:
    """Print it, what it shows first."""
    for group in table.groups:
        console.print(Text(group.title, style="bold"), *group.answer, "", sep="\n")
    console.print(table.method, "", sep="\n")
    for title, lines in (("Conditions", table.conditions), ("What can go wrong", table.faults)):
        legend = Table(title, "", box=None, pad_edge=False)
        for line in lines:
            legend.add_row(*line)
        console.print(legend, "")
    for group in table.groups:
        if console.width < TABLE:
            console.print(*_blocks(table, group), "", sep="\n")
            continue
        asked = ablation.asked(group)
        drawn = Table(
            "part", *(table.clients[n] for n in asked), title=group.title, title_justify="left", show_lines=True
        )
        for part in group.parts:
            head = Text.assemble((part.name, "bold"), f"\n{part.about}\n", (part.knob, "dim"))
            drawn.add_row(head, *(Group(*map(_line, part.cells[n])) for n in asked))
        console.print(drawn, "")
    console.print(*table.left_out, sep="\n")


def _blocks(table: Ablation, group: ablation.Group) -> Iterator[RenderableType]:
    """Yield a block for each part: what it is, then what it does in each client."""
    yield Text(group.title, style="bold")
    for part in group.parts:
        yield Text.assemble("\n", (part.name, "bold"), ("  " + part.knob, "dim"), f"\n  {part.about}")
        for n in ablation.asked(group):
            if part.cells[n]:
                yield Padding(Group(Text(table.clients[n], "dim"), *map(_line, part.cells[n])), (0, 0, 0, 2))


def _line(effect: Effect) -> Text:
    return Text.assemble((effect.verb, STYLES.get(effect.verb, "dim")), " " if effect.verb else "", effect.text)


def _plain(row: Row) -> dict[str, object]:
    return {**asdict(row), "appears": sorted(row.appears), "disappears": sorted(row.disappears)}
