"""
Concurrent reuse, forgiven.

Shown: of one refresh token a second use brought tokens too, or a kept one was exchanged several times at once.
Consistent: two refreshes of one client under way at once were both granted, and the files tell no refresh tokens.
Excluded: of two uses of one refresh token one was refused; or refreshes at once presented different tokens.
"""

from race401.harness.incident.mechanisms import reuse
from race401.harness.incident.mechanisms.case import Case, was_granted
from race401.harness.incident.mechanisms.mechanism import Mechanism, Sign, consistent, excluded, shown
from race401.harness.incident.mechanisms.ways import EXPIRY, Play, Way, at_once
from race401.harness.judge.causal import concurrent
from race401.harness.judge.counted import counted
from race401.harness.judge.graph import kept_its_token
from race401.ledger.entry import Entry
from race401.ledger.outcomes import Outcome

AGAIN = (Outcome.REUSE_TOLERATED, Outcome.FORKED)


def look(case: Case) -> Sign | None:
    """Say what the evidence shows of it."""
    rows: list[Entry] = []
    tokens = 0
    for uses in case.uses():
        won = [e for e in uses if was_granted(e)]
        if any(_again(e, won) for e in won):
            tokens += 1
            rows += won
    if rows:
        says = f"{counted(tokens, 'refresh token')} had {counted(len(rows), 'use')} in all, and each returned tokens"
        return shown(says, rows)
    for one, other in case.unknown_uses():
        if was_granted(one) and was_granted(other):
            says = "two refreshes were under way at once and both were granted; the files do not show their tokens"
            return consistent(says, (one, other), "whether both presented the same refresh token")
    for grant, refused in reuse.refusals(case):
        return excluded("the second use of a refresh token was refused", (grant, refused))
    return None


def _again(e: Entry, won: list[Entry]) -> bool:
    if e.grant_outcome in AGAIN:
        return True
    return kept_its_token(e) and any(
        other is not e and kept_its_token(other) and concurrent(e, other) for other in won
    )


MECHANISM = Mechanism(
    name="reuse-forgiven",
    title="one refresh token, several refreshes: forgiven",
    answer="Several refreshes spent one refresh token; the server forgave",
    seeks="a refresh token that returned tokens more than once",
    look=look,
    way=Way("supabase", EXPIRY, "burst --policies pre-fix --conditions supabase"),
    guard=at_once("supabase"),
    play=Play(
        world="supabase",
        about="refreshes at once spend one token, and the server forgives",
        control='Expectation("none", "several")',
    ),
)
