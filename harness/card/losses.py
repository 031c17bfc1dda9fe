"""
What a client lost in a race, each loss with its numbers and the claim that it breaks, in pure functions.

Two witnesses: what the server saw, and what the app saw, where the driver says so. A call is lost if either has no
answer for it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from race401.harness.card import blame
from race401.harness.card.calls import Call
from race401.harness.card.cost import TRIES, exchanges
from race401.harness.card.course import Run
from race401.harness.card.race import RevokeElsewhere
from race401.harness.card.sign_ins import is_sign_in
from race401.harness.judge.counted import counted
from race401.harness.judge.row import Row
from race401.harness.judge.sessions import is_sign_out
from race401.ledger.entry import Entry
from race401.ledger.outcomes import GRANTED, REFUSED

GUESTS = "/auth/v1/signup"  # where a session begins that is nobody's account
EVERY = 1.0  # s, and one more in so long: of a client with a timer, or that backs off


@dataclass(frozen=True, slots=True)
class Loss:
    """One loss; `claims` are those that it breaks. None: nobody needs to claim that this does not happen."""

    sentence: str
    claims: frozenset[str] | None = None


def losses(run: Run, row: Row) -> Iterator[Loss]:
    """Yield what was lost."""
    claim = None if run.race.claim is None else frozenset({run.race.claim})
    failed = _failed(run)
    broken = blame.of_session(run, failed)
    if pending := [call for call in run.calls if call.pending]:
        yield Loss(
            f"{len(pending)} of {counted(len(run.calls), 'call')} never finished, although the server had answered"
        )
    if failed:
        yield Loss(_how(failed, run), blame.of_calls(run, failed))
    yield from map(Loss, _posted(run))
    if made_up := _made_up(run):
        yield Loss(f"the app got a success for {counted(made_up, 'call')} that the server never answered with one")
    if _session_lost(run, row):
        if not (pending and any(isinstance(step, RevokeElsewhere) for step in run.race.steps)):  # it was ended by us
            after = ", after the client had hung up on a refresh that was granted" if blame.given_up(run) else ""
            yield Loss(f"the session was lost: the server refused its refresh token for good{after}", broken)
    elif _thrown_away(run):
        gave_up = "the client gave up a session that is still valid at the server"
        yield Loss(gave_up, None if broken is None else broken | {"keeps_session"})
    if carried := _carried(run, row):
        yield Loss(f"{counted(len(carried), 'call')} carried a token of the session that had been signed out", claim)
    if unasked := _unasked(run):
        said = f"{counted(len(unasked), 'call')} after the sign-out went out in a session that nobody had asked for"
        yield Loss(said, claim)
    if len(exchanges(run)) > TRIES * max(1, len(run.calls)) + _span(run.entries) / EVERY:
        yield Loss(f"endless refreshes: more than {TRIES} for each call and one a second")


def _must(run: Run) -> list[Call]:
    """Return the calls that had to succeed; of one that is pending nobody knows."""
    return [call for call in run.calls if call.must and not call.pending]


def _answered(run: Run) -> set[str]:
    """Return the paths that the server answered with success."""
    return {entry.target for entry in run.entries if 200 <= entry.status < 300}  # noqa: PLR2004


def _failed(run: Run) -> list[Call]:
    """Return those that did not succeed."""
    answered = _answered(run)
    return [call for call in _must(run) if call.path not in answered or _saw(call, "failure")]


def _how(failed: Sequence[Call], run: Run) -> str:
    """Say how many failed, and how."""
    answered, sent = _answered(run), {entry.target for entry in run.entries}
    said = f"{len(failed)} of {counted(len(_must(run)), 'call')} failed"
    if unsent := sum(call.path not in sent for call in failed):
        said += f", {unsent} without being sent"
    if kept := sum(call.path in answered for call in failed):
        said += f", {kept} although the server answered with success: the app did not get that answer"
    if wrong := sum(_saw(call, "success") for call in failed):
        said += f", {wrong} of which the driver calls a success"
    return said


def _made_up(run: Run) -> int:
    """Count the calls that need not succeed and that did so for the app alone: it does not hear what it has lost."""
    answered, must = _answered(run), {call.path for call in _must(run)}
    gets = [call for call in run.calls if call.body is None and call.path not in must]
    return sum(_saw(call, "success") and call.path not in answered for call in gets)


def _posted(run: Run) -> Iterator[str]:
    """Say what became of bodies: each arrives whole and once, or the app is told that it did not."""
    for call in run.calls:
        if call.body is None or call.pending:
            continue
        sent = [entry for entry in run.entries if entry.target == call.path]
        lengths = [entry.body_length for entry in sent if entry.body_length is not None]
        if lengths and min(lengths) < max(lengths):
            yield "a retry was sent without the whole body"
        arrived = sum(200 <= entry.status < 300 for entry in sent)  # noqa: PLR2004
        if arrived > 1:
            yield f"one POST arrived {arrived} times"
        if arrived and _saw(call, "failure"):
            yield "the app got a failure, although the POST had arrived"
        if not arrived and _saw(call, "success"):
            yield "the app got a success, although the POST never arrived"


def _saw(call: Call, what: str) -> bool:
    return call.came_to is not None and call.came_to.saw == what


def _session_lost(run: Run, row: Row) -> bool:
    """Whether a refusal for good was neither after the sign-out nor followed by another sign-in, asked for or not."""
    ends = [entry.seq for entry in run.entries if is_sign_out(entry)]
    begins = [entry.seq for entry in run.entries if is_sign_in(entry)]
    lost = [seq for seq in row.lost_seqs if not any(end < seq for end in ends)]
    return bool(lost) and not any(begin > max(lost) for begin in begins)


def _thrown_away(run: Run) -> bool:
    """Whether a call was not even sent after a refusal that ended nothing, although new tokens had come."""
    if any(is_sign_out(entry) for entry in run.entries):
        return False
    kept = {e.family for e in run.entries if e.grant_outcome in GRANTED and e.fault is None and not e.hung_up}
    spared = [e for e in run.entries if e.grant_outcome in REFUSED and e.ended == "none" and e.family in kept]
    sent = {entry.target for entry in run.entries}
    unsent = [call for call in run.calls if call.must and not call.pending and call.path not in sent]
    return any(entry in run.entries[: call.after] for entry in spared for call in unsent)


def _carried(run: Run, row: Row) -> list[Entry]:
    """Return the calls that began after the sign-out and carried what had been signed out: there, or here alone."""
    after = {call.path for call in run.calls if call.signed_out}
    late = set(row.after_sign_out_seqs)
    return [e for e in run.entries if e.target in after and (e.seq in late or e.family in run.signed_out)]


def _unasked(run: Run) -> list[Entry]:
    """Return the calls that began after the sign-out, in a session which the client began by itself; a guest may."""
    after = {call.path for call in run.calls if call.signed_out}
    begun = [e for e in run.entries if is_sign_in(e) and e.target.partition("?")[0] != GUESTS]
    own = {e.family for e in begun} - run.signed_out
    return [e for e in run.entries if run.signed_out and e.target in after and e.family in own]


def _span(entries: Sequence[Entry]) -> float:
    """Return how long the race took, in s."""
    at = [entry.received_at for entry in entries]
    return max(at) - min(at) if at else 0.0
