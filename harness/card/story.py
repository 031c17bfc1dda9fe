"""A race as an HTTP story: one line a request, in the order in which the server decided."""

from collections.abc import Sequence
from itertools import accumulate

from race401.harness.card.calls import CameTo
from race401.ledger.entry import Entry

WORTH_TELLING = 0.1  # s that an answer took
ENDS = {
    "reused": "reused: the server refuses it",
    "revoked": "the session had been revoked",
    "reuse_tolerated": "reuse, forgiven",
    "forked": "reuse, forgiven with a second successor",
    "not_found": "the refresh token no longer exists",
}


def sentences(entries: Sequence[Entry], calls: Sequence[CameTo] = ()) -> list[str]:
    """
    Return the lines, in the order of decision; and then what the app saw of the calls that did not succeed.

    Instants are s since the first request arrived, and the earliest at which the server can have decided: a request
    that is decided after another stands no earlier than that one, although it may have arrived before.
    """
    entries = sorted(entries, key=lambda entry: entry.seq)
    began_at = min((entry.received_at for entry in entries), default=0.0)
    decided_at = accumulate((entry.received_at - began_at for entry in entries), max)
    sessions: dict[str, int] = {}
    for entry in entries:
        if entry.family is not None:
            sessions.setdefault(entry.family, len(sessions) + 1)
    lines = [_line(entry, at, sessions) for entry, at in zip(entries, decided_at, strict=True)]
    return lines + [f"{'the app':>9}  {call.path}  -> {call}" for call in calls if call.saw != "success"]


def _line(entry: Entry, at: float, sessions: dict[str, int]) -> str:
    when = f"{at:7.3f} s"
    status = f"{entry.status}" if entry.status else "cut off"
    took = (entry.answered_at or entry.received_at) - entry.received_at
    late = f" after {took:.1f} s" if took >= WORTH_TELLING else ""
    who = f"session {sessions[entry.family]}" if entry.family else "no session"
    token = f" token {entry.generation}" if entry.generation is not None else ""
    why = entry.cause or _became(entry) or ""
    fault = f" [{entry.fault}]" if entry.fault else ""
    answer = f"{status} {why}".strip()
    return f"{when}  {entry.method} {entry.target}  ({who}{token})  -> {answer}{fault}{late}"


def _became(entry: Entry) -> str | None:
    """Say what became of an exchange; what a refused reuse ended, only where the server says so."""
    if entry.grant_outcome == "reused":
        if entry.ended == "none":
            return "reused: the server refuses it, and the session stays valid"
        if entry.ended is not None:
            return "reused: the server takes it for theft and revokes the session"
    return ENDS.get(entry.grant_outcome or "", entry.grant_outcome)
