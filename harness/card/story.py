"""A race as an HTTP story: one line a request, in the order in which the server decided."""

from collections.abc import Sequence

from race401.harness.judge.evidence import LedgerEntry

WORTH_TELLING = 0.1  # s that an answer took
ENDS = {
    "reused": "reused: the server takes it for theft and revokes the session",
    "revoked": "the session had been revoked",
    "reuse_tolerated": "reuse, forgiven",
    "forked": "reuse, forgiven with a second successor",
    "not_found": "no such refresh token any more",
}


def tell(entries: Sequence[LedgerEntry]) -> list[str]:
    """Return the lines; instants are s since the first request arrived."""
    began_at = min((entry.received_at for entry in entries), default=0.0)
    sessions: dict[str, int] = {}
    for entry in entries:
        if entry.family is not None:
            sessions.setdefault(entry.family, len(sessions) + 1)
    return [_line(entry, began_at, sessions) for entry in entries]


def _line(entry: LedgerEntry, began_at: float, sessions: dict[str, int]) -> str:
    when = f"{entry.received_at - began_at:7.3f} s"
    status = f"{entry.status}" if entry.status else "cut off"
    took = (entry.answered_at or entry.received_at) - entry.received_at
    late = f" after {took:.1f} s" if took >= WORTH_TELLING else ""
    who = f"session {sessions[entry.family]}" if entry.family else "no session"
    token = f" token {entry.generation}" if entry.generation is not None else ""
    why = entry.cause or ENDS.get(entry.grant_outcome or "", entry.grant_outcome) or ""
    fault = f" [{entry.fault}]" if entry.fault else ""
    answer = f"{status} {why}".strip()
    return f"{when}  {entry.method} {entry.target}  ({who}{token})  -> {answer}{fault}{late}"
