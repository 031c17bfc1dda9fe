"""The life of a client's tokens, read from the ledger: fresh, within the margin, expired, revoked; and until when."""

from dataclasses import dataclass
from typing import Any

from race401.harness.reporting.words import took_for_theft
from race401.ledger.entry import Entry
from race401.ledger.outcomes import GRANTED, REFUSED

SIGN_IN = "grant_type=password"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a token's life. Instants are s on the server's clock."""

    kind: str  # fresh, margin, expired, revoked
    from_at: float
    to_at: float
    generation: int | None
    expires_at: float | None


def life(session: list[Entry], manifest: dict[str, Any], condition: str, role: str) -> list[Span]:
    """Return one client's spans, from its first entry to its last. The margin is seen by the client's own clock."""
    about = manifest["conditions"][condition]
    margin = manifest["policies"][role].get("expiry_margin")
    lifetime = (manifest.get("worlds", {}).get(about.get("world")) or {}).get("lifetime")
    expiries = {
        (e.family, e.generation): e.received_at + e.token_left_s for e in session if e.token_left_s is not None
    }
    ends_at = max(map(over, session))
    spans: list[Span] = []
    turns = _turns(session)
    for nth, ((kind, at, token), (_, until, _)) in enumerate(
        zip(turns, [*turns[1:], ("", ends_at, None)], strict=True)
    ):
        if kind == "revoked" or token is None:
            spans.append(Span("revoked", at, until, None, None))
            continue
        # of the first token nobody says how old it was
        expires_at = expiries.get(token, at + lifetime if lifetime is not None and nth else None)
        crossing = None
        if expires_at is not None and margin is not None and not about.get("clock_set"):
            crossing = min(expires_at, expires_at - margin - about.get("skew_s", 0.0))
        spans += _cut(at, until, token[1], crossing, expires_at)
    return spans


def over(e: Entry) -> float:
    """Return when the server was done with a request: of one whose answer was cut off, when it was received."""
    return e.answered_at or e.received_at


def was_lost(e: Entry) -> bool:
    """Whether an exchange was granted, and its answer never came."""
    return not e.status and e.grant_outcome in GRANTED


def at(spans: list[Span], instant: float) -> Span:
    """Return the span that holds the instant; before the first, the first."""
    return next((s for s in reversed(spans) if s.from_at <= instant), spans[0])


def _turns(session: list[Entry]) -> list[tuple[str, float, tuple[str | None, int | None] | None]]:
    """Return when the client had which token, and from when on its family was revoked."""
    first = next((e for e in session if e.family is not None), session[0])
    turns: list[tuple[str, float, tuple[str | None, int | None] | None]] = []
    turns.append(("held", session[0].received_at, (first.family, first.generation)))
    for e in sorted(session, key=over):
        if e.grant_outcome in GRANTED and not was_lost(e):
            brought = e.family, None if e.generation is None else e.generation + 1
            if turns[-1][2] != brought:  # else forgiven, and the same successor as before
                turns.append(("held", e.answered_at, brought))
        elif (
            e.grant_outcome in REFUSED
            and turns[-1][0] != "revoked"
            and (e.grant_outcome != "reused" or took_for_theft(e))
        ):
            turns.append(("revoked", e.answered_at, None))
        elif SIGN_IN in e.target and e.status == 200:  # noqa: PLR2004
            turns.append(("held", e.answered_at, (e.family, e.generation)))
    return turns


def _cut(at: float, until: float, generation: int | None, *bounds: float | None) -> list[Span]:
    """Cut one token's time where its margin begins and where it expires."""
    crossing, expires_at = bounds
    edges = [at, min(until, max(at, crossing or until)), min(until, max(at, expires_at or until)), until]
    kinds = ("fresh", "margin" if crossing is not None else "fresh", "expired")
    return [
        Span(kind, a, b, generation, expires_at)
        for kind, a, b in zip(kinds, sorted(edges)[:-1], sorted(edges)[1:], strict=True)
        if b > a
    ]
