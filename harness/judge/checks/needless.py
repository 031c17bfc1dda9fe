"""
Exchanges that nothing called for: of a token that no resource had refused and that was not near its end.

What a late 401 makes, for example: it was earned with the token before, and costs the one that has just come.
"""

from collections.abc import Hashable, Iterator
from math import inf

from race401.harness.judge.check import Words, counting
from race401.harness.judge.cohort import Cohort
from race401.harness.judge.counted import counted
from race401.harness.judge.streaks import HALF, lifetime
from race401.ledger.entry import Entry

EARLIEST = 300.0  # s before its end that any client in use refreshes unasked, where its own margin is not known
UNSURE = 0.25  # s about the margin in which one look at the clock may say either


def _needless(cohort: Cohort) -> Iterator[Entry]:
    """An exchange of a token that nobody had refused and that was not near its end."""
    earliest, refused, mine = _earliest(cohort), set[Hashable](), {e.seq for e in cohort.exchanges}
    for entry in cohort.marked_of_all:
        link = entry.family, entry.generation
        if entry.unauthorized:
            refused.add(link)
            refused.add(entry.sent)
        elif entry.seq in mine and (entry.token_left_s or 0) > earliest:
            beside = cohort.graph.beside(entry.presented) if entry.presented is not None else set[str]()
            if link not in refused and refused.isdisjoint(beside):
                yield entry


def _earliest(cohort: Cohort) -> float:
    """Return s before its end, on the server's clock, from which this policy refreshes unasked.

    Of a policy that is not known: its margin may be wide, but hardly wider than half of a token's life.
    """
    policy = cohort.policy
    if cohort.about.get("clock_set"):
        return inf  # each browser's, such that its token was due by it: that called for an exchange
    if "expiry_margin" not in policy:
        early = any((e.token_left_s or 0) > EARLIEST for e in cohort.exchanges)
        return max(EARLIEST, HALF * lifetime(cohort.entries, cohort.graph)) if early else EARLIEST
    margin = max(float(policy["expiry_margin"]), float(policy.get("auto_refresh_margin", 0.0)))
    return margin + float(cohort.about.get("skew_s", 0.0)) + UNSURE


NEEDLESS_EXCHANGES = counting(
    "needless-exchanges",
    _needless,
    lambda _, seqs: f"{counted(len(seqs), 'exchange')} of tokens neither refused nor near their end",
    words=Words(default="any"),
    brief=("needless exchange", ""),
    section="generations",
    line="needless exchanges",
    always=False,
    seqs="needless_seqs",
    by_clock=True,
    by_order=True,
)
