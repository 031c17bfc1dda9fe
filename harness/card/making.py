"""A client's card, made: the driver says who it is, and runs one race after another, a few at a time."""

import shlex
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from race401.harness.card import course, judging
from race401.harness.card.driver import Driver, DriverFailed
from race401.harness.card.mock import Mocks
from race401.harness.card.race import ABILITIES, CLAIMS, Race
from race401.harness.card.races import RACES
from race401.harness.card.record import Card, Introduction

NOWHERE = "http://127.0.0.1:9"  # nobody asks before `sign-in`
PROTOCOLS = (1, 2)
LANES = 3  # races at a time, each with a mock and a driver of its own: they mostly wait


class NoDriver(Exception):
    """The program can't be driven; the message says why."""


def make(
    command: Sequence[str],
    races: Sequence[Race],
    world: str | None,
    worlds: Collection[str],
    settings: tuple[str, ...] = (),
    on_progress: Callable[[int, Race], None] | None = None,
    mocks: Mocks | None = None,
) -> Card:
    """Return the card of the client behind this command; raises NoDriver.

    `world` is where it races, of those that the mock has (`worlds`, with these settings of its own); None: where the
    client says it belongs. `on_progress` hears how many races are over, and which was the last. `mocks` are lent, and
    go on; None: it starts its own.
    """
    began_at = time.monotonic()
    with (
        Mocks() if mocks is None else nullcontext(mocks) as lent,
        ThreadPoolExecutor(LANES) as lanes,
        TemporaryDirectory(prefix="race401-card-") as path,
    ):
        folder = Path(path)
        introduction = hello(command, folder)
        _check(introduction, worlds)

        def one(race: Race) -> judging.Result:
            where = race.world or world or introduction.world
            if (unable := judging.unable(race, where, introduction.can)) is not None:
                return unable
            with lent.one((*race.settings, *settings)) as mock:
                return judging.judge(
                    course.run(race, where, mock, command, folder, introduction.protocol), introduction.claims
                )

        running = {lanes.submit(one, race): race for race in races}
        for done, over in enumerate(as_completed(running), start=1):
            if on_progress is not None:
                on_progress(done, running[over])
        results = [each.result() for each in running]
    took = round(time.monotonic() - began_at, 1)
    return Card(introduction, shlex.join(command), version("race401"), results, took, world or introduction.world)


def _check(introduction: Introduction, worlds: Collection[str]) -> None:
    """Raise NoDriver for a word that nobody knows: a mistyped claim would be none, and excuse its losses."""
    for said, words, known in (
        ("it speaks protocol", [introduction.protocol], PROTOCOLS),
        ("it names the world", [introduction.world], worlds),
        ("it claims", introduction.claims, CLAIMS),
        ("it says that it can", introduction.can, ABILITIES),
    ):
        for word in words:
            if word not in known:
                raise NoDriver(f"{said} {word!r}; known: {', '.join(map(str, known))}")


def merged(older: Card, newer: Card) -> Card:
    """Return the newer card, with what the older says of the races that the newer has not; in the card's order."""
    results = {result.race: result for result in (*older.results, *newer.results)}
    return msgspec.structs.replace(newer, results=[results[race.name] for race in RACES if race.name in results])


def hello(command: Sequence[str], folder: Path) -> Introduction:
    """Return what the driver says of its client; raises NoDriver."""
    try:
        with Driver(command, course.environment(NOWHERE), folder / "hello.log") as driver:
            answer = driver.ask("hello")
    except DriverFailed as failure:
        raise NoDriver(str(failure)) from None
    try:
        return msgspec.json.decode(answer, type=Introduction)
    except msgspec.DecodeError as error:
        want = '{"client": "its name", "claims": []}'
        raise NoDriver(f"it answered `hello` with {answer!r} ({error}); expected e.g. {want}") from None
