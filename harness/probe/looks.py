"""What one trial shows: yes, no, or None where it had no chance to. The questions of a card are made of these."""

from collections.abc import Callable
from typing import TypeAlias

from race401.harness.probe.answers import Trial
from race401.harness.probe.sequences import burst

Look: TypeAlias = Callable[[Trial], bool | None]


def granted(trial: Trial, name: str) -> bool | None:
    """Whether the answer to this step was a yes; None: it had no answer that says so."""
    what = trial.answer_to(name).what
    return {"granted": True, "refused": False}.get(what)


def said_yes(name: str) -> Look:
    """Whether this step was answered with a yes."""
    return lambda trial: granted(trial, name)


def when(condition: Look, then: Look) -> Look:
    """Ask only where the condition holds."""
    return lambda trial: then(trial) if condition(trial) else None


def opposite_of(look: Look) -> Look:
    """Ask the other way round."""

    def opposite(trial: Trial) -> bool | None:
        seen = look(trial)
        return None if seen is None else not seen

    return opposite


def same(one: str, other: str) -> Look:
    """Whether two steps brought the same refresh token; None unless both brought one."""

    def look(trial: Trial) -> bool | None:
        a, b = trial.answer_to(one), trial.answer_to(other)
        return a.refresh == b.refresh if a.what == b.what == "granted" else None

    return look


def same_access(one: str, other: str) -> Look:
    """Whether two steps brought the same access token; None unless both brought one."""

    def look(trial: Trial) -> bool | None:
        a, b = trial.answer_to(one), trial.answer_to(other)
        return a.access == b.access if a.what == b.what == "granted" else None

    return look


def new(name: str) -> Look:
    """Whether a refresh brought another token than it presented."""

    def look(trial: Trial) -> bool | None:
        answer = trial.answer_to(name)
        return answer.refresh != answer.presented if answer.what == "granted" else None

    return look


def lives(name: str) -> Look:
    """Whether the session of this pair is refreshed; None where the pair has no token but the one that was spent."""

    def look(trial: Trial) -> bool | None:
        alive = granted(trial, f"alive {name}")
        return alive if alive or new(name)(trial) else None

    return look


def accepted(trial: Trial, n: int) -> int:
    """Return how many of n uses at once were accepted."""
    return sum(trial.answer_to(name).what == "granted" for name in burst(n))


def successors(trial: Trial, n: int) -> set[str]:
    """Return the different refresh tokens that they brought."""
    return {trial.answer_to(name).refresh for name in burst(n) if new(name)(trial)}


def living(trial: Trial, n: int) -> int:
    """Return how many tokens live afterwards."""
    return sum(trial.answer_to(f"alive {name}").what == "granted" for name in burst(n))


def survives(n: int) -> Look:
    """Whether a session is refreshed after so many uses at once; None where one spent the token, and got no other."""

    def look(trial: Trial) -> bool | None:
        told = living(trial, n) or successors(trial, n) or accepted(trial, n) > 1
        return living(trial, n) > 0 if told else None

    return look


def left(trial: Trial) -> bool | None:
    """Whether a refresh beside the sign-out left a session that lives."""
    if trial.answer_to("1").what not in ("granted", "refused") or trial.answer_to("out").what != "granted":
        return None
    return trial.answer_to("1").what == "granted" and trial.answer_to("alive 1").what == "granted"
