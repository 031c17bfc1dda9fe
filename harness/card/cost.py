"""
What a race cost a client, and how much that may be before it is waste, in pure functions.

An exchange costs one, whatever the answer, and so does a sign-in of the client's own.
"""

from race401.harness.card.course import Run
from race401.harness.card.sign_ins import is_sign_in
from race401.harness.judge.counted import counted
from race401.harness.judge.graph import Graph
from race401.harness.judge.row import Row
from race401.harness.judge.streaks import HALF, lifetime
from race401.ledger.entry import Entry

TRIES = 3  # of a refresh for one call, in a client that gives up; ours
TOO_MANY = 429


def exchanges(run: Run) -> list[Entry]:
    """Return the exchanges, those too that a fault struck before anybody read them."""
    return [e for e in run.entries if e.grant_outcome is not None or (e.cause == "fault" and e.method == "POST")]


def own_sign_ins(run: Run) -> int:
    """Return how often the client signed in without being told to."""
    return max(0, sum(is_sign_in(entry) for entry in run.entries) - run.sign_ins)


def limit(run: Run) -> int:
    """
    Return what the race may cost.

    What it calls for, or on a slow machine what the ends of tokens do. Where answers failed, or no number is ideal:
    three tries for each call.
    """
    tries = TRIES * max(1, len(run.calls)) if _failed(run) or run.race.ideal is None else 0
    return max(run.race.ideal or 0, _due(run), tries)


def wasteful(run: Run, row: Row) -> bool:
    """Whether it cost more, or the client refreshes at every call, at whatever lifetime.

    Where answers failed, the tries that succeed in the end may come in a row.
    """
    return len(exchanges(run)) + own_sign_ins(run) > limit(run) or (bool(row.in_a_row_seqs) and not _failed(run))


def cost_text(run: Run, row: Row) -> str:
    """Say what it cost."""
    made, ideal = len(exchanges(run)), run.race.ideal
    parts, most = [counted(made, "exchange")], limit(run) if ideal is None else max(ideal, _due(run))
    if made > most:
        parts[0] += f" where {most} would do"
    elif row.in_a_row_seqs and not _failed(run):
        parts[0] += " in a row, of tokens with more than half of their life left"
    if own := own_sign_ins(run):
        parts.append(f"{counted(own, 'sign-in')} of its own")
    if unheard := _unheard(run):
        parts.append(f"{unheard} before the end of a Retry-After")
    if row.wire_401s:
        parts.append(counted(row.wire_401s.total(), "401") + " on the wire")
    return ", ".join(parts)


def _failed(run: Run) -> bool:
    """Whether an answer to a refresh failed, or did not arrive."""
    return any(entry.fault is not None or entry.hung_up for entry in exchanges(run))


def _due(run: Run) -> int:
    """Return how many refresh tokens were presented when half of a life or less was left of what came with them."""
    told = [e for e in exchanges(run) if e.token_left_s is not None]
    half = HALF * lifetime(run.entries, Graph(run.entries))
    return len({(e.family, e.generation) for e in told if (e.token_left_s or 0.0) <= half})


def _unheard(run: Run) -> int:
    """Return how many exchanges came before a 429 let them: each says for how long there should be none."""
    faults = [fault for program in run.programs for fault in program["program"].get("fault", ())]
    wait = max((fault.get("retry_after_s", 0) for fault in faults), default=0)
    limited = [e.answered_at for e in run.entries if e.status == TOO_MANY and e.fault is not None]
    return sum(any(at < e.received_at < at + wait for at in limited) for e in exchanges(run))
