"""One order of steps: walked by choices, so that a counterexample can be told and replayed."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from race401.harness.explore.core import wrongs
from race401.harness.explore.core.stage import Stage
from race401.harness.explore.core.state import Actor, Env, Move


class NoSuchStep(ValueError):
    """A choice that is not open at its place."""


class Step(NamedTuple):
    """One step, and before what."""

    who: str  # the actor's name in this schedule
    actor: Actor
    before: Env
    move: Move


class Walk:
    """A schedule under way: the env, and the actors in places of their own."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.env, actors = stage.first()
        self._born: dict[str, int] = {}
        self.cast = [(self._named(actor), actor) for actor in actors]

    def options(self) -> list[Step]:
        """Return every step that is open, in an order that depends on nothing but the schedule so far."""
        still = all(self.stage.idle(actor) for _, actor in self.cast)
        return [
            Step(who, actor, self.env, move)
            for who, actor in self.cast
            if actor.kind != "clock" or still or not self.stage.waits_for_quiet(self.env)
            for move in self.stage.moves(self.env, actor)
        ]

    def ending(self) -> tuple[str, ...]:
        """Return what is wrong about this state, if it is an end: nobody but the clock can take a step."""
        if any(step.actor.kind != "clock" for step in self.options()):
            return ()
        return tuple(wrongs.of_end(self.env, [actor for _, actor in self.cast]))

    def take(self, step: Step) -> None:
        """Take it: the actor keeps its place if it goes on, and who is new comes last."""
        place = next(n for n, (who, _) in enumerate(self.cast) if who == step.who)
        goes_on = [actor for actor in step.move.actors if actor.kind == step.actor.kind]
        self.cast[place : place + 1] = [(step.who, goes_on[0])] if goes_on else []
        self.cast += [(self._named(actor), actor) for actor in step.move.actors if actor.kind != step.actor.kind]
        forms = self.stage.forms
        env, *actors = forms.canonical((forms.envs[step.move.env], *(forms.actors[actor] for _, actor in self.cast)))
        self.env = forms.envs.things[env]
        self.cast = [(who, forms.actors.things[a]) for (who, _), a in zip(self.cast, actors, strict=True)]

    def _named(self, actor: Actor) -> str:
        n = self._born[actor.kind] = self._born.get(actor.kind, 0) + 1
        return f"{actor.kind} {n}"


def walk(stage: Stage, choices: Iterable[int]) -> Iterator[Step]:
    """Yield the steps that these choices stand for."""
    walking = Walk(stage)
    for n, choice in enumerate(choices):
        options = walking.options()
        if not 0 <= choice < len(options):
            raise NoSuchStep(f"step {n + 1} has no choice {choice}: {len(options)} are open")
        yield options[choice]
        walking.take(options[choice])


def choices_of(stage: Stage, path: Iterable[tuple[Actor, int]]) -> list[int]:
    """Return the choices that lead along this path of (an actor that takes a step, which of its steps)."""
    walking, choices = Walk(stage), []
    for mover, which in path:
        options = walking.options()
        mine = [n for n, step in enumerate(options) if step.actor == mover]
        choices.append(mine[which])
        walking.take(options[mine[which]])
    return choices
