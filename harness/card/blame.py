"""Which claim a loss breaks, in pure functions: the race's own, or the one that was broken instead."""

from collections.abc import Collection, Sequence

from race401.harness.card.calls import Call
from race401.harness.card.course import Run
from race401.harness.card.disproved import at_once
from race401.ledger.entry import Entry
from race401.ledger.outcomes import GRANTED

FLIGHTS = {"single_flight", "shared_flight"}  # that callers share one refresh


def of_session(run: Run, failed: Sequence[Call]) -> frozenset[str] | None:
    """Return what the loss of the session breaks; None: nobody needs to claim that."""
    if run.race.claim is None:
        return None
    if given_up(run):
        return frozenset({"keeps_session"})  # callers that share one refresh would have lost it too
    if run.race.claim == "retry_on_401" and (at_once(run.entries) > 1 or _superseded(run, failed)):
        return frozenset({"single_flight"})  # each 401 was retried, after a refresh of its own
    return frozenset({run.race.claim})


def of_calls(run: Run, failed: Sequence[Call]) -> frozenset[str] | None:
    """Return what calls that failed break; None likewise."""
    if run.race.claim in FLIGHTS and _unretried(run, failed) and all(len(same) == 1 for same in _uses(run)):
        return frozenset({"retry_on_401"})  # one refresh was shared
    return of_session(run, failed)


def given_up(run: Run) -> bool:
    """Whether the client did not wait for what the first use of a refresh token brought."""
    return any(same[0].hung_up and same[0].grant_outcome in GRANTED for same in _uses(run))


def _unretried(run: Run, failed: Sequence[Call]) -> bool:
    """Whether each of these ended with a 401."""
    return all((sent := _sent(run, call)) and sent[-1].unauthorized for call in failed)


def _superseded(run: Run, failed: Sequence[Call]) -> bool:
    """Whether one was retried with a new token, which another refresh had ended meanwhile."""
    for call in failed:
        sent = _sent(run, call)
        if len({entry.generation for entry in sent}) > 1 and sent[-1].cause == "ended_by_refresh":
            return True
    return False


def _sent(run: Run, call: Call) -> list[Entry]:
    """Return the call's requests, in the order of decision."""
    return sorted((entry for entry in run.entries if entry.target == call.path), key=lambda entry: entry.seq)


def _uses(run: Run) -> Collection[list[Entry]]:
    """Return the exchanges of each refresh token."""
    uses: dict[tuple[str | None, int | None], list[Entry]] = {}
    for entry in run.entries:
        if entry.grant_outcome is not None:
            uses.setdefault((entry.family, entry.generation), []).append(entry)
    return uses.values()
