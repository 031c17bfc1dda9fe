"""
A rate limit storm: a client that goes on asking although it was told to wait.

Shown: twice or more a client asked the same again before the time was over that a 429 had told it to wait.
Consistent: three 429s or more for one client, and the files do not tell how long it should have waited.
Excluded: after each 429 the client waited as long as it was told.
"""

from race401.harness.incident.mechanisms.case import LIMITED, Case
from race401.harness.incident.mechanisms.mechanism import Mechanism, Sign, consistent, excluded, shown
from race401.harness.incident.mechanisms.ways import CALLS_IN_A_ROW, Play, Recipe, Way
from race401.harness.judge.causal import before
from race401.harness.judge.counted import counted
from race401.ledger.entry import Entry
from race401.ledger.outcomes import Outcome

LEAST = 3
EARLY = 0.1  # of the wait; who comes so much too early has waited


def look(case: Case) -> Sign | None:
    """Say what the evidence shows of it."""
    limited = [e for e in case.entries if e.status == LIMITED or e.grant_outcome == Outcome.RATE_LIMITED]
    if not limited:
        return None
    unheard: list[Entry] = []
    for e in limited:
        wait = case.retry_after(e)
        again = None if wait is None else _again(case, e, wait)
        unheard += [] if again is None else [e, again]
    if len({e.seq for e in unheard}) >= LEAST:
        return shown(f"{counted(len(limited), 'answer')} 429, and the client did not wait as it was told", unheard)
    if len(limited) >= LEAST and all(case.retry_after(e) is None for e in limited):
        return consistent(f"{counted(len(limited), 'answer')} 429", limited, "`Retry-After` of the answers with 429")
    if not unheard and any(case.retry_after(e) is not None for e in limited):
        return excluded("after a 429 the client waited as it was told", limited[:1])
    return None


def _again(case: Case, e: Entry, wait: float) -> Entry | None:
    """Return the next request of the same kind that came too soon."""
    path = e.target.partition("?")[0]
    until = e.answered_at + wait * (1 - EARLY)  # timers are not exact, and servers say whole seconds
    return next(
        (
            y for y in case.entries
            if before(e, y) and case.made_at(y) >= e.answered_at
            and y.received_at < until and y.target.partition("?")[0] == path
            and case.who(y) == case.who(e)
        ),
        None,
    )  # fmt: skip


MECHANISM = Mechanism(
    name="rate-limit-storm",
    title="a rate limit storm: told to wait, and asked again",
    answer="The client kept asking although it was told to wait",
    seeks="answers with 429, and requests that came before their time was over",
    look=look,
    way=Way("supabase", "rate-limited"),
    guard=Recipe(
        world="supabase",
        arm="""
            limited = {"kind": "status", "status": 429, "retry_after_s": WAIT, "which": {"request": "exchange"}}
            race401_server.arm("rate-limited", fault=[{**limited, "for_s": WAIT}])
            """,
        scene=CALLS_IN_A_ROW,
        check="""
            asked = [entry for entry in race401_server.ledger() if entry.grant_outcome]
            assert asked, "the client never refreshed: its token has to be within its margin"
            assert len(asked) == 1, f"told to wait for {WAIT} s, it asked {len(asked) - 1} times more"
            """,
    ),
    play=Play(
        world="supabase",
        about="the token endpoint limits the rate while the access token is still valid",
        control='Expectation("some", "any", cause="missing_token")',
        policies="pre-fix:expiry_margin={margin:g},hardened",
        subject='NOTHING_WRONG.but(exchanges_per_generation="any", refreshes="any")',
        more="""
            left={left:g},
            visit=2,
            faults=(
                {{"kind": "status", "status": 429, "retry_after_s": {wait:.0f}, "which": {{"request": "exchange"}}}},
            ),
            covers=("failed-refresh",),
            """,
    ),
)
