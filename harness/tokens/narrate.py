"""
The token's life as log lines: what the core did, in the incident report's words, on logger `race401.tokens`.

The wording is fixed, because people grep for it. Each record carries the same facts as `record.race401`, a dict.
No line contains a token.
"""

import logging
from datetime import UTC, datetime

from race401.harness.tokens.core import NO_NEW_TOKEN
from race401.harness.tokens.model import (
    Cleared,
    Exchange,
    Exchanged,
    ExchangeFailed,
    GaveUp,
    Reason,
    RefreshWanted,
    Send,
    Step,
)

logger = logging.getLogger("race401.tokens")

WANTED = {
    Reason.EXPIRING: ("🔄 Token expiring soon, refreshing proactively...",),
    Reason.EXPIRED: ("❌ Token expired, refreshing immediately...",),
    Reason.REJECTED: (
        "🔄 401 Unauthorized - Attempting token refresh and retry...",
        "🔄 Forcing session refresh after 401...",
    ),
    Reason.TICK: ("🔄 Token expiring soon, refreshing proactively...",),
}


def narrate(step: Step) -> None:
    """Log the lines that belong to this step; an observer for `TokenAuth(observers=[narrate])`."""
    if not logger.isEnabledFor(logging.INFO):
        return
    for line in lines(step):
        level = logging.WARNING if line.startswith("❌") else logging.INFO
        logger.log(level, "%s", line, extra={"race401": facts(step)})


def lines(step: Step) -> tuple[str, ...]:  # noqa: PLR0911 - a table
    """Return the log lines of one step; most steps have none."""
    match step:
        case Send(pair=pair) if pair is not None and step.retry:
            return "✅ Token refreshed successfully after 401", "🔄 Retrying request with new token..."
        case Send(pair=pair) if pair is not None:
            age, left = round(step.age * 1000), int(pair.expires_at - step.at)
            return (f"🎫 Using token (age: {age}ms, expires in: {left}s)",)
        case RefreshWanted(reason=reason):
            return WANTED[reason]
        case Exchange():
            return ("🔄 Calling refreshSession...",)
        case Exchanged(pair=pair):
            return "✅ Token refreshed successfully", f"✅ New token expires at: {_iso(pair.expires_at)}"
        case ExchangeFailed(error=error):
            return (f"❌ Token refresh failed: {error}",)
        case GaveUp(why=why) if why == NO_NEW_TOKEN:
            return ("❌ Failed to obtain new token, cannot retry",)
        case GaveUp(why=why):
            return (f"❌ Cannot retry: {why}",)
        case Cleared():
            return ("🗑️ Clearing session cache",)
        case _:
            return ()


def facts(step: Step) -> dict[str, object]:
    """Return the step as plain values: its name, its instant, its reason, the generation."""
    pair = getattr(step, "pair", None)
    return {
        "step": type(step).__name__,
        "at": getattr(step, "at", None),
        "reason": getattr(step, "reason", None),
        "generation": pair.generation if pair is not None else None,
        "expires_at": pair.expires_at if pair is not None else None,
    }


def _iso(at: float) -> str:
    """Return the instant as JavaScript's `toISOString` writes it."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
