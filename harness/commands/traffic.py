"""What a server has seen, in one line, for the commands that serve until they are ended."""

from collections import Counter
from collections.abc import Mapping

from race401.harness.judge.recovery import UNAUTHORIZED

Answered = tuple[int, str | None, str | None]  # status, cause, outcome of an exchange


def line(counts: Mapping[Answered, int]) -> str:
    """Return requests, 401s by cause, exchanges by outcome."""
    causes: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    for (status, cause, outcome), n in counts.items():
        if status == UNAUTHORIZED and outcome is None:
            causes[cause or "no cause told"] += n
        if outcome is not None:
            outcomes[outcome] += n
    return f"requests: {sum(counts.values())} · 401s: {_total(causes)} · exchanges: {_total(outcomes)}"


def _total(counted: Counter[str]) -> str:
    split = ", ".join(f"{name} {n}" for name, n in counted.most_common())
    return f"{counted.total()}" + (f" ({split})" if split else "")
