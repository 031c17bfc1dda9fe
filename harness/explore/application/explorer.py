"""
Every order in which an async client's requests can meet an app: explored, judged, told, and played again.

A scene is played once for each schedule, on a fresh loop and a fresh app. Schedules with the fewest deviations from
first come, first served come first, so that the first violation of a kind is also its simplest. Where there are
too many, random ones by priorities are tried instead, and what they find is shrunk.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from race401.harness.explore.application import judging, search, story
from race401.harness.explore.application.judging import Violation
from race401.harness.explore.application.loop import Bounds, Choice, Choose, ChosenLoop, Stuck
from race401.harness.explore.application.stage import Scene, Stage
from race401.harness.explore.application.transport import Explorable, LoopGates
from race401.harness.explore.application.virtual import Uncontrolled

DEPTHS = 4  # random schedules change priorities 0 to 3 times; few races need more ordered steps


class Application(Protocol):
    """Makes the app for one schedule, such as `mock_api.app.create_app`."""

    def __call__(self, *, gates: Any, clock: Callable[[], float]) -> Explorable:
        """Return an app that waits at these gates and lives by this clock."""
        ...


@dataclass(frozen=True, slots=True)
class Played:
    """One schedule, played; as text, an HTTP story and what was wrong with it."""

    choices: tuple[Choice, ...]
    violations: tuple[Violation, ...]

    def __str__(self) -> str:
        wrong = [f"{violation.kind}: {violation.sentence}" for violation in self.violations]
        return "\n".join([*story.sentences(self.choices), *(wrong or ["no violation"])])

    @property
    def schedule(self) -> bytes:
        """The choices alone."""
        return bytes(choice.index for choice in self.choices)

    @property
    def kinds(self) -> set[str]:
        """What kinds of violation it shows."""
        return {violation.kind for violation in self.violations}

    def trail(self, length: int) -> int:
        """Return a number that stands for what could happen, and what did, in so many first steps."""
        return hash(tuple((c.index, c.out_of, c.option.what, c.option.who) for c in self.choices[:length]))


@dataclass(frozen=True, slots=True)
class Counterexample:
    """The simplest schedule found that shows a kind of violation; as text, an HTTP story."""

    kind: str
    played: Played
    token: str  # `replay` plays it again

    def __str__(self) -> str:
        return f"{self.played}\nto replay it: {self.token!r}"


@dataclass(slots=True)
class Exploration:
    """What was tried, and what it showed."""

    bounds: Bounds
    schedules: int = 0  # that were played
    distinct: int = 0  # of them
    exhausted: bool = False  # there are no more within the bounds
    seconds: float = 0.0  # of CPU
    violating: Counter[str] = field(default_factory=Counter)  # schedules, by kind of violation
    counterexamples: dict[str, Counterexample] = field(default_factory=dict)  # by kind

    def __str__(self) -> str:
        headline = (
            f"{self.distinct} schedules, {'exhausted' if self.exhausted else 'not exhausted'} "
            f"(cancellations: {self.bounds.cancellations}, slowest answer: {self.bounds.patience:g} s), "
            f"{self.schedules / max(self.seconds, 1e-9):.0f} a CPU second: "
        )
        counts = ", ".join(f"{kind} in {n}" for kind, n in sorted(self.violating.items()))
        stories = {example.token: str(example) for example in self.counterexamples.values()}  # one may show several
        return "\n\n".join([headline + (counts or "no violation"), *stories.values()])


def explore(
    scene: Scene,
    application: Application,
    *,
    schedules: int = 10_000,
    sample: int = 0,
    seed: int = 401,
    cancellations: int = 0,
    patience: float = 10.0,
    expects: Mapping[str, str] | None = None,
    stop_at_first: bool = False,
) -> Exploration:
    """Play the scene in every order, but in no more than `schedules`; or (`sample`) in so many random ones.

    So many `cancellations` of callers happen in each, and no answer takes longer than `patience` s. `expects` changes
    what the ledger is held against, e.g. `{"exchanges_per_generation": "any"}`; see `judging`. Raises Uncontrolled
    if the client or the app does what cannot be ordered.
    """
    bounds = Bounds(cancellations, patience)
    found, begun, seen = Exploration(bounds), time.process_time(), set[bytes]()

    def play(choose: Choose) -> Played:
        return _play(scene, application, choose, bounds, expects or {})

    def enough(played: Played) -> bool:
        found.schedules += 1
        seen.add(played.schedule)
        for kind in sorted(played.kinds):
            found.violating[kind] += 1
            if kind not in found.counterexamples:
                found.counterexamples[kind] = _simplest(kind, played, play, bounds)
        return stop_at_first and bool(found.violating)

    if sample:
        _random(sample, seed, play, enough)
    else:
        found.exhausted = _every(schedules, play, enough)
    found.distinct, found.seconds = len(seen), time.process_time() - begun
    return found


def replay(
    scene: Scene,
    application: Application,
    token: str,
    *,
    patience: float = 10.0,
    expects: Mapping[str, str] | None = None,
) -> Played:
    """Play one schedule again; raises ValueError if the token is none, or is not of this scene."""
    schedule, cancellations = search.read_token(token)
    played = _play(scene, application, search.following(schedule), Bounds(cancellations, patience), expects or {})
    if played.schedule.rstrip(b"\0") != schedule:
        raise ValueError(f"{token!r} is of another scene: this one has no such choices")
    return played


def _every(most: int, play: Callable[[Choose], Played], enough: Callable[[Played], bool]) -> bool:
    """Play every schedule, fewest deviations first; return whether none is left."""
    waiting = deque([(b"", 0)])
    while waiting and most:
        prefix, trail = waiting.popleft()
        played = play(search.following(prefix))
        if prefix and played.trail(len(prefix) - 1) != trail:
            raise Uncontrolled(
                "the same choices led elsewhere the second time: something is left to chance or to the machine's "
                "clock; give the client the stage's clock, and a seed"
            )
        waiting += [(child, played.trail(len(child) - 1)) for child in search.children(prefix, played.choices)]
        most -= 1
        if enough(played):
            break
    return not waiting


def _random(sample: int, seed: int, play: Callable[[Choose], Played], enough: Callable[[Played], bool]) -> None:
    """Play random schedules by priorities."""
    first = play(search.following(b""))
    if enough(first):
        return
    for number in range(sample - 1):
        draw = Random(f"{seed}/{number}")  # noqa: S311 - a seed is the point
        if enough(play(search.prioritised(draw, len(first.choices), 1 + number % DEPTHS))):
            break


def _simplest(kind: str, played: Played, play: Callable[[Choose], Played], bounds: Bounds) -> Counterexample:
    """Take back every deviation that the violation does without."""

    def fails(schedule: bytes) -> bool:
        return kind in play(search.following(schedule)).kinds

    schedule = search.shrunk(played.schedule, fails)
    simplest = play(search.following(schedule))
    return Counterexample(kind, simplest, search.token(simplest.schedule, bounds.cancellations))


def _play(
    scene: Scene, application: Application, choose: Choose, bounds: Bounds, expects: Mapping[str, str]
) -> Played:
    loop = ChosenLoop(choose, bounds)  # type: ignore[abstract]  # what it lacks, it refuses
    app = application(gates=LoopGates(loop), clock=loop.clock)
    if not hasattr(app, "ledger"):
        raise TypeError("an app that keeps no ledger is put between gates: Gated(app, gates)")
    stage = Stage(loop, app)
    violations: list[Violation] = []
    try:
        loop.run(scene(stage))
    except Stuck as stuck:
        waiting = ", ".join(who for who in stage.callers if who not in stage.outcomes) or "the scene itself"
        violations.append(Violation("deadlock", f"{stuck}, and still waiting: {waiting}"))
    except AssertionError as error:
        violations.append(Violation("assertion", str(error) or "the scene's own assertion does not hold"))
    finally:
        loop.end()
    violations += judging.by_callers(stage, loop.choices)
    violations += judging.by_ledger(app.ledger.entries, expects)
    violations += [Violation("unhandled", what) for what in loop.unhandled]
    return Played(tuple(loop.choices), tuple(violations))
