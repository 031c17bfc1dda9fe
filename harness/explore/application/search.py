"""
Which schedules to try, as pure functions over choices: all of them, the likeliest culprits, fewer deviations.

A schedule is a string of choices, one byte each; beyond its end the choice is 0: first come, first served. A
deviation is a choice that is not 0.

For example, two requests whose answers may come in either order: first there are two choices, then one. The empty
schedule plays 0, 0: first come, first served. Its `children` deviate once: the byte 1, by which the second answer
comes first. After it nothing is left to choose, so it has none, and both orders have been played, each once.
"""

from collections.abc import Callable, Iterator, Sequence
from random import Random

from race401.harness.explore.application.loop import CANCEL, Choice, Choose, Option

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def children(prefix: bytes, taken: Sequence[Choice]) -> Iterator[bytes]:
    """Yield the schedules that deviate once more than `prefix`, later on; `taken` is what its run chose.

    Beginning with b"", and each child's children in turn, this yields every schedule there is, once.
    """
    path = bytes(choice.index for choice in taken)
    for at in range(len(prefix), len(taken)):
        for other in range(1, taken[at].out_of):
            yield path[:at] + bytes([other])


def following(schedule: bytes) -> Choose:
    """Return a `choose` that follows the schedule; where it asks for more than there is, the last option."""
    rest = iter(schedule)
    return lambda options: min(next(rest, 0), len(options) - 1)


def prioritised(draw: Random, length: int, depth: int) -> Choose:
    """Return a `choose` that lets callers go by random priorities, which change at `depth - 1` random steps.

    PCT (Burckhardt et al. 2010): a bug that takes `depth` ordered steps is hit with a probability of at least
    1 / (callers * length ** (depth - 1)) in each schedule. Cancellations are drawn like everybody's steps.
    """
    priorities: dict[tuple[str, bool], float] = {}
    changes = {draw.randrange(max(1, length)) for _ in range(depth - 1)}
    step = 0

    def choose(options: Sequence[Option]) -> int:
        nonlocal step
        keys = [(option.who, option.what == CANCEL) for option in options]
        for key in keys:
            priorities.setdefault(key, draw.random())
        best = max(range(len(options)), key=lambda i: (priorities[keys[i]], -i))
        if step in changes:
            priorities[keys[best]] = -step
            best = max(range(len(options)), key=lambda i: (priorities[keys[i]], -i))
        step += 1
        return best

    return choose


def shrunk(schedule: bytes, fails: Callable[[bytes], bool]) -> bytes:
    """Return a schedule that still fails and of which no single deviation can be taken back."""
    again = True
    while again:
        again = False
        for at in reversed(range(len(schedule))):
            calmer = schedule[:at] + b"\0" + schedule[at + 1 :]
            if schedule[at] and fails(calmer):
                schedule, again = calmer, True
    return schedule.rstrip(b"\0")


def token(schedule: bytes, cancellations: int) -> str:
    """Return the schedule as a word to paste: how many cancellations it was allowed, then a digit a choice."""
    return f"{cancellations}." + "".join(DIGITS[choice] for choice in schedule.rstrip(b"\0"))


def read_token(word: str) -> tuple[bytes, int]:
    """Return the schedule and its cancellations; raises ValueError with what is wrong."""
    head, dot, digits = word.partition(".")
    if not dot or not head.isdecimal() or any(digit not in DIGITS for digit in digits):
        raise ValueError(f"{word!r} is no schedule's token; one looks like 0.0021")
    return bytes(map(DIGITS.index, digits)), int(head)
