"""A whole probe: every sequence in its rounds, then the ends of intervals, and what was learnt as a card."""

from collections.abc import Callable, Iterator
from collections.abc import Sequence as Listed
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from race401.harness.probe import beyond
from race401.harness.probe import card as cards
from race401.harness.probe.answers import Trial
from race401.harness.probe.card import Card, Interval
from race401.harness.probe.playing import (
    FINER,
    LADDER,
    OTHER_LIVES,
    End,
    Gone,
    Server,
    between,
    end_of,
    ladder,
    play,
    side_by_side,
    together,
)
from race401.harness.probe.sequences import AGAIN, BURST, SEQUENCES, Sequence, SignIn

FEW = 3  # sessions for what is no race; as many as races have if those differ
LATE = ("second use", "after a refresh", "after a use")  # sequences whose use again may come late
NARROWED = 3  # times that the end of an interval is looked for more closely: 32 s are then 0.06 s, and a slow answer
SHORTEST = 0.001  # s; no wait that anybody would want to be told of


@dataclass
class Learnt:
    """What is known so far; a server that goes away leaves it as it is."""

    trials: list[Trial] = field(default_factory=list)
    late: list[Trial] = field(default_factory=list)
    beyond: list[Trial] = field(default_factory=list)
    ended: str = ""

    def trials_of(self, sequence: str) -> list[Trial]:
        """Return the trials of this sequence, without delay."""
        return [trial for trial in self.trials if trial.sequence == sequence]


def asked(able: frozenset[str]) -> list[Sequence]:
    """Return the sequences that can be played."""
    return [sequence for sequence in SEQUENCES if sequence.needs <= able]


class Planned(NamedTuple):
    """How many sessions a probe makes."""

    usual: int  # where no answer differs from time to time, and no consumed token is accepted again
    most: int  # whatever the server answers, if none fails


def planned(able: frozenset[str], rounds: int) -> Planned:
    """Return what a probe with so many rounds makes, its first look (`making.make`) included."""
    first = 1 + ("me" in able)
    usual = first + sum(_rounds(each, rounds) * (1 + _others(each)) for each in asked(able))
    most = first + sum(rounds * (1 + _others(each)) for each in asked(able))
    late = sum(each.name in LATE for each in asked(able))
    looks = [late * len(LADDER), *[late * FINER] * NARROWED]
    return Planned(usual, most + sum(1 + look for look in looks) + beyond.KINDS * FEW)


def _others(sequence: Sequence) -> int:
    return sum(isinstance(step, SignIn) for group in sequence.groups for step in group)


def _rounds(sequence: Sequence, rounds: int) -> int:
    return rounds if sequence.many else min(FEW, rounds)


async def probe(
    server: Server, able: frozenset[str], rounds: int, budget: float, say: Callable[[str], object], learnt: Learnt
) -> None:
    """Learn all that can be learnt, in `budget` s at most but for what is under way."""
    since = server.now()

    def left() -> float:
        return budget - (server.now() - since)

    try:
        for sequence in asked(able):
            for n in range(rounds):
                if (
                    n >= _rounds(sequence, rounds)
                    and len({_essence(t) for t in learnt.trials_of(sequence.name)}) == 1
                ):
                    break
                if left() <= 0:
                    learnt.ended = f"the budget of {budget:g} s is spent"
                    return
                learnt.trials.append(await play(server, sequence, able))
        await _ends(server, able, left, say, learnt)
    except Gone as gone:
        learnt.ended = str(gone)


def _essence(trial: Trial) -> tuple[str, ...]:
    return tuple(answer.what for answer in trial.answers.values())


async def _ends(
    server: Server, able: frozenset[str], left: Callable[[], float], say: Callable[[str], object], learnt: Learnt
) -> None:
    """Look for the ends of intervals, first in doubling steps, then within what is left."""
    wanted = [(name, delay) for name in forgiving(learnt) for delay in ladder(left())]
    for _ in range(1 + NARROWED):
        if not wanted:
            break
        longest = max(delay for _, delay in wanted)
        say(
            f"a consumed token is accepted again: {len(wanted)} sessions wait up to {longest:.0f} s to see until when"
        )
        learnt.late += await side_by_side(server, wanted, able)
        finer = [(name, delay) for name, end in _known(learnt).items() for delay in between(end)]
        wanted = [(name, delay) for name, delay in finer if delay <= left() and (name, delay) not in wanted]
    ends = _known(learnt)
    name = beyond.base(ends)
    if name is None or any(trial.answer_to(OTHER_LIVES).what == "refused" for trial in learnt.late):
        return  # nothing to ask; or one session's late use ends the others, and nobody could wait beside it
    more = beyond.sequences(ends, name) * FEW
    if beyond.takes(more) <= left():
        wait = f"{beyond.takes(more):.0f} s"
        say(f"{len(more)} sessions wait {wait} to see from when it counts, and what comes after it")
        learnt.beyond += await together(server, more, able)


def _known(learnt: Learnt) -> dict[str, End]:
    """Return the ends of intervals that somebody looked for."""
    return {name: end_of(_late(learnt, name)) for name in forgiving(learnt)}


def forgiving(learnt: Learnt) -> Iterator[str]:
    """Yield the sequences in which every use again was accepted, though it was of a consumed token."""
    for name in LATE:
        trials = learnt.trials_of(name)
        rotated = [t.answer_to("1").refresh != t.answer_to("1").presented for t in trials]
        if trials and all(rotated) and all(t.answer_to(AGAIN.name).what == "granted" for t in trials):
            yield name


def _late(learnt: Learnt, name: str) -> list[Trial]:
    return [trial for trial in (*learnt.trials_of(name), *learnt.late) if trial.sequence == name]


def intervals(learnt: Learnt) -> list[Interval]:
    """Return how long a consumed token is accepted again, in each of the sequences that accept it."""
    ends = _known(learnt)
    asked_by = beyond.base(ends)
    return [
        cards.interval(name, end, learnt.late, beyond.seen(learnt.beyond if name == asked_by else (), end))
        for name, end in ends.items()
        if any(trial.sequence == name for trial in learnt.late)
    ]


def summed(learnt: Learnt, able: frozenset[str], server: str, dialect: str) -> Card:
    """Return the card of what was learnt, without what the edge alone knows."""
    missing = {"me": "access tokens", "revoke": "sign-out"}
    every = [*learnt.trials, *learnt.late, *learnt.beyond]
    return Card(
        server,
        dialect,
        cards.rows(learnt.trials, able),
        intervals=intervals(learnt),
        spread={n: cards.counts(learnt.trials, n) for n in (2, BURST)},
        refusals=cards.refusals(every, api=False),
        api_refusals=cards.refusals(every, api=True),
        unread=cards.unread(every),
        oldest=cards.oldest(every),
        not_asked=[f"{missing[name]}: no --{name}" for name in missing if name not in able],
        ended=learnt.ended,
    )


def middle(values: Listed[float]) -> float | None:
    """Return the median; None of none."""
    return median(values) if values else None
