"""
A refresh at every call: an expiry misread, or a margin wider than the token's life.

Shown: three tokens in a row were exchanged with more than half of their life left, none of them refused, and each
had served the calls of one moment at most.
Consistent: the same, of tokens that had served for longer, as of a timer; or three refreshes in a row with no more
than one request of the API between each, and the files do not tell how long the tokens live.
Excluded: a token was exchanged with less than half of its life left, and none early.
"""

from itertools import pairwise

from race401.harness.incident.mechanisms.case import AT_ONCE_S, Case, was_granted
from race401.harness.incident.mechanisms.mechanism import Mechanism, Sign, consistent, excluded, shown
from race401.harness.incident.mechanisms.ways import CALLS_IN_A_ROW, Naive, Play, Recipe, Way
from race401.harness.judge.causal import before
from race401.harness.judge.counted import counted, seconds
from race401.harness.judge.streaks import HALF, IN_A_ROW, lifetime
from race401.ledger.entry import Entry


def look(case: Case) -> Sign | None:
    """Say what the evidence shows of it."""
    if early := case.streaks:
        last = early[-1]
        left, of = seconds(last.left), seconds(last.lifetime)
        if _each_on_a_page(case, [each.entry for each in early]):
            says = f"{counted(len(early), 'refresh', 'refreshes')} much too early, each after a page was loaded"
            decides = "whether the app keeps its tokens in memory only, so that each page has to refresh"
            return consistent(says, [each.entry for each in early], decides)
        rows = [each.entry for each in early]
        if not _each_for_one_moment(case, rows):
            says = f"{counted(len(early), 'refresh', 'refreshes')} much too early, of tokens used for a long time"
            return consistent(says, rows, "whether a timer of the app refreshes, whatever is called")
        return shown(
            f"{counted(len(early), 'refresh', 'refreshes')} with more than half of the token's life left, in a row: "
            f"the last with {left} of {of}",
            rows,
        )
    grants = [e for e in case.exchanges if was_granted(e)]
    late = [e for e in grants if e.token_left_s is not None]
    if late:
        life = lifetime(case.entries, case.graph)
        due = [e for e in late if life and (e.token_left_s or 0.0) <= HALF * life]
        return (
            excluded("a token was used for more than half of its life before its refresh", due[:1]) if due else None
        )
    for rows in _rows(case, grants):
        says = f"{counted(len(rows), 'refresh', 'refreshes')} in a row with hardly a request between them"
        return consistent(says, rows, "how long an access token is valid (`expires_in`, or a JWT's `exp`)")
    return None


def _each_on_a_page(case: Case, early: list[Entry]) -> bool:
    """Whether each refresh is of another page load."""
    pages = {case.seen(e).page for e in early}
    return None not in pages and len(pages) == len(early)


def _each_for_one_moment(case: Case, early: list[Entry]) -> bool:
    """Whether no token served calls that were further apart than those of a burst: then a call brings a refresh."""
    for e in early:
        beside = case.graph.beside(e.presented or "") - {None}
        at = sorted(case.made_at(y) for y in case.api if y.sent in beside)
        if at and at[-1] - at[0] > AT_ONCE_S:
            return False
    return True


def _rows(case: Case, grants: list[Entry]) -> list[list[Entry]]:
    """Return three and more refreshes of one client, one after the other, at most one call between each two."""
    found: list[list[Entry]] = []
    for who, mine in case.by_peer(grants).items():
        calls = [e for e in case.api if case.who(e) == who]
        row = mine[:1]
        for one, other in pairwise(mine):
            between = sum(before(one, e) and e.received_at < other.received_at for e in calls)
            refused = any(before(one, e) and e.unauthorized and e.received_at < other.received_at for e in calls)
            if before(one, other) and between <= 1 and not refused:
                row.append(other)
            else:
                row = [other]
            if len(row) == IN_A_ROW:
                found.append(row)
    return found


MECHANISM = Mechanism(
    name="refresh-every-call",
    title="a refresh at every call",
    answer="The client refreshes at every call, much too early",
    seeks="three tokens in a row that were exchanged with more than half of their life left",
    look=look,
    way=Way("supabase", "short-lifetime"),
    guard=Recipe(world="supabase", scene=CALLS_IN_A_ROW, check='race401_verdict.check(covers="refresh")'),
    naive=Naive(policy="replace(PRE_FIX, expiry_margin=172_800.0)"),
    play=Play(
        world="supabase",
        about="the margin is wider than a token's life: each call refreshes",
        control='Expectation("none", "any", refreshes_in_a_row="some")',
        policies="fixed:expiry_margin={wider:g},hardened",
        subject='NOTHING_WRONG.but(refreshes="any", refreshes_in_a_row="none")',
        more="left={left:g},",
    ),
)
