"""A score card in a terminal: a line a race, then what was lost, with its story."""

import io

from rich.console import Console
from rich.table import Table
from rich.text import Text

from race401.harness.card.judging import RaceOutcome, Result
from race401.harness.card.races import RACES
from race401.harness.card.record import Card, again
from race401.harness.judge.counted import counted
from race401.harness.reporting.terminal import fitted

WIDTH = 118  # columns
STORY = 14  # lines of a story shown; the kept card has them all
COLOURS = {
    RaceOutcome.SURVIVED: "green",
    RaceOutcome.WASTEFUL: "yellow",
    RaceOutcome.LOST: "bold red",
    RaceOutcome.NOT_CLAIMED: "red",
    RaceOutcome.NOT_ASKED: "dim",
    RaceOutcome.NOT_EXERCISED: "dim",
    RaceOutcome.SILENT: "dim",
    RaceOutcome.BROKE: "bold red",
}
WITNESS = {
    1: "protocol 1: judged by the requests alone; what the app received is not known",
    2: "protocol 2: judged by the requests, and by what the app received",
}
ABOUT = {race.name: race.about for race in RACES}


def card(given: Card, *, called: str = "race401", width: int = WIDTH, color: bool = False) -> str:
    """Return the text, `called` being how to call race401; without colour it is plain, for files and pipes."""
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=color, no_color=not color, highlight=False)
    introduction = given.introduction
    language = f"({introduction.language})" if introduction.language else ""
    console.print(
        Text(" ".join(part for part in (introduction.client, introduction.version, language) if part), "bold")
    )
    console.print(Text(f"claims: {', '.join(introduction.claims) or 'none'}"))
    console.print(Text(f"{WITNESS[introduction.protocol]}\n"))
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("race", "", "what happened"):
        table.add_column(heading)
    for result in given.results:
        table.add_row(result.race, Text(result.outcome, COLOURS[result.outcome]), result.sentence)
        for claim in result.disproved:
            table.add_row("", Text("disproved", COLOURS[RaceOutcome.LOST]), claim)
    console.print(table)
    for result in given.results:
        shown = result.outcome in (RaceOutcome.NOT_CLAIMED, RaceOutcome.SILENT) or result.disproved
        if result.outcome is RaceOutcome.LOST or (shown and result.story):
            _lost(console, given, result, called)
    console.print(Text(f"\n{summary(given)}", "bold"))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def summary(given: Card) -> str:
    """Return the card in a sentence."""
    counts = {outcome: sum(result.outcome is outcome for result in given.results) for outcome in RaceOutcome}
    each = [f"{n} {outcome}" for outcome, n in counts.items() if n]
    each += ["claims disproved"] if any(result.disproved for result in given.results) else []
    races = counted(len(given.results), "race")
    return f"{given.introduction.client}: of {races} {', '.join(each)}; it took {given.took_s:g} s"


def _lost(console: Console, given: Card, result: Result, called: str) -> None:
    console.print(Text(f"\n{result.race}: {ABOUT.get(result.race, '')}", "bold"))
    for line in result.story[:STORY]:
        console.print(*map(Text, fitted(f"  {line}", console.width)), sep="\n")
    if len(result.story) > STORY:
        console.print(f"  ... {len(result.story) - STORY} more in the kept card")
    if result.race in given.introduction.explains:
        why = f"  why: {given.introduction.explains[result.race]}"
        console.print(*map(Text, fitted(why, console.width)), sep="\n")
    console.print(Text(f"  again: {called} {again(given, result)}"), soft_wrap=True)
