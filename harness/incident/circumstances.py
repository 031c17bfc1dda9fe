"""
How an incident went, as far as its files tell: what a guard and a scenario of it take over.

How many calls came at once, how long tokens live, what a token had left when it was refreshed, how far the client's
clock was behind, how long a 429 asked it to wait.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from math import ceil

from race401.harness.incident.diagnosis import Diagnosis
from race401.harness.incident.mechanisms.case import AT_ONCE_S, Case
from race401.harness.incident.mechanisms.mechanism import Sign
from race401.harness.judge.counted import counted, seconds
from race401.harness.judge.streaks import HALF, lifetime
from race401.ledger.entry import Entry

MOST_CALLS = 20
SHORTEST, LONGEST = 10.0, 86_400.0  # s of a token's life that is played
LEAST_SKEW = 10.0  # s; a smaller one hides in how long a request takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Spans are in s. None: the files do not tell it."""

    calls: int | None = None  # of one client, within a second
    lifetime: float | None = None  # of an access token
    left: float | None = None  # of it, when the client refreshed on its own
    behind: float | None = None  # the client's clock
    wait: float | None = None  # that an answer with 429 asked for

    def completed(self) -> "Circumstances":
        """Return them with what is usual in the place of what is not told."""
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        return Circumstances(**{name: getattr(USUAL, name) if at is None else at for name, at in told.items()})

    def numbers(self) -> Iterator[str]:
        """Yield what the files tell, in words."""
        if self.calls is not None:
            yield f"{counted(self.calls, 'call')} within a second"
        if self.lifetime is not None:
            yield f"tokens that are valid for {seconds(self.lifetime)}"
        if self.left is not None:
            yield (f"a refresh with {seconds(self.left)} left" if self.left > 0 else "a refresh of an expired token")
        if self.behind is not None:
            yield f"a clock that is {seconds(self.behind)} behind"
        if self.wait is not None:
            yield f"a 429 that asks for {seconds(self.wait)}"


USUAL = Circumstances(calls=5, lifetime=3600.0, left=30.0, behind=90.0, wait=5.0)


def seen(diagnosis: Diagnosis, sign: Sign) -> Circumstances:
    """Return how it went around the rows of a sign."""
    case = Case(diagnosis.evidence)
    life = _lifetime(case)
    return Circumstances(
        calls=_calls(case, diagnosis.entries(sign)),
        lifetime=life,
        left=_left(case, life),
        behind=_behind(diagnosis),
        wait=max((w for e in case.entries if (w := case.retry_after(e))), default=None),
    )


def _lifetime(case: Case) -> float | None:
    """Return the life that most tokens were given; else the longest that was seen from its beginning."""
    said = Counter(each.lifetime for every in case.evidence.seen for each in every if each.lifetime)
    life = said.most_common(1)[0][0] if said else lifetime(case.entries, case.graph) or None
    return None if life is None else float(min(max(ceil(life), SHORTEST), LONGEST))


def _left(case: Case, life: float | None) -> float | None:
    """Return the most that a token had left at a refresh that no refusal called for: nearest to the margin."""
    if life is None:
        return None
    refused = {e.sent for e in case.refused if e.sent is not None}
    of: dict[str | None, str | None] = {
        b.brought_refresh: b.brought_access for b in case.entries if b.brought_refresh is not None
    }
    left = [
        e.token_left_s for e in map(case.aged, case.exchanges)
        if e.token_left_s is not None and of.get(e.presented) not in refused and e.token_left_s <= HALF * life
    ]  # fmt: skip
    return None if not left else round(max(-60.0, *left), 1)


def _calls(case: Case, rows: Sequence[Entry]) -> int | None:
    """Return how many calls of one client came within a second, around these rows; and at least its refreshes."""
    if not rows:
        return None
    began, ended = rows[0].received_at - AT_ONCE_S, rows[-1].received_at + AT_ONCE_S
    most = 0
    for kind in (case.api, case.exchanges):
        for mine in case.by_peer(e for e in kind if began <= e.received_at <= ended).values():
            at = sorted(e.received_at for e in mine)
            most = max(most, *(bisect_right(at, x + AT_ONCE_S) - n for n, x in enumerate(at)), 0)
    return min(most, MOST_CALLS) if most > 1 else None


def _behind(diagnosis: Diagnosis) -> float | None:
    """Return how far a client's clock was behind, where that is known."""
    clocks = [each.clock.offset for each in diagnosis.evidence.sources if each.side == "client" and each.clock.offset]
    return max((float(round(offset)) for offset in clocks if offset > LEAST_SKEW), default=None)
