"""
A late 401: heard after its token had been replaced, and answered with one more refresh.

Shown: a request was refused; it was sent before a refresh brought its token's successor and answered after; and then
the successor's refresh token was spent, within a second, though nobody had refused the successor.
Consistent: the same order, and the files do not tell the tokens, or not where the refused one came from.
Excluded: a 401 was late, and no second refresh followed within a second.
"""

from itertools import pairwise

from race401.harness.incident.mechanisms.case import AT_ONCE_S, Case, was_granted
from race401.harness.incident.mechanisms.mechanism import Mechanism, Sign, consistent, excluded, shown
from race401.harness.incident.mechanisms.ways import CALLS_AT_ONCE, FIXED, Naive, Play, Recipe, Way
from race401.harness.judge.causal import before
from race401.harness.judge.streaks import HALF, lifetime
from race401.ledger.entry import Entry


def look(case: Case) -> Sign | None:
    """Say what the evidence shows of it."""
    late = [(x, by) for x in case.refused for by in case.graph.replaced(x) if _late(case, x, by)]
    for x, by in late:
        if (again := _spent(case, x, by)) is not None:
            says = "a 401 was heard after its token had been replaced, and the new token was spent at once"
            return shown(says, (by, x, again))
    if late:
        says = "a 401 was heard after its token had been replaced, and no second refresh followed"
        return excluded(says, late[0])
    return _untold(case)


def _late(case: Case, x: Entry, by: Entry) -> bool:
    return case.made_at(x) < by.answered_at <= x.answered_at


def _spent(case: Case, x: Entry, by: Entry) -> Entry | None:
    """Return the refresh that spent the successor for nothing."""
    if by.brought_refresh is None or by.brought_refresh == by.presented:
        return None
    for e in sorted(case.graph.exchanges.get(by.brought_refresh, ()), key=lambda e: e.received_at):
        soon = x.answered_at <= e.received_at <= x.answered_at + AT_ONCE_S
        refused = any(r.sent == by.brought_access and r.answered_at <= e.received_at for r in case.refused)
        if soon and not refused and not _due(case, e):
            return e
    return None


def _due(case: Case, e: Entry) -> bool:
    """Whether the refresh has a reason of its own: the token was near its end, or the client always refreshes."""
    left, life = case.aged(e).token_left_s, lifetime(case.entries, case.graph)
    return (left is not None and life > 0 and left <= HALF * life) or any(each.entry is e for each in case.streaks)


def _untold(case: Case) -> Sign | None:
    grants = [e for e in case.exchanges if was_granted(e)]
    for first, second in pairwise(grants):
        if not before(first, second) or not _may_follow(first, second):
            continue
        for x in case.refused:
            origin = x.sent is not None and case.graph.brought.get(x.sent)
            unknown = not origin and not case.evidence.without_token(x) and case.who(x) == case.who(first)
            if unknown and _late(case, x, first) and 0 <= second.received_at - x.answered_at <= AT_ONCE_S:
                says = "a 401 was heard after a refresh, and a second refresh followed at once"
                return consistent(says, (first, x, second), "which access token the refused request had")
    return None


def _may_follow(first: Entry, second: Entry) -> bool:
    """Whether the second refresh may have spent what the first one brought."""
    return None in (first.brought_refresh, second.presented) or second.presented == first.brought_refresh


MECHANISM = Mechanism(
    name="late-401",
    title="a late 401: a refresh for a token that had been replaced",
    answer="A late 401 made the client refresh a fresh token",
    seeks="a 401 that was heard after its token had been replaced, and then a refresh",
    look=look,
    way=Way("supabase", "late-401", "explore --policy fixed --world supabase --refuse"),
    guard=Recipe(
        world="supabase",
        arm='race401_server.arm("late-401")',
        left="LIFE / 2",
        scene=CALLS_AT_ONCE.replace("range(CALLS)", "range(2)"),
        check='race401_verdict.check(covers="late-401")',
    ),
    naive=Naive(policy=FIXED),
    play=Play(
        world="supabase",
        about="two requests are refused, and the second 401 arrives after the first request was retried with success",
        policies="fixed,hardened",
        control='NOTHING_WRONG.but(refreshes="any", needless_exchanges="some")',
        subject='NOTHING_WRONG.but(refreshes="any", needless_exchanges="none")',
        more="""
            left={half:g},
            visit=1,
            program={{
                "name": "late-401",
                "fault": [{{"kind": "refuse"}}],
                "hold": [
                    {{"which": REFUSED, "until": {{**REFUSED, "at": "answer", "count": 2}}, "or_after_s": 1.0}},
                    {{
                        "which": {{**REFUSED, "nth": 2}},
                        "until": {{"request": "resource", "status": 200}},
                        "settle_s": 0.1,
                        "or_after_s": 1.0,
                    }},
                ],
            }},
            covers=("two-401s-one-token",),
            """,
    ),
)
