"""The log lines of a token's life, word for word, each provoked through TokenAuth."""

import logging

import httpx
import pytest

from race401.harness.tokens import FIXED, MemoryStore, RefreshRefused, TokenAuth, TokenPair, narrate
from race401.harness.tokens.model import GaveUp
from race401.harness.tokens.narrate import lines

EXPIRES = 1_759_618_800.0  # 2025-10-04T23:00:00Z
NEXT = TokenPair("access-1", "refresh-1", EXPIRES)


class Server:
    """Issues NEXT, or refuses; takes only NEXT's token if `strict`."""

    def __init__(self, *, refuses: bool = False, strict: bool = False) -> None:
        self.refuses, self.strict = refuses, strict

    def exchange(self, _: TokenPair) -> TokenPair:
        """See `Exchanger`."""
        if self.refuses:
            raise RefreshRefused("Invalid Refresh Token: Already Used", status=400, code="refresh_token_already_used")
        return NEXT

    async def aexchange(self, pair: TokenPair) -> TokenPair:
        """See `Exchanger`."""
        return self.exchange(pair)

    def api(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        good = request.headers.get("Authorization") == "Bearer access-1"
        return httpx.Response(200 if good or not self.strict else 401)


def log_of(caplog: pytest.LogCaptureFixture, server: Server, *ats: float) -> list[str]:
    """Send a request at each of these instants, in s before the first token expires; return the lines."""
    caplog.set_level(logging.INFO, logger="race401.tokens")
    now = EXPIRES
    auth = TokenAuth(
        server,
        MemoryStore(TokenPair("access-0", "refresh-0", EXPIRES)),
        FIXED,
        clock=lambda: now,
        observers=[narrate],
    )
    with httpx.Client(transport=httpx.MockTransport(server.api), auth=auth) as client:
        for before in ats:
            now = EXPIRES - before
            client.get("http://api/")
    assert all(record.name == "race401.tokens" for record in caplog.records)
    assert all("access-" not in line and "refresh-" not in line for line in caplog.messages)
    return caplog.messages


def test_a_fresh_token(caplog: pytest.LogCaptureFixture) -> None:
    """The age is the time since the session was last read; read 234 ms ago, it is 234 ms."""
    assert log_of(caplog, Server(), 3456.334, 3456.1) == [
        "🎫 Using token (age: 0ms, expires in: 3456s)",
        "🎫 Using token (age: 234ms, expires in: 3456s)",
    ]


def test_a_token_within_the_margin(caplog: pytest.LogCaptureFixture) -> None:
    """A proactive refresh."""
    assert log_of(caplog, Server(), 119) == [
        "🔄 Token expiring soon, refreshing proactively...",
        "🔄 Calling refreshSession...",
        "✅ Token refreshed successfully",
        "✅ New token expires at: 2025-10-04T23:00:00.000Z",
        "🎫 Using token (age: 0ms, expires in: 119s)",
    ]


def test_an_expired_token(caplog: pytest.LogCaptureFixture) -> None:
    """A token that has expired."""
    assert log_of(caplog, Server(), -1)[0] == "❌ Token expired, refreshing immediately..."


def test_a_401(caplog: pytest.LogCaptureFixture) -> None:
    """A 401, recovered."""
    assert log_of(caplog, Server(strict=True), 3456.5)[1:] == [
        "🗑️ Clearing session cache",
        "🔄 401 Unauthorized - Attempting token refresh and retry...",
        "🔄 Forcing session refresh after 401...",
        "🔄 Calling refreshSession...",
        "✅ Token refreshed successfully",
        "✅ New token expires at: 2025-10-04T23:00:00.000Z",
        "✅ Token refreshed successfully after 401",
        "🔄 Retrying request with new token...",
    ]


def test_a_401_that_cannot_be_recovered(caplog: pytest.LogCaptureFixture) -> None:
    """A 401 whose refresh is refused."""
    assert log_of(caplog, Server(refuses=True, strict=True), 3456.5)[-3:] == [
        "❌ Token refresh failed: Invalid Refresh Token: Already Used",
        "🗑️ Clearing session cache",
        "❌ Failed to obtain new token, cannot retry",
    ]


def test_a_request_that_cannot_be_sent_again() -> None:
    """Not the report's line, since no token is missing: its own reason."""
    assert lines(GaveUp(0.0, "the request's body was a stream")) == (
        "❌ Cannot retry: the request's body was a stream",
    )


def test_records_are_structured(caplog: pytest.LogCaptureFixture) -> None:
    """Each record carries the step as plain values."""
    log_of(caplog, Server(), 119)
    facts = [record.__dict__["race401"] for record in caplog.records]
    assert facts[0] == {
        "step": "RefreshWanted",
        "at": EXPIRES - 119,
        "reason": "expiring",
        "generation": None,
        "expires_at": None,
    }


def test_a_silent_logger_costs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """With the logger above INFO no line is even made."""
    caplog.set_level(logging.ERROR, logger="race401.tokens")
    narrate(GaveUp(0.0, "never read"))
    assert caplog.messages == []
