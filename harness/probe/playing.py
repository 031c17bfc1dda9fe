"""Plays sequences with a server. Whoever sends is behind `Server`, so that a model of a server will do as well."""

import heapq
import itertools
from collections.abc import Sequence as Listed
from typing import NamedTuple, Protocol

from race401.harness.probe.answers import SKIPPED, Answer, Trial
from race401.harness.probe.sequences import AGAIN, OTHER, Pause, Refresh, Sequence, SignIn, Step, Use, delayed

LADDER = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)  # s; where the end of an interval is looked for first
FINER = 7  # sessions side by side within what is left: each round divides it by eight
OTHER_LIVES = f"alive {OTHER}"
CLOSE = 0.5  # s; near enough to the end of an interval


class Pair(NamedTuple):
    """The tokens that a client has."""

    refresh: str
    access: str


class Server(Protocol):
    """Sends, and keeps the time. Raises `Gone` where there is nobody any more."""

    def now(self) -> float:
        """Return the time in s, on a clock that never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let so many s pass."""
        ...

    async def sign_in(self) -> Pair:
        """Begin a session that nobody had before."""
        ...

    async def send(self, steps: Listed[tuple[Step, Pair]]) -> list[tuple[Answer, Pair | None]]:
        """Send these at once, each with the pair it names; return each one's answer, and the pair that it brought."""
        ...


class Gone(Exception):
    """The server goes away in the middle; the message says when."""


class Course:
    """One session on its way through a sequence."""

    def __init__(self, server: Server, sequence: Sequence, able: frozenset[str]) -> None:
        self._server, self.sequence, self._able = server, sequence, able
        self._pairs: dict[str, Pair] = {}
        self._looked: set[str] = set()
        self._groups = iter(sequence.groups)
        self.answers: dict[str, Answer] = {}

    async def begin(self) -> None:
        """Sign in."""
        self._pairs["0"] = await self._server.sign_in()

    async def until_pause(self) -> float | None:
        """Go on to the next pause, which is left to the caller, and return its s; None at the end."""
        for group in self._groups:
            if isinstance(group[0], Pause):
                return group[0].seconds
            await self._group(group)
        return None

    async def go(self) -> None:
        """Go on to the end."""
        for group in self._groups:
            if isinstance(group[0], Pause):
                await self._server.sleep(group[0].seconds)
            else:
                await self._group(group)

    async def _group(self, group: tuple[Step, ...]) -> None:
        sent: list[tuple[Step, Pair]] = []
        for step in group:
            if isinstance(step, SignIn):
                self._pairs[step.name] = await self._server.sign_in()
            elif (pair := self._pair(step)) is None:
                self.answers[step.name] = SKIPPED
            else:
                sent.append((step, pair))
        if not sent:
            return
        for (step, _), (answer, brought) in zip(sent, await self._server.send(sent), strict=True):
            self.answers[step.name] = answer
            if brought is not None:
                self._pairs[step.name] = brought

    def _pair(self, step: Step) -> Pair | None:
        """Return what the step presents; None where that is missing, or was looked at already."""
        if isinstance(step, Pause | SignIn) or (isinstance(step, Use) and "me" not in self._able):
            return None
        pair = self._pairs.get(step.token)
        if pair is None or not (isinstance(step, Refresh) and step.tail):
            return pair
        if pair.refresh in self._looked:
            return None
        self._looked.add(pair.refresh)
        return pair


async def play(server: Server, sequence: Sequence, able: frozenset[str]) -> Trial:
    """Play a sequence with a new session."""
    course = Course(server, sequence, able)
    await course.begin()
    await course.go()
    return Trial(sequence.name, course.answers)


async def side_by_side(server: Server, wanted: Listed[tuple[str, float]], able: frozenset[str]) -> list[Trial]:
    """Play sequences whose use again comes so many s later, with a session for each; they wait together.

    A sequence ends with the first that is refused, as those who wait longer are then. All end with a refusal that
    ended another session of the user as well: whoever still waits may be refused for that, and would say nothing.
    """
    other = await server.sign_in()
    courses = [Course(server, delayed(sequence, delay), able) for sequence, delay in wanted]
    for course in courses:
        await course.begin()
    waiting: list[tuple[float, int]] = []
    for n, course in enumerate(courses):
        await course.until_pause()
        waiting.append((server.now() + wanted[n][1], n))
    trials: list[Trial] = []
    over: set[str] = set()
    for due, n in sorted(waiting):
        sequence, delay = wanted[n]
        if sequence in over:
            continue
        await server.sleep(max(0.0, due - server.now()))
        await courses[n].go()
        answers = courses[n].answers
        trials.append(Trial(sequence, answers, delay))
        if answers[AGAIN.name].what == "granted":
            continue
        over.add(sequence)
        [(answers[OTHER_LIVES], brought)] = await server.send([(Refresh(OTHER, OTHER_LIVES), other)])
        if brought is None:
            break
        other = brought
    return trials


async def together(server: Server, sequences: Listed[Sequence], able: frozenset[str]) -> list[Trial]:
    """Play sequences with pauses, a session for each; they wait side by side."""
    courses = [Course(server, sequence, able) for sequence in sequences]
    due: list[tuple[float, int]] = []
    for n, course in enumerate(courses):
        await course.begin()
        due.append((server.now(), n))
    while due:
        at, n = heapq.heappop(due)
        await server.sleep(max(0.0, at - server.now()))
        pause = await courses[n].until_pause()
        if pause is not None:
            heapq.heappush(due, (server.now() + pause, n))
    return [Trial(course.sequence.name, course.answers) for course in courses]


class End(NamedTuple):
    """Where an interval ends, in s: a use after `accepted` still was accepted, one after `refused` was not."""

    accepted: float
    refused: float | None  # None: it was accepted for as long as anybody waited


def end_of(trials: Listed[Trial]) -> End:
    """Return what the trials say of it: the server's own time between two decisions lies within what we saw."""
    accepted, refused = 0.0, None
    for trial in trials:
        first, again = trial.answer_to("1"), trial.answer_to(AGAIN.name)
        if again.what == "granted":
            accepted = max(accepted, again.sent - first.heard)
        elif again.what == "refused":
            longest = again.heard - first.sent
            refused = longest if refused is None else min(refused, longest)
    return End(accepted, refused)


def between(end: End) -> tuple[float, ...]:
    """Return the delays that narrow it down; none where it is known closely enough, or nobody saw it end."""
    if end.refused is None or end.refused - end.accepted <= CLOSE:
        return ()
    step = (end.refused - end.accepted) / (FINER + 1)
    return tuple(end.accepted + step * k for k in range(1, FINER + 1))


def ladder(budget: float) -> tuple[float, ...]:
    """Return the delays at which it is looked for first, in so many s."""
    return tuple(itertools.takewhile(lambda delay: delay <= budget, LADDER))
